// pipit bench mewz [--runs=N] [--output=markdown]: processor time of the whole QEMU process from its start
// until a mark, machines of all kinds in turn, medians; against the smallest kernel that prints one byte.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "rig/initrd.h"
#include "rig/vm.h"
#include "support/files.h"

namespace pipit::bench {
namespace {

constexpr int kPatienceMs = 30'000;

struct Subject {
  const char* name;
  rig::VmOptions vm;
  std::string mark;   ///< on the console; empty: the first byte
  bool http = false;  ///< the mark is the first byte of an HTTP answer instead
  std::vector<double> cpu_ms{}, wall_ms{};
  std::vector<long> ready_us{};  ///< as the kernel says
  long rss_kb = 0;
};

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
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  return 0;
}

/// One byte of an answer from the forwarded port.
bool asks(u16 port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

/// Starts one machine and measures up to its mark; false when that never came.
bool measure(Subject& subject) {
  if (subject.http) {
    auto port = support::free_port();
    if (!port.ok()) return false;
    subject.vm.forwards = {{*port, 80}};
  }
  const auto words = rig::vm_command(subject.vm, "file,path=/dev/stdout");
  std::vector<char*> command;
  for (const auto& word : words) command.push_back(const_cast<char*>(word.c_str()));
  command.push_back(nullptr);
  int console[2];
  if (pipe2(console, O_CLOEXEC) != 0) return false;
  const auto start = std::chrono::steady_clock::now();
  const pid_t machine = fork();
  if (machine == 0) {
    dup2(console[1], STDOUT_FILENO);
    dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
    execvp(command[0], command.data());
    _exit(127);
  }
  close(console[1]);
  fcntl(console[0], F_SETFL, O_NONBLOCK);
  std::string text;
  bool marked = false;
  char buffer[4096];
  const auto since = [&] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  };
  while (!marked && since() < kPatienceMs) {
    const ssize_t got = read(console[0], buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<usize>(got));
    if (got == 0) break;
    marked = subject.http ? text.find("serving") != text.npos && asks(subject.vm.forwards[0].host_port)
                          : !text.empty() && text.find(subject.mark) != text.npos;
    if (!marked) usleep(100);
  }
  if (marked) {
    subject.cpu_ms.push_back(cpu_ms_of(machine));
    subject.wall_ms.push_back(since());
    subject.rss_kb = std::max(subject.rss_kb, peak_rss_kb(machine));
    if (const usize at = text.find("; ready "); at != text.npos)
      subject.ready_us.push_back(std::atol(text.c_str() + at + 8));
  }
  kill(machine, SIGKILL);
  waitpid(machine, nullptr, 0);
  close(console[0]);
  return marked;
}

template <class T>
T median(std::vector<T> values) {
  if (values.empty()) return T{};
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string initrd_with_native(const std::string& folder) {
  auto module = support::read_file(PIPIT_WASM_FOLDER "/mewz_app.wasm");
  auto native = support::read_file(PIPIT_WASM_FOLDER "/mewz_app.pna");
  if (!module.ok() || !native.ok()) return "";
  auto archive = rig::make_initrd({{"app.wasm", *module}, {"app.pna", *native}});
  const std::string path = folder + "/native.tar";
  return archive.ok() && support::write_file(path, *archive).ok() ? path : "";
}

std::vector<Subject> subjects(const std::string& folder) {
  const std::string kernels = PIPIT_SOURCE_DIR "/build/mewz/bin/";
  const auto machine = [&](const char* kernel, const std::string& initrd, const std::string& arguments,
                           bool network) {
    rig::VmOptions options;
    options.kernel = kernels + kernel;
    options.initrd = initrd;
    options.arguments = arguments;
    options.memory_mb = 16;
    options.network = network;
    return options;
  };
  std::vector<Subject> all = {
      {"floor: one byte", machine("mewz-floor", "", "", false), ""},
      {"kernel's first line", machine("mewz", PIPIT_WASM_FOLDER "/mewz_app.wasm", "arg=say", false),
       "mewz: "},
      {"first byte, interpreted", machine("mewz", PIPIT_WASM_FOLDER "/mewz_app.wasm", "arg=say", false),
       "app:"},
      {"first HTTP answer, interpreted", machine("mewz", PIPIT_WASM_FOLDER "/http_server.wasm", "", true), "",
       true},
  };
  if (const std::string native = initrd_with_native(folder); !native.empty())
    all.push_back({"first byte, native", machine("mewz", native, "arg=say", false), "app:"});
  return all;
}

int run(int runs, bool markdown) {
  char folder[] = "/tmp/pipit-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  std::vector<Subject> all = subjects(folder);
  int failures = 0;
  for (int run = 0; run < runs; ++run)
    for (Subject& subject : all)
      if (!measure(subject)) ++failures, std::fprintf(stderr, "%s: the mark never came\n", subject.name);
  std::filesystem::remove_all(folder);
  std::printf(markdown ? "| until | CPU-ms | above the floor | wall ms | ready, µs after main | RSS of QEMU "
                         "|\n|---|---|---|---|---|---|\n"
                       : "%-32s %8s %8s %8s %10s %10s\n",
              "until", "CPU-ms", "-floor", "wall ms", "ready us", "RSS KB");
  const double floor = median(all[0].cpu_ms);
  for (const Subject& subject : all)
    std::printf(
        markdown ? "| %s | %.1f | %.1f | %.1f | %ld | %ld |\n" : "%-32s %8.1f %8.1f %8.1f %10ld %10ld\n",
        subject.name, median(subject.cpu_ms), median(subject.cpu_ms) - floor, median(subject.wall_ms),
        median(subject.ready_us), subject.rss_kb);
  std::error_code ignored;
  std::printf("%skernel image %ld bytes, %d runs, TCG, 16 MB\n", markdown ? "\n" : "",
              static_cast<long>(std::filesystem::file_size(PIPIT_SOURCE_DIR "/build/mewz/bin/mewz", ignored)),
              runs);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pipit::bench

int main(int argc, char** argv) {
  int runs = 11;
  bool markdown = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--runs="))
      runs = std::max(1, std::atoi(word.c_str() + 7));
    else if (word == "--output=markdown")
      markdown = true;
    else {
      std::fprintf(stderr, "usage: pipit bench mewz [--runs=N] [--output=markdown]\n");
      return word == "--help" ? 0 : 2;
    }
  }
  return pipit::bench::run(runs, markdown);
}
