#pragma once
#include <string>
#include <vector>

#include "support/error.h"

namespace pipit::rig {

/// One member of an initial RAM disk.
struct InitrdFile {
  std::string name;  ///< in the machine, without "/" in front
  std::vector<u8> data;
};

/// A tar archive (ustar) of the files in their order; out_of_range for a name that does not fit one.
support::Result<std::vector<u8>> make_initrd(const std::vector<InitrdFile>& files);

/// The regular files below `directory`, named "<prefix>/<path>", by name; the error names what cannot be
/// read.
support::Result<std::vector<InitrdFile>> files_below(const std::string& directory, const std::string& prefix);

}  // namespace pipit::rig
