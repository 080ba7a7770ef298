#include "agent/frame_queue.h"

#include <cstring>

namespace pipit::agent {

Result<FrameQueue> FrameQueue::create(u32 count, u32 frame_bytes, Arena& arena) {
  FrameQueue queue;
  queue.entries_ = TRY(arena.make_array<Entry>(count));
  queue.data_ = TRY(arena.make_array<u8>(usize{count} * frame_bytes));
  queue.frame_bytes_ = frame_bytes;
  return queue;
}

Result<u32> FrameQueue::open(std::string_view name, u32 user) {
  const u8 bit = static_cast<u8>(1u << user);
  u32 free = kMaxSensors;
  for (u32 i = 0; i < kMaxSensors; ++i) {
    Sensor& sensor = sensors_[i];
    if (sensor.users != 0 && sensor.name.view() == name) {
      sensor.users |= bit;
      return i;
    }
    if (sensor.users == 0 && free == kMaxSensors) free = i;
  }
  if (free == kMaxSensors) return Error{Code::out_of_memory, "too many sensors are open", kMaxSensors};
  sensors_[free].name.assign(name);
  sensors_[free].users = bit;
  return free;
}

u32 FrameQueue::close_all(u32 user) {
  u32 lost = 0;
  for (u32 i = 0; i < kMaxSensors; ++i) {
    sensors_[i].users &= static_cast<u8>(~(1u << user));
    if (sensors_[i].users != 0) continue;
    for (Entry& entry : entries_) {
      if (!entry.used || entry.sensor != i) continue;
      entry.used = false;
      --waiting_;
      ++lost;
    }
  }
  return lost;
}

bool FrameQueue::push(std::string_view name, const link::SensorFrame& frame, u64 now_ms) {
  if (frame.data.size() > frame_bytes_) return false;
  u32 sensor = 0;
  while (sensor < kMaxSensors && (sensors_[sensor].users == 0 || sensors_[sensor].name.view() != name))
    ++sensor;
  if (sensor == kMaxSensors) return false;
  for (usize i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.used) continue;
    entry.info = {frame.sequence, frame.dtype, frame.rank, frame.shape, static_cast<u32>(frame.data.size()),
                  now_ms};
    entry.sensor = static_cast<u8>(sensor);
    entry.order = next_order_++;
    entry.used = true;
    if (!frame.data.empty()) std::memcpy(&data_[i * frame_bytes_], frame.data.data(), frame.data.size());
    ++waiting_;
    return true;
  }
  return false;
}

Result<bool> FrameQueue::pop(u32 handle, MutBytes out, ports::FrameInfo& info) {
  if (handle >= kMaxSensors || sensors_[handle].users == 0)
    return Error{Code::not_found, "no sensor has this handle", handle};
  Entry* oldest = nullptr;
  for (Entry& entry : entries_)
    // Differences, so that the counter may wrap.
    if (entry.used && entry.sensor == handle &&
        (oldest == nullptr || static_cast<i32>(entry.order - oldest->order) < 0))
      oldest = &entry;
  if (oldest == nullptr) return false;
  if (oldest->info.bytes > out.size())
    return Error{Code::out_of_range, "frame is larger than its buffer", oldest->info.bytes};
  const usize index = static_cast<usize>(oldest - entries_.data());
  if (oldest->info.bytes != 0) std::memcpy(out.data(), &data_[index * frame_bytes_], oldest->info.bytes);
  info = oldest->info;
  oldest->used = false;
  --waiting_;
  return true;
}

}  // namespace pipit::agent
