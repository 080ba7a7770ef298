#pragma once
#include <string>
#include <vector>

#include "support/process.h"

/// Mewz in a virtual machine of QEMU's, a sibling of the boards.
namespace pipit::rig {

struct VmOptions {
  struct Forward {
    u16 host_port, guest_port;  ///< TCP on forward_host to the machine
  };
  /// A directory of this machine's that the kernel sees by 9P.
  struct Directory {
    std::string host, guest;  ///< guest: an absolute path
    bool read_only = false;
  };
  /// What the machine is like: "microvm" (virtio-mmio) or "q35" (virtio by PCI).
  std::string machine = "microvm";
  std::string kernel;  ///< ELF file of Mewz; none when empty
  /// What a microvm runs first: mewz-firmware.bin beside the kernel, where that is, or QEMU's own.
  enum class Firmware : u8 { ours, qemu } firmware = Firmware::ours;
  std::string initrd;     ///< file with the application; none when empty
  std::string arguments;  ///< the kernel's command line
  u32 memory_mb = 64;
  bool pic = false;      ///< a microvm's 8259, which Mewz does without; Linux waits for its interrupts
  bool network = false;  ///< a card behind QEMU's user network
  std::string mac;       ///< of the card; QEMU's own choice when empty
  std::vector<Forward> forwards;
  std::string forward_host = "127.0.0.1";
  std::vector<std::string> disks;  ///< files or block devices, read only
  std::vector<Directory> directories;
  std::string accelerator = "tcg";
  std::vector<std::string> more;  ///< further arguments for QEMU
};

/// `text` as a value on the kernel's command line: what that cannot hold as it is becomes %XX.
std::string escaped(const std::string& text);

/// The command that starts it; the kernel's console goes to the character device `console` (as in
/// "file,path=/tmp/log", QEMU's -chardev without an id).
std::vector<std::string> vm_command(const VmOptions& options, const std::string& console);

/// How to start it by hand: QEMU's command, "cloud-hypervisor"'s, or the configuration file that
/// "firecracker" takes. Those have no directories of the host's.
std::string command_text(const VmOptions& options, const std::string& hypervisor);

/// How a machine ended.
struct VmExit {
  u32 code = 0;         ///< what the kernel said; 1 when it said nothing
  std::string console;  ///< all of the kernel's console
};

/// Runs a machine to its end; timeout (with what it wrote so far in the error's text) after `timeout_ms`.
support::Result<VmExit> run_vm(const VmOptions& options, int timeout_ms);

/// The code in the last "mewz: exit N" of a console; nothing when there is none.
std::optional<u32> exit_code_of(const std::string& console);

}  // namespace pipit::rig
