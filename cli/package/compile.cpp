#include "cli/package/compile.h"

#include <algorithm>
#include <cstdlib>

#include "cli/package/work_folder.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::package {

using support::Error;
using support::Result;

namespace {

bool is_cpp(const std::string& source) {
  return source.ends_with(".cpp") || source.ends_with(".cc") || source.ends_with(".cxx");
}

std::string compiler(bool cpp) {
  const char* chosen = std::getenv(cpp ? "PIPIT_CLANGXX" : "PIPIT_CLANG");
  return chosen != nullptr ? chosen : cpp ? "clang++-22" : "clang-22";
}

/// Whole pages hold the memory; the module may not grow beyond them.
u32 declared_bytes(const Recipe& recipe) {
  constexpr u64 kPage = 65'536;
  return static_cast<u32>(std::min<u64>((recipe.memory_bytes + kPage - 1) / kPage * kPage, 0xFFFF'0000));
}

std::vector<std::string> compile_command(const std::string& source, const std::string& object,
                                         const Recipe& recipe) {
  // The short target is the one whose libraries Debian ships; clang calls it deprecated.
  std::vector<std::string> command = {compiler(is_cpp(source)),
                                      "--target=wasm32-wasi",
                                      "-Wno-deprecated",
                                      "-Oz",
                                      "-flto",
                                      "-Wall",
                                      "-Wextra",
                                      "-ffp-contract=off",
                                      "-fno-ident",
                                      "-I" + sdk_folder() + "/include"};
  if (is_cpp(source)) command.insert(command.end(), {"-std=c++20", "-fno-exceptions", "-fno-rtti"});
  command.push_back("-DPIPIT_MEMORY_BYTES=" + std::to_string(recipe.memory_bytes));
  command.push_back("-DPIPIT_APP_VERSION=\"" + recipe.version + "\"");
  for (const std::string& define : recipe.defines) command.push_back("-D" + define);
  command.insert(command.end(), {"-c", source, "-o", object});
  return command;
}

std::vector<std::string> link_command(const std::vector<std::string>& objects, bool cpp,
                                      const std::string& module, const Recipe& recipe) {
  const std::string memory = std::to_string(declared_bytes(recipe));
  std::vector<std::string> command = {compiler(cpp), "--target=wasm32-wasi", "-Wno-deprecated", "-Oz",
                                      "-flto", "-Wl,-z,stack-size=" + std::to_string(recipe.c_stack_bytes),
                                      "-Wl,--stack-first", "-Wl,--initial-memory=" + memory,
                                      "-Wl,--max-memory=" + memory, "-Wl,--gc-sections", "--no-wasm-opt",
                                      // Names stay: a trap's function is told by name.
                                      "-Wl,--strip-debug",
                                      // The builder sees by it how much stack and data take.
                                      "-Wl,--export=__heap_base"};
  command.insert(command.end(), objects.begin(), objects.end());
  command.insert(command.end(), {"-o", module});
  return command;
}

/// Runs a tool; its text is the error, or a warning.
support::Status run_tool(const std::vector<std::string>& command, std::string& warnings) {
  const auto output = TRY(support::run(command));
  if (output.exit_code != 0)
    return Error(Code::invalid_argument, command[0] + " failed:\n" + output.err + output.out);
  warnings += output.err;
  return {};
}

}  // namespace

std::string sdk_folder() {
  const char* chosen = std::getenv("PIPIT_SDK");
  return chosen != nullptr ? chosen : PIPIT_SDK_FOLDER;
}

Result<CompiledModule> compile(const std::string& folder, const Recipe& recipe) {
  const WorkFolder work;
  if (work.path().empty()) return Error(Code::io, "cannot make a temporary folder");
  std::vector<std::string> sources, objects;
  for (const std::string& source : recipe.sources) {
    sources.push_back(folder);
    sources.back().append("/").append(source);
    if (!support::exists(sources.back()))
      return Error(Code::not_found, sources.back() + ": no such source file");
  }
  for (const char* source : {"/src/malloc.c", "/src/print.c", "/src/socket.c"})
    sources.push_back(sdk_folder() + source);

  CompiledModule module;
  bool cpp = false;
  for (const std::string& source : sources) {
    objects.push_back(work.path() + "/" + std::to_string(objects.size()) + ".o");
    cpp = cpp || is_cpp(source);
    TRY(run_tool(compile_command(source, objects.back(), recipe), module.warnings));
  }
  const std::string linked = work.path() + "/app.wasm";
  TRY(run_tool(link_command(objects, cpp, linked, recipe), module.warnings));
  module.bytes = TRY(support::read_file(linked));
  return module;
}

}  // namespace pipit::package
