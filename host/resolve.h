#pragma once
#include <string>
#include <string_view>

#include "base/types.h"
#include "support/unique_fd.h"

/// Finding a file below a granted directory without ever leaving it.
namespace pipit::host {

using support::UniqueFd;

/// Where a path ends: a directory that surely lies below the granted one, and one name in it (never "..", no
/// slash).
struct Place {
  UniqueFd directory;
  std::string name;
  bool must_be_directory = false;  ///< the path ended in a slash
};

/// Walks `path` from directory `root`, component by component, no symbolic link followed by the kernel: each
/// is read and walked here, so that neither "..", an absolute target nor a link swapped in meanwhile leads
/// out. A link in last place is followed when `follow`. Answers a WASI errno: notcapable for a path that
/// leads out. The last component need not exist.
u16 resolve(int root, std::string_view path, bool follow, Place& out);

/// The WASI errno of a Linux one.
u16 wasi_errno(int error);

}  // namespace pipit::host
