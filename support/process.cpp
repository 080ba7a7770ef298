#include "support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "support/unique_fd.h"

namespace pipit::support {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// What a child needs, made before fork(): between fork and exec nothing may allocate.
struct Launch {
  Launch(const std::vector<std::string>& command, const std::vector<std::string>& added,
         const std::string& directory)
      : directory(directory.empty() ? nullptr : directory.c_str()) {
    for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(nullptr);
    for (char** at = environ; *at != nullptr; ++at) {
      const std::string_view entry(*at);
      const std::string_view name = entry.substr(0, entry.find('=') + 1);
      bool replaced = false;
      for (const std::string& other : added) replaced |= std::string_view(other).starts_with(name);
      if (!replaced) environment.push_back(*at);
    }
    for (const std::string& entry : added) environment.push_back(const_cast<char*>(entry.c_str()));
    environment.push_back(nullptr);
  }
  std::vector<char*> arguments, environment;
  const char* directory;
};

/// In the child: never returns. errno of a failed exec goes to `report`.
[[noreturn]] void become(const Launch& launch, int in, int out, int err, int report) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  if ((launch.directory == nullptr || chdir(launch.directory) == 0) && dup2(in, 0) >= 0 &&
      dup2(out, 1) >= 0 && dup2(err, 2) >= 0)
    execvpe(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  const int error = errno;
  (void)!write(report, &error, sizeof error);
  _exit(127);
}

/// Waits for the exec: empty when it worked.
Status started(int report, const std::string& program, pid_t pid) {
  int error = 0;
  ssize_t count;
  do count = read(report, &error, sizeof error);
  while (count < 0 && errno == EINTR);
  close(report);
  if (count <= 0) return {};
  waitpid(pid, nullptr, 0);
  return Error(error == ENOENT ? Code::not_found : Code::io, program + ": " + std::strerror(error));
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

struct Pipe {
  int read_end = -1, write_end = -1;
  bool open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
};

/// Feeds `input` and collects both outputs until the child closed them.
void pump(Pipe& in, Pipe& out, Pipe& err, std::string_view input, ProcessOutput& result) {
  fcntl(in.write_end, F_SETFL, O_NONBLOCK);
  if (input.empty()) in.close_end(in.write_end);
  while (out.read_end >= 0 || err.read_end >= 0 || in.write_end >= 0) {
    pollfd waits[3] = {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}, {in.write_end, POLLOUT, 0}};
    if (poll(waits, 3, -1) < 0 && errno != EINTR) return;
    char block[16 * 1024];
    const auto drain = [&](Pipe& from, short events, std::string& into) {
      if (events == 0) return;
      const ssize_t count = read(from.read_end, block, sizeof block);
      if (count > 0)
        into.append(block, static_cast<usize>(count));
      else if (count == 0 || errno != EINTR)
        from.close_end(from.read_end);
    };
    drain(out, waits[0].revents, result.out);
    drain(err, waits[1].revents, result.err);
    if (waits[2].revents != 0) {
      const ssize_t count = write(in.write_end, input.data(), input.size());
      if (count > 0) input.remove_prefix(static_cast<usize>(count));
      if (input.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) in.close_end(in.write_end);
    }
  }
}

}  // namespace

Result<ProcessOutput> run(const std::vector<std::string>& command, const std::string& input,
                          const std::vector<std::string>& environment, const std::string& directory) {
  if (command.empty()) return Error(Code::invalid_argument, "no program to run");
  Pipe in, out, err, report;
  if (!in.open() || !out.open() || !err.open() || !report.open())
    return Error(Code::io, std::string("pipe: ") + std::strerror(errno));
  const Launch launch(command, environment, directory);
  const pid_t pid = fork();
  if (pid < 0) return Error(Code::io, std::string("fork: ") + std::strerror(errno));
  if (pid == 0) become(launch, in.read_end, out.write_end, err.write_end, report.write_end);
  in.close_end(in.read_end);
  out.close_end(out.write_end);
  err.close_end(err.write_end);
  report.close_end(report.write_end);
  const int failed = report.read_end;
  report.read_end = -1;
  TRY(started(failed, command[0], pid));
  ProcessOutput result;
  pump(in, out, err, input, result);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = exit_code_of(status);
  return result;
}

Result<Process> Process::start(const std::vector<std::string>& command, const Options& options) {
  if (command.empty()) return Error(Code::invalid_argument, "no program to start");
  const std::string log = options.log_file.empty() ? "/dev/null" : options.log_file;
  const UniqueFd out(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!out) return Error(Code::io, log + ": " + std::strerror(errno));
  const UniqueFd in(open("/dev/null", O_RDONLY | O_CLOEXEC));
  Pipe report;
  if (!in || !report.open()) return Error(Code::io, std::string("pipe: ") + std::strerror(errno));
  const Launch launch(command, options.environment, options.directory);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    if (options.detached) {
      setsid();
    } else {
      // A child never outlives us, not even when we are killed; and the terminal's Ctrl-C is ours to handle.
      setpgid(0, 0);
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != parent) _exit(127);
    }
    become(launch, in.get(), out.get(), out.get(), report.write_end);
  }
  if (pid < 0) return Error(Code::io, std::string("fork: ") + std::strerror(errno));
  report.close_end(report.write_end);
  const int failed = report.read_end;
  report.read_end = -1;
  TRY(started(failed, command[0], pid));
  Process process;
  process.pid_ = pid;
  process.detached_ = options.detached;
  return process;
}

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  if (!detached_) stop();
  pid_ = std::exchange(other.pid_, 0);
  detached_ = other.detached_;
  exit_code_ = std::exchange(other.exit_code_, std::nullopt);
  return *this;
}

Process::~Process() {
  if (!detached_) stop();
}

bool Process::running() {
  if (pid_ == 0 || exit_code_.has_value()) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = exit_code_of(status);
  return false;
}

std::optional<int> Process::exit_code() {
  running();
  return exit_code_;
}

void Process::stop(int grace_ms) {
  if (!running()) return;
  kill(pid_, SIGTERM);
  const auto deadline = steady_clock::now() + milliseconds(grace_ms);
  while (running()) {
    if (steady_clock::now() >= deadline) return kill_now();
    std::this_thread::sleep_for(milliseconds(10));
  }
}

void Process::kill_now() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_code_ = exit_code_of(status);
}

namespace {
sockaddr_in loopback(u16 port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
}  // namespace

Result<u16> free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool ok = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!ok) return Error(Code::io, std::string("no free port on loopback: ") + std::strerror(error));
  return u16{ntohs(address.sin_port)};
}

bool wait_for_port(u16 port, int timeout_ms) {
  const auto deadline = steady_clock::now() + milliseconds(timeout_ms);
  for (;;) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool open =
        fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0) close(fd);
    if (open) return true;
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
}

}  // namespace pipit::support
