#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/types.h"

namespace pipit::gateway {

/// A machine's process, ours or one that an earlier gateway started: found by its number and a word of its
/// command line that no other process has.
struct MachineProcess {
  pid_t pid = 0;
  std::string word;

  /// The process that has both in its command line, whoever started it; pid is 0 when there is none.
  static MachineProcess find(const std::string& word, const std::string& other);
  /// Whether it lives; takes the exit code of one that ended and was ours.
  bool running() const;
  struct Usage {
    u64 cpu_ns = 0, rss_bytes = 0;
  };
  /// Processor time so far and memory now, of the whole of it (proc(5): stat, statm).
  std::optional<Usage> usage() const;
  /// Asks it to end (SIGTERM, which QEMU obeys at once); `at_once` does not ask.
  void end(bool at_once) const;
};

}  // namespace pipit::gateway
