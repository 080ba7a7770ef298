#include "bench/models/board_run.h"

#include <cstdio>
#include <sstream>

#include "support/files.h"
#include "support/process.h"

namespace pipit::bench {
namespace {

using support::Error;

struct Machine {
  const char *name, *program, *machine, *model_address;
};
constexpr Machine kMachines[] = {
    {"mps2-an386", "qemu-system-arm", "mps2-an386", "0x21000000"},
    {"virt-rv32", "qemu-system-riscv32", "virt", "0x82000000"},
};

support::Status run_to_end(const std::vector<std::string>& command) {
  const auto ran = TRY(support::run(command));
  if (ran.exit_code == 0) return {};
  std::string line;
  for (const std::string& word : command) line += word + " ";
  return Error(Code::unsupported, line + "failed:\n" + ran.out + ran.err);
}

}  // namespace

support::Status build_board_program(const std::string& board) {
  const std::string source = PIPIT_SOURCE_DIR, build = source + "/build/" + board;
  std::fprintf(stderr, "building model-bench for %s in %s\n", board.c_str(), build.c_str());
  if (!support::exists(build + "/build.ninja")) TRY(run_to_end({"cmake", "-S", source, "--preset", board}));
  return run_to_end({"ninja", "-C", build, "model-bench"});
}

support::Result<BoardResult> run_on_board(const std::string& board, const std::string& pipm) {
  const Machine* machine = nullptr;
  for (const Machine& each : kMachines)
    if (board == each.name) machine = &each;
  if (machine == nullptr) return Error(Code::invalid_argument, "no board " + board);
  const std::string image = std::string(PIPIT_SOURCE_DIR) + "/build/" + board + "/bin/model-bench";
  if (!support::exists(image)) return Error(Code::not_found, image + " is missing");
  std::vector<std::string> command = {
      machine->program,
      "-M",
      machine->machine,
      "-icount",
      "shift=0",
      "-nographic",
      "-monitor",
      "none",
      "-serial",
      "none",
      "-semihosting-config",
      "enable=on,target=native",
      "-kernel",
      image,
      "-device",
      "loader,file=" + pipm + ",addr=" + machine->model_address + ",force-raw=on"};
  if (std::string(machine->machine) == "virt") command.insert(command.end(), {"-m", "64M", "-bios", "none"});
  const auto ran = TRY(support::run(command));
  BoardResult result;
  std::istringstream lines(ran.err + ran.out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string what;
    u64 index = 0, count = 0;
    words >> what >> index;
    if (what == "crc32" && index == 0) words >> result.checksum;
    if (what == "operator" && words >> count) result.instructions += static_cast<f64>(count);
    if (what == "error") return Error(Code::unsupported, board + ": " + line);
  }
  if (result.checksum.empty()) return Error(Code::unsupported, board + ": the program did not finish");
  return result;
}

}  // namespace pipit::bench
