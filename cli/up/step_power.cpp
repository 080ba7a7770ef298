// A power cut: the node is NotReady until its board is back, which runs its application again.
#include <cstdio>

#include "cli/up/pods.h"
#include "cli/up/run.h"

namespace pipit::up {

using support::Error;

namespace {

std::string ready(const Run& run, const std::string& node) {
  const auto object = run.kubectl().get({"node", node});
  return object.ok() ? condition(*object, "Ready") : "";
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What the device counted until now; a restart begins anew.
void note_counters(Run& run, const std::string& device) {
  const auto status = run.observer->status(device);
  if (!status) return;
  const link::DeviceStatus& s = status->status;
  DeviceResult& result = run.report.devices[device];
  result.bytes_received = s.bytes_received;
  result.bytes_sent = s.bytes_sent;
  result.static_bytes = s.static_bytes;
  result.stack_peak_bytes = s.stack_peak_bytes;
  result.heap_peak_bytes = s.heap_peak_bytes;
  result.arena_peak_bytes = s.arena_peak_bytes;
}

/// Yields when the power came back.
support::Result<Clock::time_point> cut(Run& run, Device& device) {
  const auto before = run.observer->status(device.name);
  if (!before) return Error(Code::internal, "no status of " + device.name);
  PowerResult& result = run.report.devices[device.name].power;
  Clock::time_point begin = Clock::now();
  run.power_off(device);
  TRY(run.wait(device.name + " to be NotReady", 90, [&] {
    const std::string state = ready(run, device.name);
    return !state.empty() && state != "True";
  }));
  result.not_ready_s = seconds_since(begin);

  begin = Clock::now();
  TRY(run.power_on(device));
  TRY(run.wait(device.name + " to be Ready again", 90, [&] { return ready(run, device.name) == "True"; }));
  result.ready_s = seconds_since(begin);
  std::optional<OwnedStatus> status;
  TRY(run.wait("the application on " + device.name + " to run again", 90, [&] {
    status = run.observer->status(device.name);
    return status && status->status.boot_id != before->status.boot_id &&
           status->status.active.state == link::AppState::running;
  }));
  result.bytes_received = status->status.bytes_received;
  run.report.require(
      !run.report.devices[device.name].persistent || result.bytes_received < run.report.package_bytes,
      device.name + " fetched its application again, although it lay in flash");
  return begin;
}

support::Status ask(Run& run, Device& device, Clock::time_point power_on) {
  const u32 from = run.feeder->next();
  run.feeder->start();
  TRY(run.wait(device.name + " to answer after its power cut", 90,
               [&] { return run.observer->first_answer(device.name, "2.0.0", from).has_value(); }));
  run.feeder->stop();
  PowerResult& result = run.report.devices[device.name].power;
  result.answering_s = seconds_since(power_on);
  const auto status = run.observer->status(device.name);
  char text[200];
  std::snprintf(text, sizeof text,
                "%s: NotReady after %.1f s; back on: Ready after %.1f s, answers after %.1f s (boot %u)",
                device.name.c_str(), result.not_ready_s, result.ready_s, result.answering_s,
                status ? status->status.boot_count : 0);
  run.progress.say(text);
  return {};
}

}  // namespace

support::Status cut_power(Run& run) {
  run.feeder->stop();
  for (const Device& device : run.devices) note_counters(run, device.name);
  for (Device& device : run.devices) {
    const Clock::time_point power_on = TRY(cut(run, device));
    TRY(ask(run, device, power_on));
  }
  return {};
}

}  // namespace pipit::up
