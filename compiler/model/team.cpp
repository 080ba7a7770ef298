#include "compiler/model/team.h"

#include <algorithm>

namespace pipit::model {
namespace {

constexpr u32 kMostMembers = 64;
constexpr u32 kSpins = 4000;  // some ten microseconds

void pause() { __builtin_ia32_pause(); }

}  // namespace

ThreadTeam::ThreadTeam(u32 members) {
  const u32 count = std::clamp(members, 1u, kMostMembers);
  for (u32 member = 1; member < count; ++member) threads_.emplace_back([this, member] { serve(member); });
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard guard(lock_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadTeam::await(u32 seen) {
  for (u32 spin = 0; spin < kSpins; ++spin) {
    if (round_.load(std::memory_order_acquire) != seen) return true;
    pause();
  }
  std::unique_lock guard(lock_);
  ++asleep_;
  wake_.wait(guard, [&] { return stopping_ || round_ != seen; });
  --asleep_;
  return round_ != seen;
}

void ThreadTeam::serve(u32 member) {
  for (u32 seen = 0; await(seen);) {
    ++seen;
    work_(what_, member);
    busy_.fetch_sub(1, std::memory_order_release);
  }
}

void ThreadTeam::run(void (*work)(void* what, u32 member), void* what) {
  work_ = work;
  what_ = what;
  busy_ = static_cast<u32>(threads_.size());
  {
    // Under the lock, so that nobody falls asleep between looking at the round and waiting.
    const std::lock_guard guard(lock_);
    ++round_;
  }
  if (asleep_ != 0) wake_.notify_all();
  work(what, 0);
  for (u32 spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin)
    spin < kSpins ? pause() : std::this_thread::yield();
}

}  // namespace pipit::model
