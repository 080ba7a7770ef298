#pragma once
#include <string>

namespace pipit::support {

/// Of the file at `path`: "." where it names none, "/" at the root.
inline std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace pipit::support
