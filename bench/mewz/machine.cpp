#include "bench/mewz/machine.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/files.h"

namespace pipit::bench {
namespace {

constexpr int kPatienceMs = 120'000;

/// Processor time of all threads, milliseconds (proc(5), schedstat).
double cpu_ms_of(pid_t process) {
  double total = 0;
  std::error_code ignored;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", ignored)) {
    unsigned long long ns = 0;
    std::ifstream(task.path() / "schedstat") >> ns;
    total += static_cast<double>(ns) / 1e6;
  }
  return total;
}

long peak_rss_kb(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  return 0;
}

/// One byte of an answer from the forwarded port.
bool asks(u16 port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  constexpr std::string_view kRequest = "GET / HTTP/1.0\r\n\r\n";
  char byte;
  const bool answered = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                        send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0 &&
                        recv(fd, &byte, 1, 0) == 1;
  close(fd);
  return answered;
}

/// A machine that runs, and its console.
class Machine {
 public:
  explicit Machine(const rig::VmOptions& options) : start_(std::chrono::steady_clock::now()) {
    const auto words = rig::vm_command(options, "file,path=/dev/stdout");
    std::vector<char*> command;
    command.reserve(words.size() + 1);
    for (const auto& word : words) command.push_back(const_cast<char*>(word.c_str()));
    command.push_back(nullptr);
    int console[2];
    if (pipe2(console, O_CLOEXEC) != 0) return;
    process_ = fork();
    if (process_ == 0) {
      dup2(console[1], STDOUT_FILENO);
      const int nothing = open("/dev/null", O_RDWR);
      if (nothing < 0) _exit(127);
      dup2(nothing, STDIN_FILENO);
      execvp(command[0], command.data());
      _exit(127);
    }
    close(console[1]);
    console_ = console[0];
    fcntl(console_, F_SETFL, O_NONBLOCK);
  }
  Machine(const Machine&) = delete;
  ~Machine() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    if (console_ >= 0) close(console_);
  }

  double since_ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }
  /// Reads on until `there(text)`; false when the machine ended before, or patience did.
  template <class There>
  bool await(const There& there, double until_ms) {
    char buffer[4096];
    for (;;) {
      if (!text_.empty() && there(text_)) return true;
      if (since_ms() > until_ms) return false;
      const ssize_t got = read(console_, buffer, sizeof buffer);
      if (got == 0) return false;
      if (got > 0)
        text_.append(buffer, static_cast<usize>(got));
      else
        usleep(100);
    }
  }
  pid_t process() const { return process_; }
  const std::string& text() const { return text_; }

 private:
  std::chrono::steady_clock::time_point start_;
  pid_t process_ = -1;
  int console_ = -1;
  std::string text_;
};

/// The number behind `mark`, 0 where `text` does not have it.
double number_behind(const std::string& text, std::string_view mark) {
  const usize at = text.find(mark);
  return at == text.npos ? 0 : std::strtod(text.c_str() + at + mark.size(), nullptr);
}

long free_kb_of(const std::string& text) {
  const usize at = text.find(" KB free");
  const usize from = at == text.npos ? at : text.rfind(' ', at - 1);
  return from == text.npos ? 0 : std::strtol(text.c_str() + from, nullptr, 10);
}

}  // namespace

bool measure(Subject& subject) {
  if (subject.http) {
    auto port = support::free_port();
    if (!port.ok()) return false;
    subject.vm.forwards = {{*port, 80}};
  }
  Machine machine(subject.vm);
  const auto marked = [&](const std::string& text) { return text.find(subject.mark) != text.npos; };
  if (!machine.await(marked, kPatienceMs)) return false;
  if (subject.http && !asks(subject.vm.forwards[0].host_port)) return false;
  subject.cpu_ms.push_back(cpu_ms_of(machine.process()));
  subject.wall_ms.push_back(machine.since_ms());
  subject.rss_kb = std::max(subject.rss_kb, peak_rss_kb(machine.process()));
  if (!subject.settles) return true;
  constexpr std::string_view kReady = "; ready ", kAfter = " us after main";
  const auto settled = [&](const std::string& text) { return text.find(kAfter) != text.npos; };
  if (!machine.await(settled, machine.since_ms() + 10'000)) return true;
  subject.ready_ms.push_back(number_behind(machine.text(), kReady) / 1000);
  subject.free_kb = free_kb_of(machine.text());
  return true;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace pipit::bench
