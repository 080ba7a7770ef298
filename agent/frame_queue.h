#pragma once
#include "base/arena.h"
#include "base/text.h"
#include "link/messages.h"
#include "ports/sensor.h"

namespace pipit::agent {

/// Sensor frames that wait for an application: at most `count` of at most `frame_bytes`, oldest first. A
/// sensor exists while some application has it open; frames of others are not kept.
class FrameQueue {
 public:
  static constexpr u32 kMaxSensors = 4;

  static Result<FrameQueue> create(u32 count, u32 frame_bytes, Arena& arena);
  /// Bytes that create() takes of its arena, at most.
  static constexpr usize bytes(u32 count, u32 frame_bytes) {
    return count * (sizeof(Entry) + usize{frame_bytes}) + alignof(Entry);
  }

  /// Handle of a sensor for application `user` (0 or 1). out_of_memory when too many are open.
  Result<u32> open(std::string_view name, u32 user);
  /// Forgets what `user` had open, and frames that nobody can read any more; how many those were.
  u32 close_all(u32 user);
  /// Keeps a copy of a frame: false when no one has the sensor open, the queue is full or the frame is too
  /// large.
  bool push(std::string_view name, const link::SensorFrame& frame, u64 now_ms);
  /// As ports::Sensor::read.
  Result<bool> pop(u32 handle, MutBytes out, ports::FrameInfo& info);

  u32 capacity() const { return static_cast<u32>(entries_.size()); }
  u32 waiting() const { return waiting_; }

 private:
  struct Sensor {
    FixedText<link::kMaxNameBytes> name;
    u8 users = 0;  ///< a bit for each application
  };
  struct Entry {
    ports::FrameInfo info;
    u32 order = 0;
    u8 sensor = 0;
    bool used = false;
  };

  Sensor sensors_[kMaxSensors];
  std::span<Entry> entries_;
  MutBytes data_;
  u32 frame_bytes_ = 0;
  u32 next_order_ = 0;
  u32 waiting_ = 0;
};

}  // namespace pipit::agent
