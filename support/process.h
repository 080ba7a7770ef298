#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/error.h"

namespace pipit::support {

struct ProcessOutput {
  int exit_code = 0;
  std::string out, err;
};
/// Runs a program to its end and captures what it wrote. not_found when it cannot be started.
Result<ProcessOutput> run(const std::vector<std::string>& command, const std::string& input = "",
                          const std::vector<std::string>& environment = {},
                          const std::string& directory = "");

/// A long-running child with its output in a log file; ended (SIGTERM, after a grace SIGKILL) by the
/// destructor.
class Process {
 public:
  struct Options {
    std::string log_file;
    std::vector<std::string> environment;  ///< added to ours: "KEY=value"
    std::string directory;
    bool detached = false;  ///< outlives us: own session, not ended by the destructor
  };
  static Result<Process> start(const std::vector<std::string>& command, const Options& options);
  Process() = default;
  Process(Process&& other) noexcept { *this = std::move(other); }
  Process& operator=(Process&& other) noexcept;
  ~Process();
  pid_t pid() const { return pid_; }
  bool running();
  /// Exit code once it ended by itself.
  std::optional<int> exit_code();
  void stop(int grace_ms = 3000);
  void kill_now();

 private:
  pid_t pid_ = 0;
  bool detached_ = false;
  std::optional<int> exit_code_;
};

/// A TCP port on 127.0.0.1 that is free now.
Result<u16> free_port();
/// Tries to connect until it works or the time is over.
bool wait_for_port(u16 port, int timeout_ms);

}  // namespace pipit::support
