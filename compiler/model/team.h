#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "nn/fast.h"

namespace pipit::model {

/// Threads that share the operators of inferences. They spin for a moment between operators, which follow one
/// another within microseconds, and sleep between inferences. One run() at a time.
class ThreadTeam final : public nn::Team {
 public:
  /// `members` of 1 to 64, the calling thread included.
  explicit ThreadTeam(u32 members);
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam();

  u32 size() const override { return static_cast<u32>(threads_.size()) + 1; }
  void run(void (*work)(void* what, u32 member), void* what) override;

 private:
  void serve(u32 member);
  /// Waits for a round after `seen`; false at the end.
  bool await(u32 seen);

  std::vector<std::thread> threads_;
  void (*work_)(void* what, u32 member) = nullptr;
  void* what_ = nullptr;
  std::atomic<u32> round_ = 0;  ///< counts run() calls
  std::atomic<u32> busy_ = 0;   ///< members that have not finished the round
  std::atomic<u32> asleep_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex lock_;
  std::condition_variable wake_;
};

}  // namespace pipit::model
