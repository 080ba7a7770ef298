#include "compiler/model/extend/operator_folder.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "nn/custom/custom.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

constexpr const char* kCompiler = "clang-22";
/// As the project's own kernels: float results are the same bits on every tier.
constexpr const char* kFlags[] = {
    "-std=c99", "-O2", "-Wall", "-fPIC", "-shared", "-ffp-contract=off", "-fvisibility=default"};

/// Code is loaded from here, so it must be a folder of the user's own.
Result<std::string> cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return std::string(cache) + "/pipit/operators";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return std::string(home) + "/.cache/pipit/operators";
  return Error(Code::not_found, "neither XDG_CACHE_HOME nor HOME says where compiled operators may be kept");
}

Result<std::vector<std::string>> files_of(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const auto extension = entry.path().extension();
    if (extension == ".c" || extension == ".h") files.push_back(entry.path().string());
  }
  if (failed) return Error(Code::not_found, failed.message()).in(folder);
  std::ranges::sort(files);
  if (std::ranges::none_of(files, [](const std::string& file) { return file.ends_with(".c"); }))
    return Error(Code::not_found, "no C file; see docs/operators-of-your-own.md").in(folder);
  return files;
}

Result<std::string> digest_of(const std::vector<std::string>& files) {
  std::vector<u8> all;
  const auto add = [&](Bytes bytes) { all.insert(all.end(), bytes.begin(), bytes.end()); };
  for (const char* flag : kFlags)
    add({reinterpret_cast<const u8*>(flag), std::char_traits<char>::length(flag) + 1});
  for (const std::string& file : files) {
    add({reinterpret_cast<const u8*>(file.c_str()), file.size() + 1});
    add(TRY(support::read_file(file, usize{16} << 20)));
  }
  return support::sha256_hex(all);
}

Status compile(const std::vector<std::string>& files, const std::string& output) {
  const std::string unfinished = output + "." + std::to_string(getpid());
  std::vector<std::string> command = {kCompiler, "-I" + operator_include_folder(), "-o", unfinished};
  command.insert(command.end(), std::begin(kFlags), std::end(kFlags));
  std::ranges::copy_if(files, std::back_inserter(command),
                       [](const std::string& file) { return file.ends_with(".c"); });
  const auto built = TRY(support::run(command));
  if (built.exit_code != 0) return Error(Code::malformed, "does not compile:\n" + built.err);
  std::error_code failed;
  std::filesystem::rename(unfinished, output, failed);
  if (failed) return Error(Code::io, failed.message()).in(output);
  return {};
}

}  // namespace

std::string project_folder() {
  const char* root = std::getenv("PIPIT_ROOT");
  return root != nullptr && *root != '\0' ? root : PIPIT_SOURCE_DIR;
}

std::string operator_include_folder() { return project_folder() + "/nn/include"; }

Result<const pipit_operator*> load_operator_folder(const std::string& folder) {
  const auto files = TRY(files_of(folder));
  auto hashed = files;
  hashed.push_back(operator_include_folder() + "/pipit/operator.h");
  const std::string cache = TRY(cache_folder());
  const std::string library = cache + "/" + TRY(digest_of(hashed)) + ".so";
  if (!support::exists(library)) {
    TRY(support::make_directories(cache));
    auto built = compile(files, library);
    if (!built.ok()) return built.take_error().in(folder);
  }
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Error(Code::malformed, dlerror()).in(folder);
  const auto* entry = static_cast<const pipit_operator*>(dlsym(handle, "pipit_operator_entry"));
  if (entry == nullptr) return Error(Code::malformed, "no C file defines pipit_operator_entry").in(folder);
  const auto registered = nn::register_custom_operator(*entry);
  if (!registered.ok()) return Error(registered.error()).in(folder);
  return entry;
}

}  // namespace pipit::model
