#pragma once

namespace pipit {

/// Called when an invariant of our own is broken. Platforms link one definition: the host aborts,
/// firmware logs and resets. Never returns.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace pipit

/// Stops on a bug of our own. Bad input is never checked with it: that is a Result.
#define PIPIT_CHECK(condition)                                    \
  do {                                                            \
    if (!(condition)) [[unlikely]]                                \
      ::pipit::check_failed(#condition, __FILE_NAME__, __LINE__); \
  } while (false)
