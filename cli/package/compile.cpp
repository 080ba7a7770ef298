#include "cli/package/compile.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "support/files.h"
#include "support/process.h"

namespace pipit::package {

using support::Error;
using support::Result;

namespace {

/// A folder that is gone afterwards.
class WorkFolder {
 public:
  WorkFolder() {
    std::error_code ignored;
    path_ = (std::filesystem::temp_directory_path(ignored) / "pipit-build-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

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
                                      const std::string& module, const std::string& map,
                                      const Recipe& recipe) {
  const std::string memory = std::to_string(declared_bytes(recipe));
  std::vector<std::string> command = {compiler(cpp), "--target=wasm32-wasi", "-Wno-deprecated", "-Oz",
                                      "-flto", "-Wl,-z,stack-size=" + std::to_string(recipe.c_stack_bytes),
                                      "-Wl,--stack-first", "-Wl,--initial-memory=" + memory,
                                      "-Wl,--max-memory=" + memory, "-Wl,--gc-sections",
                                      // Names stay: a trap's function is told by name.
                                      "-Wl,--strip-debug", "--no-wasm-opt", "-Wl,-Map=" + map};
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

Result<u32> static_end(std::string_view map) {
  const usize data = map.find(" DATA\n");
  if (data == map.npos) return u32{0};  // no data at all
  u32 end = 0;
  std::string_view rest = map.substr(data + 6);
  // Each line: address, offset, size (hexadecimal), name; sections that are not data have '-' for an address.
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    u32 fields[3] = {};
    bool numbers = true;
    for (u32& field : fields) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), field, 16);
      numbers = numbers && error == std::errc();
      line.remove_prefix(static_cast<usize>(at - line.data()));
    }
    if (!numbers) break;
    if (fields[2] > 0xFFFF'FFFF - fields[0])
      return Error(Code::malformed, "the linker's map has a segment beyond 4G");
    end = std::max(end, fields[0] + fields[2]);
  }
  return end;
}

Result<CompiledModule> compile(const std::string& folder, const Recipe& recipe) {
  const WorkFolder work;
  if (work.path().empty()) return Error(Code::io, "cannot make a temporary folder");
  std::vector<std::string> sources, objects;
  for (const std::string& source : recipe.sources) {
    sources.push_back(folder + "/" + source);
    if (!support::exists(sources.back()))
      return Error(Code::not_found, sources.back() + ": no such source file");
  }
  for (const char* source : {"/src/malloc.c", "/src/print.c"}) sources.push_back(sdk_folder() + source);

  CompiledModule module;
  bool cpp = false;
  for (const std::string& source : sources) {
    objects.push_back(work.path() + "/" + std::to_string(objects.size()) + ".o");
    cpp = cpp || is_cpp(source);
    TRY(run_tool(compile_command(source, objects.back(), recipe), module.warnings));
  }
  const std::string linked = work.path() + "/app.wasm", map = work.path() + "/app.map";
  TRY(run_tool(link_command(objects, cpp, linked, map, recipe), module.warnings));
  module.bytes = TRY(support::read_file(linked));
  const auto map_bytes = TRY(support::read_file(map));
  module.static_bytes = std::max(TRY(static_end(as_text(map_bytes))), recipe.c_stack_bytes);
  return module;
}

}  // namespace pipit::package
