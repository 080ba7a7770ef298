#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/up/observer.h"
#include "compiler/model/dataset.h"

namespace pipit::up {

/// The camera of every device: frame k goes out at start + k / rate whatever became of the frames before it
/// (open loop), with k as its sequence number.
class Feeder {
 public:
  /// `observer` and `images` outlive the feeder.
  Feeder(Observer& observer, const model::Dataset& images, std::vector<std::string> devices,
         double frames_per_second);
  ~Feeder() { stop(); }
  Feeder(const Feeder&) = delete;

  void start();
  /// No more frames; the numbers go on where they were after another start().
  void stop();
  /// Sequence number of the next frame.
  u32 next() const { return next_; }
  /// When a frame was to go out; it may have been sent later than that when this machine was busy.
  Clock::time_point due(u32 sequence) const;
  /// Frames that could not be handed to the broker.
  u32 failed() const { return failed_; }

 private:
  void feed();
  Observer& observer_;
  const model::Dataset& images_;
  std::vector<std::string> devices_;
  std::chrono::duration<double> period_;
  std::atomic<u32> next_{0}, failed_{0};
  struct Start {
    u32 sequence;
    Clock::time_point at;
  };
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::vector<Start> starts_;
  std::thread thread_;
};

}  // namespace pipit::up
