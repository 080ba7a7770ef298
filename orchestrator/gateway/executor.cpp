#include "orchestrator/gateway/executor.h"

namespace pipit::gateway {

Executor::Executor(u32 threads) {
  for (u32 i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Executor::~Executor() { stop(); }

void Executor::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Executor::submit(const std::string& key, Job job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queued_ >= kMaxQueued) return false;
    ++queued_;
    const auto [entry, fresh] = waiting_.try_emplace(key);
    entry->second.push_back(std::move(job));
    // An entry that was there is either ready or being worked on.
    if (!fresh) return true;
    ready_.push_back(key);
  }
  wake_.notify_one();
  return true;
}

void Executor::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (stopping_) return;
    const std::string key = std::move(ready_.front());
    ready_.pop_front();
    const auto entry = waiting_.find(key);
    Job job = std::move(entry->second.front());
    entry->second.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    --queued_;
    const auto after = waiting_.find(key);
    if (after->second.empty()) {
      waiting_.erase(after);
    } else {
      ready_.push_back(key);
      wake_.notify_one();
    }
  }
}

}  // namespace pipit::gateway
