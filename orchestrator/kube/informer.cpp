#include "orchestrator/kube/informer.h"

#include <algorithm>
#include <chrono>
#include <random>

namespace pipit::kube {

u32 Backoff::next_ms() {
  const u32 shift = std::min(failures, u32{16});
  ++failures;
  return static_cast<u32>(std::min<u64>(most_ms, u64{first_ms} << shift));
}

Informer::Informer(const Reader& reader, ListWatchOptions options, ListWatch::Sink sink,
                   std::function<void(const ApiError&)> trouble)
    : list_watch_(reader, std::move(options), std::move(sink)),
      trouble_(std::move(trouble)),
      thread_([this] { run(); }) {}

Informer::~Informer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Informer::pause(u32 ms) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping_.load(); });
}

void Informer::run() {
  std::minstd_rand jitter(std::random_device{}());
  Backoff backoff;
  bool relist = true;
  while (!stopping_) {
    Status outcome = relist ? list_watch_.list() : list_watch_.watch([this] { return stopping_.load(); });
    if (stopping_) return;
    if (outcome.ok()) {
      // A watch that ends at once over and over again must not become a busy loop either.
      if (!relist) pause(50);
      relist = false;
      backoff.succeeded();
      continue;
    }
    if (outcome.error().gone()) relist = true;
    if (trouble_) trouble_(outcome.error());
    const u32 wait_ms = backoff.next_ms();
    pause(wait_ms / 2 + static_cast<u32>(jitter() % (wait_ms / 2 + 1)));
  }
}

}  // namespace pipit::kube
