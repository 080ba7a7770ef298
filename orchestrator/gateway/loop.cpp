#include "orchestrator/gateway/loop.h"

#include <chrono>
#include <memory>

namespace pipit::gateway {

using Clock = std::chrono::steady_clock;

void Loop::post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

bool Loop::ask(const Task& task, u32 timeout_ms) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable done_signal;
    bool done = false, abandoned = false;
  };
  // Shared: the asker may give up while the task is still queued, and either side may be the last to look.
  auto shared = std::make_shared<Shared>();
  post([shared, &task] {
    std::lock_guard lock(shared->mutex);
    if (shared->abandoned) return;
    task();
    shared->done = true;
    shared->done_signal.notify_one();
  });
  std::unique_lock lock(shared->mutex);
  shared->done_signal.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return shared->done; });
  shared->abandoned = !shared->done;
  return shared->done;
}

void Loop::run(u32 tick_ms, const Task& tick, const std::function<bool()>& stop) {
  const auto period = std::chrono::milliseconds(tick_ms);
  auto next_tick = Clock::now();
  std::unique_lock lock(mutex_);
  while (true) {
    if (Clock::now() >= next_tick) {
      lock.unlock();
      if (stop()) break;
      tick();
      next_tick = Clock::now() + period;
      lock.lock();
    }
    if (tasks_.empty()) {
      wake_.wait_until(lock, next_tick);
      continue;
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
  lock.lock();
  ended_ = true;
  tasks_.clear();
}

}  // namespace pipit::gateway
