#include "rig/board.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>

#include "base/check.h"
#include "rig/initrd.h"
#include "support/files.h"

namespace pipit::rig {
namespace {

using support::Error;
using Command = std::vector<std::string>;

/// Where the firmware looks for what it is told (waiot/boards/<name>/board.cpp, FlashMap).
struct Commissioning {
  u32 config_bytes;  ///< at the start of its flash port
  u32 seed_offset;   ///< random bytes, fresh at each power-up
};
constexpr u32 kSeedBytes = 32;

// virt: two CFI banks whose files QEMU wants at full size; the firmware uses the first 4 MB of bank 1.
constexpr u32 kBankBytes = 32u << 20;
constexpr u32 kUsedBankBytes = 4u << 20;
constexpr u32 kBankSectorBytes = 256u << 10;
constexpr Commissioning kVirt{kBankSectorBytes, kBankSectorBytes / 2};

// mps2: 4 KB sectors of code memory from 1 MB on.
constexpr u32 kBlockBytes = 4u << 10;
constexpr const char* kBlockAddress = "0x100000";
constexpr Commissioning kMps2{kBlockBytes, kBlockBytes / 2};

/// In a QEMU option, a comma of a value is written twice.
std::string doubled(const std::string& path) {
  std::string out;
  for (const char c : path) out.append(c == ',' ? 2 : 1, c);
  return out;
}

/// The flash image that the build leaves beside the ELF file.
support::Result<std::vector<u8>> flash_image(const std::string& firmware) {
  auto image = support::read_file(firmware + ".bin", kBankBytes);
  if (image.ok()) return image;
  return Error(image.error().code, image.error().text + ": build the board's preset first");
}

/// First sector of a board's flash: configuration, then the seed.
support::Result<std::vector<u8>> commission(const BoardOptions& options, const Commissioning& place) {
  std::vector<u8> sector(place.config_bytes, 0xFF);
  link::DeviceConfig config;
  config.broker_host = options.broker_host;
  config.broker_port = options.broker_port;
  config.blob_host = options.blob_host;
  config.blob_port = options.blob_port;
  config.token = options.token;
  TRY(link::encode_config(config, MutBytes(sector).first(place.seed_offset)));
  if (getrandom(sector.data() + place.seed_offset, kSeedBytes, 0) != kSeedBytes)
    return Error(Code::io, "no random numbers from the system");
  return sector;
}

/// Puts `data` at the start of a bank's file; a file that is new gets `erased_bytes` of erased flash first.
support::Status update_bank(const std::string& path, Bytes data, u32 erased_bytes) {
  const bool fresh = !support::exists(path);
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return Error(Code::io, path + ": cannot be opened for writing");
  const std::vector<u8> erased(fresh ? erased_bytes : 0, 0xFF);
  const bool written =
      (erased.empty() || pwrite(file, erased.data(), erased.size(), 0) == ssize_t(erased.size())) &&
      pwrite(file, data.data(), data.size(), 0) == ssize_t(data.size()) && ftruncate(file, kBankBytes) == 0;
  close(file);
  if (!written) return Error(Code::io, path + ": cannot be written");
  return {};
}

support::Result<Command> virt_storage(const BoardOptions& options) {
  const std::string firmware = options.directory + "/flash0.img", slots = options.directory + "/flash1.img";
  auto image = TRY(flash_image(options.firmware));
  image.resize(kBankBytes, 0xFF);
  TRY(support::write_file(firmware, image));
  TRY(update_bank(slots, TRY(commission(options, kVirt)), kUsedBankBytes));
  return Command{"-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + doubled(firmware), "-drive",
                 "if=pflash,unit=1,format=raw,file=" + doubled(slots)};
}

support::Result<Command> mps2_storage(const BoardOptions& options) {
  const std::string block = options.directory + "/config.bin";
  TRY(support::write_file(block, TRY(commission(options, kMps2))));
  return Command{"-kernel", options.firmware, "-device",
                 std::string("loader,force-raw=on,addr=") + kBlockAddress + ",file=" + doubled(block)};
}

/// How each kind differs, in the order of board_kinds().
struct Machine {
  Command arguments;
  const char* network;        ///< option that attaches the controller
  const char* network_value;  ///< its value, up to the address
  support::Result<Command> (*storage)(const BoardOptions&);
};
const Machine& machine(usize kind) {
  static const Machine kMachines[] = {
      {{"-machine", "virt", "-cpu", "rv32,f=off,d=off", "-m", "512K", "-smp", "1", "-bios", "none", "-global",
        "virtio-mmio.force-legacy=false", "-netdev", "user,id=net"},
       "-device",
       "virtio-net-device,netdev=net,mac=",
       virt_storage},
      {{"-machine", "mps2-an386"}, "-nic", "user,mac=", mps2_storage},
  };
  PIPIT_CHECK(kind < std::size(kMachines));
  return kMachines[kind];
}

/// "52:54:00:12:34:01" → "waiot-123401"; empty when it is no address.
std::string device_name(const std::string& mac) {
  if (mac.size() != 17) return "";
  std::string name = "waiot-";
  for (usize i = 0; i < mac.size(); ++i) {
    const bool separator = i % 3 == 2;
    if (separator ? mac[i] != ':' : std::isxdigit(static_cast<unsigned char>(mac[i])) == 0) return "";
    if (!separator && i >= 9) name += static_cast<char>(std::tolower(mac[i]));
  }
  return name;
}

std::string dotted(const std::array<u8, 4>& host) {
  return std::to_string(host[0]) + "." + std::to_string(host[1]) + "." + std::to_string(host[2]) + "." +
         std::to_string(host[3]);
}

/// What nobody else on this host may read: others see a process' arguments.
support::Status write_secret(const std::string& path, Bytes data) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Error(Code::io, path + ": cannot be opened for writing");
  const bool written =
      fchmod(file, 0600) == 0 && write(file, data.data(), data.size()) == ssize_t(data.size());
  close(file);
  if (!written) return Error(Code::io, path + ": cannot be written");
  return {};
}

/// A disk with configuration: the token.
support::Result<std::string> secret_disk(const BoardOptions& options) {
  constexpr usize kSectorBytes = 512;
  if (options.token.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
    return Error(Code::invalid_argument, "a device token is one line");
  std::string text = "#mewz\ntoken=" + escaped(options.token) + "\n";
  text.resize((text.size() + kSectorBytes - 1) / kSectorBytes * kSectorBytes);
  std::string path = options.directory + "/secret.conf";
  TRY(write_secret(path, as_bytes(text)));
  return path;
}

/// Puts what the machine needs for TLS where its kernel finds it.
support::Status add_tls(const BoardOptions& options, const MachineTls& tls, VmOptions& machine) {
  PIPIT_CHECK(machine.initrd.empty());
  std::vector<InitrdFile> files = {{"tls/ca", tls.authority}};
  machine.arguments += " tls.ca=tls/ca";
  if (!tls.key.empty()) {
    files.push_back({"tls/certificate", tls.certificate});
    files.push_back({"tls/key", tls.key});
    machine.arguments += " tls.certificate=tls/certificate tls.key=tls/key";
  }
  if (!tls.broker_name.empty()) machine.arguments += " tls.broker=" + escaped(tls.broker_name);
  if (!tls.blobs_name.empty()) machine.arguments += " tls.blobs=" + escaped(tls.blobs_name);
  machine.initrd = options.directory + "/tls.tar";
  const std::vector<u8> archive = TRY(make_initrd(files));
  return write_secret(machine.initrd, archive);
}

/// What a board finds in flash, a machine finds on its command line and, what is secret, on a disk.
support::Result<Command> mewz_command(const BoardOptions& options) {
  VmOptions machine;
  machine.kernel = options.firmware;
  machine.arguments = "agent broker=" + dotted(options.broker_host) + ":" +
                      std::to_string(options.broker_port) + " blobs=" + dotted(options.blob_host) + ":" +
                      std::to_string(options.blob_port);
  if (!options.machine.arguments.empty()) machine.arguments += " " + options.machine.arguments;
  machine.initrd = options.machine.initrd;
  if (options.machine.tls) TRY(add_tls(options, *options.machine.tls, machine));
  machine.disks.push_back(TRY(secret_disk(options)));
  machine.memory_mb = options.machine.memory_mb;
  machine.directories = options.machine.directories;
  machine.forwards = options.machine.forwards;
  machine.forward_host = options.machine.forward_host;
  machine.network = true;
  machine.mac = options.mac;
  return vm_command(machine, "file,append=on,path=" + doubled(options.directory) + "/console.log");
}

support::Result<Command> board_command(const BoardOptions& options, usize kind) {
  const Machine& row = machine(kind);
  Command command{board_kinds()[kind].qemu, "-display", "none", "-monitor", "none"};
  // One instruction takes one virtual nanosecond, and the guest's sleep is real: counts repeat, idle costs
  // nothing.
  command.insert(command.end(), {"-icount", "shift=0,align=off,sleep=on"});
  command.insert(command.end(),
                 {"-chardev", "file,id=console,append=on,path=" + doubled(options.directory) + "/console.log",
                  "-serial", "chardev:console"});
  command.insert(command.end(), row.arguments.begin(), row.arguments.end());
  command.insert(command.end(), {row.network, row.network_value + options.mac});
  const Command storage = TRY(row.storage(options));
  command.insert(command.end(), storage.begin(), storage.end());
  return command;
}

}  // namespace

std::string image_name(const std::string& board) { return board == kMewzBoard ? "mewz" : "waiot"; }

const std::vector<BoardKind>& board_kinds() {
  static const std::vector<BoardKind> kKinds = {
      {"virt-rv32", "riscv32", "qemu-system-riscv32", true},
      {"mps2-an386", "thumbv7em", "qemu-system-arm", false},
  };
  return kKinds;
}

support::Result<Board> Board::start(const BoardOptions& options) {
  const auto& kinds = board_kinds();
  usize kind = 0;
  while (kind < kinds.size() && options.board != kinds[kind].name) ++kind;
  const bool machine = options.board == kMewzBoard;
  if (kind == kinds.size() && !machine) return Error(Code::not_found, options.board + ": no such board");
  Board board;
  board.device_ = device_name(options.mac);
  if (board.device_.empty()) return Error(Code::invalid_argument, options.mac + ": not a MAC address");

  TRY(support::make_directories(options.directory));
  const Command command = TRY(machine ? mewz_command(options) : board_command(options, kind));

  support::Process::Options process;
  process.log_file = options.directory + "/qemu.log";
  process.detached = options.detached;
  board.process_ = TRY(support::Process::start(command, process));
  return board;
}

}  // namespace pipit::rig
