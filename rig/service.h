#pragma once
#include <functional>
#include <string>
#include <vector>

#include "rig/state.h"
#include "support/process.h"

namespace pipit::rig {

/// A service in a process group of its own (Ctrl-C reaches us, not it), with its log in
/// <state>/log/<name>.log and its process in the state file. The destructor stops it, and it does not outlive
/// us either way.
class Service {
 public:
  static support::Result<Service> start(State& state, const std::string& name,
                                        const std::vector<std::string>& command,
                                        const std::vector<std::string>& environment = {});
  Service() = default;
  Service(Service&& other) noexcept;
  Service& operator=(Service&& other) noexcept;
  ~Service() { stop(); }

  const std::string& name() const { return name_; }
  const std::string& log_file() const { return log_file_; }
  bool running() { return process_.running(); }
  void stop();

  /// Polls `ready` until it holds. The error says what the service wrote last when it ended or the time is
  /// over.
  support::Status wait(const std::function<bool()>& ready, int timeout_ms);
  support::Status wait_for_port(u16 port, int timeout_ms);

 private:
  State* state_ = nullptr;
  std::string name_, log_file_;
  support::Process process_;
};

/// The last lines of a log, for an error message.
std::string log_tail(const std::string& file, usize lines = 5);

}  // namespace pipit::rig
