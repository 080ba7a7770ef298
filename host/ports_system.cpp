#include "host/ports_system.h"

#include <poll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace pipit::host {
namespace {

u64 now_ns(clockid_t clock) {
  timespec now;
  PIPIT_CHECK(clock_gettime(clock, &now) == 0);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

}  // namespace

SystemClock::SystemClock() : started_ns_(now_ns(CLOCK_MONOTONIC)) {}
u64 SystemClock::uptime_ms() { return (now_ns(CLOCK_MONOTONIC) - started_ns_) / 1'000'000; }
u64 SystemClock::uptime_ns() { return now_ns(CLOCK_MONOTONIC) - started_ns_; }
u64 SystemClock::cpu_ns(bool thread) {
  return now_ns(thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID);
}
u64 SystemClock::realtime_ns() { return now_ns(CLOCK_REALTIME); }
u64 SystemClock::instructions() { return now_ns(CLOCK_MONOTONIC) - started_ns_; }

void SystemEntropy::fill(MutBytes out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    PIPIT_CHECK(got > 0 || errno == EINTR);
    if (got > 0) out = out.subspan(static_cast<usize>(got));
  }
}

void FdConsole::write(Bytes text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd_, text.data(), text.size());
    if (put < 0 && errno == EAGAIN) {
      pollfd wait = {fd_, POLLOUT, 0};
      (void)poll(&wait, 1, 100);
      continue;
    }
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;
    text = text.subspan(static_cast<usize>(put));
  }
}

bool FdInput::ready() {
  pollfd wait = {fd_, POLLIN, 0};
  return poll(&wait, 1, 0) > 0;
}

Result<usize> FdInput::read(MutBytes out) {
  if (!ready()) return Error{Code::unavailable, "nothing to read yet"};
  const ssize_t got = ::read(fd_, out.data(), out.size());
  if (got >= 0) return static_cast<usize>(got);
  if (errno == EINTR || errno == EAGAIN) return Error{Code::unavailable, "nothing to read yet"};
  return Error{Code::io, "cannot read standard input"};
}

}  // namespace pipit::host
