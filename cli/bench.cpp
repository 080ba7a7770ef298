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
  auto* command = root.add_subcommand("bench", "measure: pipit bench wasm");
  command->require_subcommand(1);
  auto* wasm = command->add_subcommand("wasm", "the Wasm engines against native code, V8 and one another");
  wasm->set_help_flag();
  wasm->prefix_command();
  wasm->footer("Example: pipit bench wasm --output=markdown");
  wasm->callback([wasm, &session] { session.exit_code = become("pipit-bench-wasm", wasm->remaining()); });
  auto* mewz =
      command->add_subcommand("mewz", "the start of a virtual machine, against the smallest there can be");
  mewz->set_help_flag();
  mewz->prefix_command();
  mewz->footer("Example: pipit bench mewz --runs=21");
  mewz->callback([mewz, &session] { session.exit_code = become("pipit-bench-mewz", mewz->remaining()); });
}

}  // namespace pipit::cli
