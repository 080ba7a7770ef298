// pipit bench: hands over to the benchmark programs, which are built on demand.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/command.h"

namespace pipit::cli {
namespace {

/// Becomes the benchmark program NAME beside this executable, with `words` as its options; returns only when
/// it cannot.
int become(const std::string& name, const std::vector<std::string>& words) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = self.parent_path() / name;
  std::vector<char*> arguments = {const_cast<char*>(program.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  return fail({Code::not_found,
               program + ": " + std::strerror(errno) + " (build it: ninja bench, or start ./pipit bench)"});
}

}  // namespace

void register_bench(CLI::App& root, Session& session) {
  struct Program {
    const char *name, *what, *example;
  };
  constexpr Program kPrograms[] = {
      {"wasm", "the Wasm engines against native code, V8 and one another", "--output=markdown"},
      {"models", "inference against ONNX Runtime, and on boards",
       "--no-boards examples/fashion/fashion.onnx"},
      {"web", "models compiled to Wasm against ONNX Runtime web, in Node", "examples/fashion/fashion.onnx"},
      {"mewz", "virtual machines: start, memory, speed, HTTP, models", "--runs=5 --http"},
  };
  auto* command = root.add_subcommand("bench", "measure: pipit bench wasm, models, web, mewz");
  command->require_subcommand(1);
  command->footer("Example: ./pipit bench wasm --output=markdown");
  for (const Program& program : kPrograms) {
    auto* child = command->add_subcommand(program.name, program.what);
    child->set_help_flag();
    child->prefix_command();
    child->footer(std::string("Example: pipit bench ") + program.name + " " + program.example);
    const std::string file = std::string("pipit-bench-") + program.name;
    child->callback([child, file, &session] { session.exit_code = become(file, child->remaining()); });
  }
}

}  // namespace pipit::cli
