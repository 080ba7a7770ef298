#pragma once
#include <vector>

#include "support/error.h"

namespace pipit::bench {

/// What a command costs from its start to its end.
struct StartUp {
  std::string what;
  double milliseconds = 0;  ///< wall time, median
  double best = 0;          ///< the quickest, which a busy machine disturbs least
  double megabytes = 0;     ///< most resident memory
  std::string why;          ///< why it could not be measured
};

/// Runs `command` `repeats` times with its output dropped, through startup/launch.c at `launcher`.
StartUp time_command(const std::string& launcher, const std::string& what,
                     const std::vector<std::string>& command, u32 repeats);

}  // namespace pipit::bench
