#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "base/types.h"

namespace pipit::gateway {

/// The one thread that owns the gateway's state. Every other thread (watches, MQTT, API calls, HTTP servers)
/// hands its work over with post(). Time-based work happens in the tick.
class Loop {
 public:
  using Task = std::function<void()>;
  /// Any thread. Tasks run in the order they came; after the loop ended they are dropped.
  void post(Task task);
  /// Posts `task` and waits until it ran; false when it did not within `timeout_ms`. It then never runs
  /// later.
  bool ask(const Task& task, u32 timeout_ms);
  /// Runs tasks, and `tick` every `tick_ms`, until `stop` says so (asked at each tick).
  void run(u32 tick_ms, const Task& tick, const std::function<bool()>& stop);

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool ended_ = false;
};

}  // namespace pipit::gateway
