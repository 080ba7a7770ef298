#include "compiler/model/emit_wasm/emit_wasm.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "compiler/model/emit_wasm/operators.h"
#include "support/files.h"
#include "support/process.h"
#include "support/unfinished.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

/// The little of the C library that generated C uses.
constexpr const char* kStringHeader =
    "#include <stddef.h>\n"
    "static inline void* memcpy(void* to, const void* from, size_t count) { return __builtin_memcpy(to, "
    "from, count); }\n"
    "static inline void* memset(void* to, int value, size_t count) { return __builtin_memset(to, value, "
    "count); }\n";

/// A folder of our own that goes away again.
class TemporaryFolder {
  support::Unfinished until_removed_;

 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pipit-wasm-XXXXXX").string();
    path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

/// The module of a generated source.
Result<std::vector<u8>> compile(const CModel& model, const std::string& prefix, const WasmOptions& options) {
  const TemporaryFolder folder;
  if (folder.path().empty()) return Error(Code::io, "no temporary folder could be made");
  const std::string base = folder.path() + "/" + prefix;
  TRY(support::write_file(folder.path() + "/string.h", bytes_of(kStringHeader)));
  TRY(support::write_file(base + ".h", bytes_of(model.header)));
  TRY(support::write_file(base + ".c", bytes_of(model.source)));
  TRY(support::write_file(base + ".bin", model.constants));
  // memcpy and memset become instructions; activations are static, so a part of a page is stack enough.
  std::vector<std::string> command = {"clang-22",
                                      "--target=wasm32",
                                      "-std=c23",
                                      "-O3",
                                      "-msimd128",
                                      "-mbulk-memory",
                                      "-ffp-contract=off",
                                      "-nostdlib",
                                      "-Wno-pass-failed",
                                      "-I" + folder.path(),
                                      "--no-wasm-opt",
                                      "-Wl,--no-entry",
                                      "-Wl,-s",
                                      "-Wl,-z,stack-size=16384",
                                      "-o",
                                      base + ".wasm",
                                      base + ".c"};
  if (options.relaxed_simd) command.push_back("-mrelaxed-simd");
  for (const std::string& name : model.functions) command.push_back("-Wl,--export=" + name);
  const auto built = TRY(support::run(command));
  if (built.exit_code != 0)
    return Error(Code::internal, "clang-22 could not compile the model:\n" + built.err);
  return support::read_file(base + ".wasm");
}

}  // namespace

Result<WasmModel> emit_wasm(Bytes pipm, const std::string& prefix, const WasmOptions& options) {
  WasmModel made;
  made.c = TRY(emit_c(pipm, prefix, &wasm::dialect()));
  if (!made.c.operators.empty())
    return Error(Code::unsupported, "the model uses " + made.c.operators[0] +
                                        ", an operator of its own; emit C and compile both");
  made.module = TRY(compile(made.c, prefix, options));
  return made;
}

}  // namespace pipit::model
