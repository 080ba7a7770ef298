#include "rig/vm.h"

#include <unistd.h>

#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdio>
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

/// A value among QEMU's options, where a comma would end it.
std::string doubled(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == ',' ? std::string(",,") : std::string(1, c);
  return out;
}

std::string tag_of(usize directory) { return "dir" + std::to_string(directory); }

/// The kernel's command line, with the directories it is to find.
std::string arguments_of(const VmOptions& options) {
  std::string arguments = options.arguments;
  for (usize i = 0; i < options.directories.size(); ++i)
    arguments +=
        (arguments.empty() ? "mount=" : " mount=") + tag_of(i) + ":" + escaped(options.directories[i].guest);
  return arguments;
}

/// What -bios takes; nothing: QEMU chooses. qboot starts a kernel at once on either machine, and leaves PCI
/// devices as they are; a microvm without ACPI has it anyway.
std::string firmware_of(const VmOptions& options) {
  if (options.machine == "q35") return "qboot.rom";
  const usize slash = options.kernel.rfind('/');
  const std::string ours =
      options.kernel.substr(0, slash == std::string::npos ? 0 : slash + 1) + "mewz-firmware.bin";
  return options.firmware == VmOptions::Firmware::ours && support::exists(ours) ? ours : "";
}

std::string text_of(const std::string& path) {
  auto data = support::read_file(path);
  return data.ok() ? std::string(data->begin(), data->end()) : std::string();
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char code[4];
    std::snprintf(code, sizeof code, "%%%02x", static_cast<u8>(c));
    const bool plain = std::isalnum(static_cast<u8>(c)) != 0 ||
                       std::string_view("-_./:=+@").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : std::string(code);
  }
  return out;
}

std::vector<std::string> vm_command(const VmOptions& options, const std::string& console) {
  const bool pci = options.machine == "q35";
  const std::string bus = pci ? "-pci" : "-device";
  const std::string pci_only = pci ? ",disable-legacy=on" : "";
  std::vector<std::string> command;
  const auto add = [&](std::initializer_list<std::string> words) { command.insert(command.end(), words); };
  const std::string microvm = options.pic ? "microvm,acpi=off" : "microvm,acpi=off,pic=off";
  add({"qemu-system-x86_64", "-machine", pci ? "q35,acpi=off" : microvm});
  if (const std::string firmware = firmware_of(options); !firmware.empty()) add({"-bios", firmware});
  add({"-cpu", options.accelerator == "kvm" ? "host" : "max", "-accel", options.accelerator});
  add({"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"});
  add({"-m", std::to_string(options.memory_mb), "-global", "virtio-mmio.force-legacy=false"});
  add({"-device", "isa-debug-exit,iobase=0xf4,iosize=4"});
  add({"-chardev", console + ",id=console", "-serial", "chardev:console"});
  if (!options.kernel.empty()) add({"-kernel", options.kernel});
  if (!options.initrd.empty()) add({"-initrd", options.initrd});
  const std::string arguments = arguments_of(options);
  if (!arguments.empty()) add({"-append", arguments});
  if (options.network) {
    std::string network = "user,id=net";
    for (const auto& forward : options.forwards)
      network += ",hostfwd=tcp:" + options.forward_host + ":" + std::to_string(forward.host_port) +
                 "-:" + std::to_string(forward.guest_port);
    add({"-netdev", network, "-device",
         "virtio-net" + bus + ",netdev=net" + pci_only + (options.mac.empty() ? "" : ",mac=" + options.mac)});
  }
  for (usize i = 0; i < options.disks.size(); ++i) {
    const std::string id = "disk" + std::to_string(i);
    add({"-drive", "if=none,format=raw,read-only=on,id=" + id + ",file=" + doubled(options.disks[i]),
         "-device", "virtio-blk" + bus + ",drive=" + id + pci_only});
  }
  for (usize i = 0; i < options.directories.size(); ++i) {
    const VmOptions::Directory& directory = options.directories[i];
    const std::string tag = tag_of(i);
    add({"-fsdev",
         "local,security_model=none,multidevs=remap,id=" + tag + ",path=" + doubled(directory.host) +
             (directory.read_only ? ",readonly=on" : ""),
         "-device", "virtio-9p" + bus + ",fsdev=" + tag + ",mount_tag=" + tag + pci_only});
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
