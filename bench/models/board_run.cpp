#include "bench/models/board_run.h"

#include <cstdio>
#include <filesystem>
#include <sstream>

#include "support/files.h"
#include "support/process.h"

namespace pipit::bench {
namespace {

using support::Error;
using support::Result;

struct Machine {
  const char *name, *program, *machine, *model_address;
};
constexpr Machine kMachines[] = {
    {"mps2-an386", "qemu-system-arm", "mps2-an386", "0x21000000"},
    {"virt-rv32", "qemu-system-riscv32", "virt", "0x82000000"},
};

Result<const Machine*> find_machine(const std::string& board) {
  for (const Machine& each : kMachines)
    if (board == each.name) return &each;
  return Error(Code::invalid_argument, "no board " + board);
}

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

Result<BoardResult> run_on_board(const std::string& board, const std::string& pipm) {
  const Machine* machine = TRY(find_machine(board));
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

Result<GeneratedResult> run_generated_on_board(const std::string& board, const std::string& model,
                                               const std::string& folder) {
  const Machine* machine = TRY(find_machine(board));
  const std::string source = PIPIT_SOURCE_DIR;
  const std::vector<std::string> build = {source + "/examples/bare/build",
                                          board,
                                          model,
                                          "model",
                                          source + "/bench/models/board/generated.c",
                                          folder,
                                          "4M",
                                          "4M"};
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto built = TRY(support::run(build, "", {"PIPIT=" + (self.parent_path() / "pipit").string()}));
  if (built.exit_code != 0) return Error(Code::unsupported, board + ", generated C: " + built.err);
  std::vector<std::string> command = {machine->program, "-M", machine->machine};
  if (std::string(machine->machine) == "virt") command.insert(command.end(), {"-m", "16M", "-bios", "none"});
  for (const char* word : {"-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-display",
                           "none", "-monitor", "none", "-serial", "stdio", "-kernel"})
    command.emplace_back(word);
  command.push_back(folder + "/model-" + board);
  const auto ran = TRY(support::run(command));
  GeneratedResult result;
  u32 checksum = 0;
  std::istringstream words(ran.out);
  if (words >> result.instructions >> checksum >> result.stack_bytes) return result;
  return Error(Code::unsupported, board + ": the generated program did not finish: " + ran.out + ran.err);
}

}  // namespace pipit::bench
