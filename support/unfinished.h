#pragma once
#include <atomic>

namespace pipit::support {

/// While one of these lives, ending the process would leave something half done behind: a temporary file or
/// folder, a part of several files that belong together. A signal handler that ends the process asks any()
/// first.
class Unfinished {
 public:
  Unfinished() { ++count_; }
  ~Unfinished() { --count_; }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  /// Safe in a signal handler.
  static bool any() { return count_ != 0; }

 private:
  static inline std::atomic<int> count_{0};
  static_assert(std::atomic<int>::is_always_lock_free);
};

}  // namespace pipit::support
