#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/types.h"

namespace pipit::gateway {

/// Worker threads for calls that block (API server, registry). Jobs of one key run one after the other in the
/// order they came; different keys run side by side.
class Executor {
 public:
  using Job = std::function<void()>;
  explicit Executor(u32 threads);
  /// Ends the workers after their present job; what is queued is dropped.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// False, and nothing happens, when kMaxQueued jobs wait already.
  bool submit(const std::string& key, Job job);
  void stop();

  static constexpr usize kMaxQueued = 100'000;

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::deque<Job>> waiting_;  ///< by key; a key being worked on stays until it is empty
  std::deque<std::string> ready_;                   ///< keys with a job and none running
  usize queued_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pipit::gateway
