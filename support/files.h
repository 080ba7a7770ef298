#pragma once
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

namespace pipit::support {

/// The whole file; the error names it. Files over `limit` bytes are refused.
Result<std::vector<u8>> read_file(const std::string& path, usize limit = usize{1} << 31);
/// Writes next to `path` and renames, so that a reader never sees half a file. Parent folders are made.
Status write_file(const std::string& path, Bytes data);
Status make_directories(const std::string& path);
bool exists(const std::string& path);
/// $XDG_STATE_HOME/pipit or ~/.local/state/pipit
std::string state_directory();
/// Lower-case hex of SHA-256.
std::string sha256_hex(Bytes data);

}  // namespace pipit::support
