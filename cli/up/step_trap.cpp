// A broken release: the device stays with the version it has, the Pod says why, and kubectl undoes it.
#include "cli/up/pods.h"
#include "cli/up/run.h"

namespace pipit::up {

namespace {

constexpr int kPatienceSeconds = 30;
/// Longer than the gateway lets an application outlive its Pod: the old version must stay even so.
constexpr double kWatchSeconds = 35;

/// True once the Pod on this node tells of a trap.
bool tells_of_trap(const Kubectl& kubectl, const std::string& node, TrapResult& result) {
  const auto states = pods(kubectl);
  if (!states.ok()) return false;
  for (const PodState& pod : *states) {
    if (pod.node != node || pod.image != image_of(3) || pod.message.find("offset") == std::string::npos)
      continue;
    result.reason = pod.reason;
    result.message = pod.message;
    return true;
  }
  return false;
}

}  // namespace

support::Status roll_out_trap(Run& run) {
  const Kubectl kubectl = run.kubectl();
  const u32 from = run.feeder->next();
  TRY(kubectl.run({"set", "image", "daemonset/fashion", "fashion=" + image_of(3)}));
  for (const Device& device : run.devices) {
    TrapResult& result = run.report.devices[device.name].trap;
    TRY(run.wait("the Pod on " + device.name + " to tell of the trap", 120,
                 [&] { return tells_of_trap(kubectl, device.name, result); }));
    run.progress.say(device.name + ": " + result.reason + ": " + result.message);
    run.report.require(result.message.find("start_camera") != std::string::npos,
                       device.name + ": the Pod does not name the function that trapped");
  }
  const u32 to = run.feeder->next() + static_cast<u32>(kWatchSeconds * run.options.rate);
  TRY(run.wait("images beside the broken release", 120, [&] { return run.feeder->next() >= to; }));
  for (const Device& device : run.devices) {
    TrapResult& result = run.report.devices[device.name].trap;
    result.feed = TRY(run.evaluate(device.name, from, to, kPatienceSeconds));
    run.progress.say(device.name + ": version 2.0.0 answered " + std::to_string(result.feed.answered) +
                     " of " + std::to_string(result.feed.sent) + " images meanwhile");
    run.report.require(result.feed.lost == 0, device.name + " lost images beside the broken release");
    run.report.require(result.feed.different == 0,
                       device.name + ": outputs differ beside the broken release");
    run.report.require(!run.observer->first_answer(device.name, "3.0.0", from),
                       device.name + " was answered by 3.0.0");
  }
  TRY(kubectl.run({"rollout", "undo", "daemonset/fashion"}));
  TRY(run.wait("every device to run " + image_of(2) + " again", 120,
               [&] { return all_running(kubectl, run.device_names(), image_of(2)); }));
  const u32 undone = run.feeder->next();
  for (const Device& device : run.devices)
    TRY(run.wait(device.name + " to answer after the undo", 60,
                 [&] { return run.observer->first_answer(device.name, "2.0.0", undone).has_value(); }));
  run.progress.say("kubectl rollout undo: every device runs " + image_of(2));
  return {};
}

}  // namespace pipit::up
