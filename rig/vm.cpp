#include "rig/vm.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "support/files.h"

namespace pipit::rig {
namespace {

using support::Error;

/// A file of our own that goes when we do.
struct TemporaryFile {
  TemporaryFile() {
    char name[] = "/tmp/pipit-vm-XXXXXX";
    const int file = mkstemp(name);
    if (file >= 0) close(file);
    path = name;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  ~TemporaryFile() { unlink(path.c_str()); }
  std::string path;
};

std::string text_of(const std::string& path) {
  auto data = support::read_file(path);
  return data.ok() ? std::string(data->begin(), data->end()) : std::string();
}

}  // namespace

std::vector<std::string> vm_command(const VmOptions& options, const std::string& console) {
  std::vector<std::string> command = {"qemu-system-x86_64",
                                      "-machine",
                                      "microvm,acpi=off",
                                      "-cpu",
                                      options.accelerator == "kvm" ? "host" : "max",
                                      "-accel",
                                      options.accelerator,
                                      "-nodefaults",
                                      "-no-user-config",
                                      "-no-reboot",
                                      "-display",
                                      "none",
                                      "-monitor",
                                      "none",
                                      "-m",
                                      std::to_string(options.memory_mb),
                                      "-global",
                                      "virtio-mmio.force-legacy=false",
                                      "-device",
                                      "isa-debug-exit,iobase=0xf4,iosize=4",
                                      "-chardev",
                                      console + ",id=console",
                                      "-serial",
                                      "chardev:console",
                                      "-kernel",
                                      options.kernel};
  if (!options.initrd.empty()) command.insert(command.end(), {"-initrd", options.initrd});
  if (!options.arguments.empty()) command.insert(command.end(), {"-append", options.arguments});
  if (options.network) {
    std::string network = "user,id=net";
    for (const auto& forward : options.forwards)
      network += ",hostfwd=tcp:" + options.forward_host + ":" + std::to_string(forward.host_port) +
                 "-:" + std::to_string(forward.guest_port);
    command.insert(command.end(),
                   {"-netdev", network, "-device",
                    "virtio-net-device,netdev=net" + (options.mac.empty() ? "" : ",mac=" + options.mac)});
  }
  command.insert(command.end(), options.more.begin(), options.more.end());
  return command;
}

support::Result<VmExit> run_vm(const VmOptions& options, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const TemporaryFile console, log;
  support::Process::Options process_options;
  process_options.log_file = log.path;
  auto process =
      TRY(support::Process::start(vm_command(options, "file,path=" + console.path), process_options));
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (process.running()) {
    if (Clock::now() > deadline) {
      process.kill_now();
      return Error(Code::timeout, "the machine did not end; its console:\n" + text_of(console.path));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  VmExit exit{1, text_of(console.path)};
  if (exit.console.empty()) return Error(Code::unavailable, "QEMU did not start: " + text_of(log.path));
  if (const auto code = exit_code_of(exit.console)) exit.code = *code;
  return exit;
}

std::optional<u32> exit_code_of(const std::string& console) {
  constexpr std::string_view kMark = "mewz: exit ";
  const usize at = console.rfind(kMark);
  u32 code = 0;
  if (at == console.npos) return {};
  const char* const first = console.data() + at + kMark.size();
  if (std::from_chars(first, console.data() + console.size(), code).ec != std::errc()) return {};
  return code;
}

}  // namespace pipit::rig
