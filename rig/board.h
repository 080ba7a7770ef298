#pragma once
#include <optional>
#include <string>
#include <vector>

#include "link/messages.h"
#include "rig/vm.h"
#include "support/process.h"

/// What one machine needs to stand in for a whole fleet: boards in QEMU, and the real services around them.
namespace pipit::rig {

/// How a board is started in QEMU; one row a board in board.cpp.
struct BoardKind {
  const char* name;  ///< "virt-rv32", also the CMake preset of its firmware
  const char* arch;  ///< "riscv32"
  const char* qemu;  ///< "qemu-system-riscv32"
  bool persistent;   ///< its slots survive a restart
};
const std::vector<BoardKind>& board_kinds();

/// A virtual machine with Mewz, which runs the same device agent, stands among the boards under this name.
constexpr const char kMewzBoard[] = "mewz";
/// What an image for `board` is called in its build folder's bin/.
std::string image_name(const std::string& board);

/// Makes both connections of a machine's agent TLS; certificates and key in DER.
struct MachineTls {
  std::vector<u8> authority;
  std::vector<u8> certificate, key;  ///< the machine's own; empty when it has none
  std::string broker_name,
      blobs_name;  ///< what the servers' certificates must be for; empty: their addresses
};

struct BoardOptions {
  std::string board;                             ///< a BoardKind's name, or kMewzBoard
  std::string firmware;                          ///< ELF file of waiot for it, or of Mewz
  std::string directory;                         ///< flash images, console log; kept between starts
  std::string mac;                               ///< "52:54:00:12:34:01", one per instance
  std::array<u8, 4> broker_host{}, blob_host{};  ///< as the board sees them: 10.0.2.2 under user networking
  u16 broker_port = 0, blob_port = 0;
  std::string token;
  bool detached = false;
  struct Machine {
    u32 memory_mb = 32;
    std::vector<VmOptions::Forward> forwards;
    std::string forward_host = "127.0.0.1";
    std::string initrd;     ///< none when empty; with `tls` there must be none
    std::string arguments;  ///< further words of its command line
    std::optional<MachineTls> tls;
    std::vector<VmOptions::Directory> directories;
  } machine;  ///< of kMewzBoard alone
};

/// One running QEMU. Its console goes to <directory>/console.log.
class Board {
 public:
  static support::Result<Board> start(const BoardOptions& options);
  /// "waiot-<last three bytes of the MAC>"
  const std::string& device() const { return device_; }
  support::Process& process() { return process_; }
  void power_off() { process_.kill_now(); }

 private:
  std::string device_;
  support::Process process_;
};

}  // namespace pipit::rig
