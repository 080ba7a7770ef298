#pragma once
#include <string>
#include <vector>

#include "base/sha256.h"
#include "support/error.h"

/// Compiled modules on disk, so that a module is compiled once a machine and compiler.
namespace pipit::host {

/// What a compiled module depends on besides the module.
struct CompileRequest {
  std::string compiler;     ///< path of pipit-aot
  std::string module_file;  ///< empty: the bytes are handed over in a file of the cache's
  bool metering = false;    ///< code that can be paused and counts fuel
  bool quick = false;       ///< compiled at once, and slower
};

/// A folder of native modules and of register code, named by the digest of everything they depend on: the
/// Wasm module, the file of the program that makes them, this processor and the options. Files appear whole,
/// by renaming; several processes may share the folder.
class CodeCache {
 public:
  /// In `folder`, or $XDG_CACHE_HOME/pipit/native, or ~/.cache/pipit/native, or where there is no home in a
  /// folder of the user's own in $TMPDIR or /tmp.
  explicit CodeCache(std::string folder, u64 limit_bytes = u64{1} << 30);

  /// Makes the folder, with access for this user alone. denied when it belongs to somebody else or
  /// others may write to it: what it holds is executed.
  support::Status prepare() const;
  /// Where the native code lies or would lie of the module of that digest. not_found when there is no
  /// compiler.
  support::Result<std::string> path_of(const Sha256::Digest& module, const CompileRequest& request) const;
  /// Where the register code lies or would lie that this very program makes of the module.
  support::Result<std::string> register_path_of(Bytes module) const;
  /// Has the compiler, in a process of its own, make `path`; then drops the least recently used files beyond
  /// the limit. The compiler's messages go to standard error.
  support::Status compile(Bytes module, const CompileRequest& request, const std::string& path) const;
  /// Keeps `code` at `path`, and drops files like compile().
  support::Status store(Bytes code, const std::string& path) const;
  /// Notes that the file was used now.
  static void touch(const std::string& path);
  const std::string& folder() const { return folder_; }

 private:
  void evict(const std::string& keep) const;

  bool is_shared_place_ = false;  ///< others may make files beside the folder
  std::string folder_;
  u64 limit_bytes_;
};

}  // namespace pipit::host
