#pragma once
#include <string>
#include <vector>

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

/// A folder of native modules, named by the digest of everything they depend on: the Wasm module, the
/// compiler's own file, this processor and the options. Files appear whole, by renaming; several processes
/// may share the folder.
class CodeCache {
 public:
  /// In `folder`, or $XDG_CACHE_HOME/pipit/native, or ~/.cache/pipit/native.
  explicit CodeCache(std::string folder, u64 limit_bytes = u64{1} << 30);

  /// Where the module's native code lies or would lie. not_found when there is no compiler.
  support::Result<std::string> path_of(Bytes module, const CompileRequest& request) const;
  /// Has the compiler, in a process of its own, make `path`; then drops the least recently used files beyond
  /// the limit. The compiler's messages go to standard error.
  support::Status compile(Bytes module, const CompileRequest& request, const std::string& path) const;
  /// Notes that the file was used now.
  static void touch(const std::string& path);
  const std::string& folder() const { return folder_; }

 private:
  void evict(const std::string& keep) const;

  std::string folder_;
  u64 limit_bytes_;
};

}  // namespace pipit::host
