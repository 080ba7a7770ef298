#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "orchestrator/kube/list_watch.h"

namespace pipit::kube {

/// Waiting times between failed tries: doubles from `first_ms` up to `most_ms`.
struct Backoff {
  u32 first_ms = 250;
  u32 most_ms = 15'000;
  u32 failures = 0;
  void succeeded() { failures = 0; }
  /// The next time to wait, without jitter.
  u32 next_ms();
};

/// Runs a ListWatch on its own thread for as long as it lives: relists on 410, resumes after a lost
/// connection with back-off. Deltas arrive on that thread in order; a consumer with a thread of its own posts
/// them there.
class Informer {
 public:
  /// `reader` must outlive it; `trouble` (may be empty) hears of each failed try.
  Informer(const Reader& reader, ListWatchOptions options, ListWatch::Sink sink,
           std::function<void(const ApiError&)> trouble = {});
  ~Informer();
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

 private:
  void run();
  void pause(u32 ms);

  ListWatch list_watch_;
  std::function<void(const ApiError&)> trouble_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace pipit::kube
