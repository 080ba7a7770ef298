#include "cli/up/feeder.h"

namespace pipit::up {

Feeder::Feeder(Observer& observer, const model::Dataset& images, std::vector<std::string> devices,
               double frames_per_second)
    : observer_(observer), images_(images), devices_(std::move(devices)), period_(1.0 / frames_per_second) {}

void Feeder::start() {
  if (thread_.joinable()) return;
  const std::lock_guard lock(mutex_);
  stop_ = false;
  starts_.push_back({next_, Clock::now()});
  thread_ = std::thread([this] { feed(); });
}

void Feeder::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Clock::time_point Feeder::due(u32 sequence) const {
  const std::lock_guard lock(mutex_);
  auto start = starts_.rbegin();
  while (start->sequence > sequence) ++start;
  return start->at + std::chrono::duration_cast<Clock::duration>(period_ * (sequence - start->sequence));
}

void Feeder::feed() {
  while (true) {
    const Clock::time_point when = due(next_);
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_until(lock, when, [this] { return stop_; })) return;
    }
    link::SensorFrame frame;
    frame.sequence = next_;
    frame.dtype = DType::u8;
    frame.rank = 2;
    frame.shape = {static_cast<u16>(images_.rows), static_cast<u16>(images_.columns)};
    frame.data = images_.image(next_ % images_.count);
    for (const std::string& device : devices_)
      if (!observer_.publish(device, "camera", frame).ok()) ++failed_;
    ++next_;
  }
}

}  // namespace pipit::up
