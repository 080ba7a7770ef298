// pipit bench mewz [--runs=N] [--output=markdown] [--linux=VMLINUZ]: processor time of the whole QEMU process
// from its start until a mark, machines of all kinds in turn, medians; against the smallest kernel that
// prints one byte.
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

/// What the kernel says of its start, a second later.
void await_ready(Subject& subject, int console, std::string& text) {
  constexpr std::string_view kReady = "; ready ";
  char buffer[4096];
  if (subject.mark != "app:") return;
  for (int i = 0; i < 3000 && text.find(kReady) == text.npos; ++i) {
    const ssize_t got = read(console, buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<usize>(got));
    if (got == 0) return;
    usleep(1000);
  }
  if (const usize at = text.find(kReady); at != text.npos)
    subject.ready_us.push_back(std::atol(text.c_str() + at + kReady.size()));
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
    await_ready(subject, console[0], text);
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
      {"kernel's first line", machine("mewz-selftest", "", "", false), "mewz: "},
      {"first byte, interpreted", machine("mewz", PIPIT_WASM_FOLDER "/mewz_app.wasm", "arg=mark", false),
       "app:"},
      {"first HTTP answer, interpreted",
       machine("mewz", PIPIT_WASM_FOLDER "/http_server.wasm", "ip=10.0.2.15/24,10.0.2.2", true), "", true},
  };
  if (const std::string native = initrd_with_native(folder); !native.empty())
    all.push_back({"first byte, native", machine("mewz", native, "arg=mark", false), "app:"});
  return all;
}

/// Linux with an initial RAM disk that has nothing but an init: an archive of one member (Linux'
/// buffer-format.rst).
std::vector<Subject> linux_subject(const std::string& kernel, const std::string& folder) {
  auto init = support::read_file(PIPIT_INIT);
  if (kernel.empty() || !init.ok()) return {};
  std::string archive;
  const auto add = [&archive](const std::string& name, u32 mode, const std::string& data) {
    char header[111];
    std::snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1u,
                  mode, 0u, 0u, 1u, 0u, data.size(), 0u, 0u, 0u, 0u, name.size() + 1, 0u);
    archive += header + name + '\0';
    archive.resize((archive.size() + 3) / 4 * 4);
    archive += data;
    archive.resize((archive.size() + 3) / 4 * 4);
  };
  add("init", 0100755, {init->begin(), init->end()});
  add("TRAILER!!!", 0, "");
  const std::string initrd = folder + "/linux.cpio";
  if (!support::write_file(initrd, as_bytes(archive)).ok()) return {};
  rig::VmOptions options;
  options.kernel = kernel;
  options.initrd = initrd;
  options.arguments = "console=ttyS0 quiet";
  options.memory_mb = 256;
  return {{"Linux: its init's first line", options, "init:"}};
}

/// The newest kernel of this machine's, or nothing.
std::string installed_linux() {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/boot", ignored))
    if (entry.path().filename().string().starts_with("vmlinuz-"))
      newest = std::max(newest, entry.path().string());
  return newest;
}

void print_linux_ratio(const std::vector<Subject>& all, const std::string& kernel) {
  if (kernel.empty())
    std::printf("Linux was not measured: there is no kernel in /boot; --linux=FILE names one\n");
  else if (const double theirs = median(all.back().cpu_ms), ours = median(all[2].cpu_ms); ours > 0)
    std::printf("%s to its init takes %.0f times as long as Mewz to the application's first byte\n",
                kernel.c_str(), theirs / ours);
}

int run(int runs, bool markdown, const std::string& linux_image) {
  char folder[] = "/tmp/pipit-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  std::vector<Subject> all = subjects(folder);
  for (Subject& subject : linux_subject(linux_image, folder)) all.push_back(std::move(subject));
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
  print_linux_ratio(all, linux_image);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pipit::bench

int main(int argc, char** argv) {
  int runs = 11;
  bool markdown = false;
  std::string linux_image = pipit::bench::installed_linux();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--runs="))
      runs = std::max(1, std::atoi(word.c_str() + 7));
    else if (word == "--output=markdown")
      markdown = true;
    else if (word.starts_with("--linux="))
      linux_image = word.substr(8);
    else {
      std::fprintf(stderr, "usage: pipit bench mewz [--runs=N] [--output=markdown] [--linux=VMLINUZ]\n");
      return word == "--help" ? 0 : 2;
    }
  }
  return pipit::bench::run(runs, markdown, linux_image);
}
