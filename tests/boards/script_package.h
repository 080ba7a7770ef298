#pragma once
#include <string>
#include <vector>

#include "support/error.h"

namespace pipit::boards {

/// The script that wast2json left at `path`, for a board: its modules compiled for `target`, each memory that
/// grows with room for so many pages beyond its minimum, if it may have them. Commands that no board takes
/// part in are left out: modules in text form, which an assembler refuses. Errors: what reading, compiling or
/// a command this does not know come to.
support::Result<std::vector<u8>> package_script(const std::string& path, const std::string& target,
                                                u32 growth_pages);

}  // namespace pipit::boards
