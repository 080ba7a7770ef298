// The next version while images keep flowing.
#include <cstdio>

#include "cli/up/pods.h"
#include "cli/up/run.h"

namespace pipit::up {

using support::Error;

namespace {

constexpr u32 kFramesAfter = 20;
constexpr int kPatienceSeconds = 30;

/// What of a device's state a restart would change.
struct Boot {
  u64 id = 0;
  u32 count = 0, handovers = 0;
  u64 uptime_ms = 0, bytes_received = 0;
};

support::Result<Boot> boot_of(const Run& run, const std::string& device) {
  const auto status = run.observer->status(device);
  if (!status) return Error(Code::internal, "no status of " + device);
  const link::DeviceStatus& s = status->status;
  return Boot{s.boot_id, s.boot_count, s.handovers, s.uptime_ms, s.bytes_received};
}

support::Status judge(Run& run, const std::string& device, const Boot& before, u32 from, u32 to) {
  const auto status = run.observer->status(device);
  if (!status) return Error(Code::internal, "no status of " + device);
  const link::DeviceStatus& now = status->status;
  HandoverResult result;
  result.feed = TRY(run.evaluate(device, from, to, kPatienceSeconds));
  result.restarted =
      now.boot_id != before.id || now.boot_count != before.count || now.uptime_ms < before.uptime_ms;
  result.frames_delayed = now.handover_frames_delayed;
  result.instructions = now.handover_instructions;
  result.native = now.active.native;
  result.update_bytes = now.active.fetched_bytes;
  result.bytes_received = now.bytes_received - before.bytes_received;
  run.report.devices[device].handover = result;
  char text[240];
  std::snprintf(text, sizeof text,
                "%s: %u images during the roll-out, %u lost, %u delayed; hand-over %llu device instructions; "
                "%s (boot %u, up %llu s)%s",
                device.c_str(), result.feed.sent, result.feed.lost, result.frames_delayed,
                static_cast<unsigned long long>(result.instructions),
                result.restarted ? "RESTARTED" : "not restarted", now.boot_count,
                static_cast<unsigned long long>(now.uptime_ms / 1000),
                result.native ? "; runs native code" : "");
  run.progress.say(text);
  run.report.require(result.feed.lost == 0, device + " lost images during the roll-out");
  run.report.require(result.feed.different == 0,
                     device + ": outputs differ from the host's during the roll-out");
  run.report.require(result.update_bytes > 0, device + " runs the new version without having fetched it");
  run.report.require(result.native,
                     device + " runs version 2.0.0 from its module although it has native code for it");
  run.report.require(!result.restarted, device + " restarted during the roll-out");
  run.report.require(
      now.handovers == before.handovers + 1,
      device + " counts " + std::to_string(now.handovers - before.handovers) + " hand-overs, not one");
  return {};
}

}  // namespace

support::Status roll_out(Run& run) {
  const Kubectl kubectl = run.kubectl();
  std::vector<Boot> before;
  before.reserve(run.devices.size());
  for (const Device& device : run.devices) before.push_back(TRY(boot_of(run, device.name)));
  const u32 from = run.feeder->next();
  TRY(kubectl.run({"set", "image", "daemonset/fashion", "fashion=" + image_of(2)}));
  TRY(run.wait("every device to run " + image_of(2), 180,
               [&] { return all_running(kubectl, run.device_names(), image_of(2)); }));
  for (const Device& device : run.devices)
    TRY(run.wait(device.name + " to answer with version 2.0.0", 60,
                 [&] { return run.observer->first_answer(device.name, "2.0.0", from).has_value(); }));
  const u32 to = run.feeder->next() + kFramesAfter;
  TRY(run.wait("images after the roll-out", 60, [&] { return run.feeder->next() >= to; }));
  // A status comes at least every 10 s: wait for one that knows of the hand-over.
  for (usize i = 0; i < run.devices.size(); ++i) {
    const std::string& device = run.devices[i].name;
    TRY(run.wait("a status of " + device + " after the hand-over", 20, [&] {
      const auto status = run.observer->status(device);
      return status && status->status.handovers != before[i].handovers;
    }));
    TRY(judge(run, device, before[i], from, to));
  }
  return {};
}

}  // namespace pipit::up
