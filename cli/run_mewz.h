#pragma once
#include <optional>
#include <string>
#include <vector>

namespace pipit::cli {

/// Whether the words after "run" ask for a machine instead of this one: --target=… among the options, which
/// may stand before and behind the application, and not among the program's arguments.
bool names_target(const std::vector<std::string>& words);

/// `pipit run --target=mewz`: the application in a virtual machine of its own. Yields the exit code.
int run_on_target(const std::vector<std::string>& words);

}  // namespace pipit::cli
