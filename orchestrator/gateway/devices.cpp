#include "orchestrator/gateway/devices.h"

namespace pipit::gateway {

namespace {
/// Takes the same time wherever the first difference is.
bool same_secret(std::string_view a, std::string_view b) {
  u8 difference = a.size() == b.size() ? 0 : 1;
  for (usize i = 0; i < a.size(); ++i) difference |= static_cast<u8>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
  return difference == 0;
}
}  // namespace

Devices::Verdict Devices::hello(std::string_view topic_name, const link::Hello& hello, i64 now_ms) {
  if (!valid_device_name(hello.device) || hello.device != topic_name)
    return {.reason = "name is no lower-case DNS label, or not the topic's"};
  const auto own = own_tokens_.find(topic_name);
  const std::string& token = own != own_tokens_.end() ? own->second : token_;
  if (token.empty() || hello.token.empty() || !same_secret(hello.token, token))
    return {.reason = "device token is not valid"};

  const auto held = devices_.find(topic_name);
  if (held == devices_.end() && devices_.size() >= kMaxDevices) return {.reason = "gateway is full"};
  const bool other_boot = held != devices_.end() && held->second.identity.boot_id != hello.boot_id;
  if (other_boot && held->second.alive && now_ms - held->second.last_seen_ms < kSilenceMs)
    return {.reason = "name is held by another live device"};

  Device& device = held != devices_.end() ? held->second : devices_[std::string(topic_name)];
  const bool new_boot = held == devices_.end() || other_boot;
  if (new_boot) device.report.reset();
  device.identity = identity_of(hello);
  if (!device.alive) device.changed_ms = now_ms;
  device.alive = true;
  device.last_seen_ms = now_ms;
  return {.admitted = true, .new_boot = new_boot};
}

Devices::Effect Devices::status(std::string_view topic_name, DeviceReport report, bool retained, i64 now_ms) {
  const auto held = devices_.find(topic_name);
  if (held == devices_.end()) return report.online && !retained ? Effect::unknown : Effect::ignored;
  Device& device = held->second;
  if (device.kept) return Effect::ignored;
  if (report.boot_id != device.identity.boot_id) return Effect::ignored;

  const bool was_alive = device.alive;
  if (!report.online) {
    // The will was written when the device connected and knows nothing of what ran since.
    device.alive = false;
    if (was_alive) device.changed_ms = now_ms;
    return was_alive ? Effect::went_offline : Effect::updated;
  }
  if (retained && device.report) return Effect::ignored;
  device.report = std::move(report);
  device.last_seen_ms = now_ms;
  device.alive = true;
  if (!was_alive) device.changed_ms = now_ms;
  return was_alive ? Effect::updated : Effect::came_online;
}

std::vector<std::string> Devices::expire(i64 now_ms) {
  std::vector<std::string> silent;
  for (auto& [name, device] : devices_) {
    if (!device.alive || device.kept || now_ms - device.last_seen_ms < kSilenceMs) continue;
    device.alive = false;
    device.changed_ms = now_ms;
    silent.push_back(name);
  }
  return silent;
}

void Devices::restore(const DeviceIdentity& identity, i64 now_ms) {
  if (!valid_device_name(identity.name) || devices_.size() >= kMaxDevices) return;
  Device& device = devices_[identity.name];
  device.identity = identity;
  device.alive = false;
  device.last_seen_ms = 0;
  device.changed_ms = now_ms;
}

void Devices::keep(std::string_view name) {
  const auto held = devices_.find(name);
  if (held == devices_.end()) return;
  held->second.kept = held->second.alive = true;
}

void Devices::forget(std::string_view name) {
  if (const auto found = devices_.find(name); found != devices_.end()) devices_.erase(found);
  if (const auto found = own_tokens_.find(name); found != own_tokens_.end()) own_tokens_.erase(found);
}

const Device* Devices::find(std::string_view name) const {
  const auto found = devices_.find(name);
  return found == devices_.end() ? nullptr : &found->second;
}

}  // namespace pipit::gateway
