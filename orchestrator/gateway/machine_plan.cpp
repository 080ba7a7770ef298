#include "orchestrator/gateway/machine_plan.h"

#include <algorithm>
#include <set>

namespace pipit::gateway {

namespace {

using Kind = MachineStep::Kind;

bool waits(const PodView& pod) { return pod.node.empty() && !pod.deleting && !pod.finished(); }

/// Whether `machine` answers for a predecessor of `pod` that is going, and is what `pod` asks for.
bool succeeds(const MachineFacts& machine, const MachinePod& pod, const std::vector<MachinePod>& pods) {
  if (machine.ending || !machine.occupied || machine.workload.empty()) return false;
  if (machine.workload != workload_of(pod.view) || machine.shape != pod.shape) return false;
  if (pod.shape.has_scratch()) return false;  // its emptyDir begins empty
  return std::ranges::none_of(pods, [&](const MachinePod& other) {
    return other.view.uid == machine.uid && !other.view.deleting && !other.view.finished();
  });
}

/// Finds each waiting Pod a machine; those that are `taken` are not idle.
class Placement {
 public:
  Placement(const std::vector<MachineFacts>& machines, const std::vector<MachinePod>& pods, usize most)
      : machines_(machines), pods_(pods), free_(most - std::min(most, machines.size())) {}

  void place(const MachinePod& pod, std::vector<MachineStep>& steps) {
    const std::string& uid = pod.view.uid;
    if (const MachineFacts* own = find([&](const MachineFacts& m) { return m.uid == uid && !m.ending; })) {
      taken_.insert(own->device);
      if (own->ready) steps.push_back({Kind::bind, own->device, uid});
    } else if (pod.held) {
      return;
    } else if (const MachineFacts* heir = find([&](const MachineFacts& m) {
                 return !taken_.contains(m.device) && succeeds(m, pod, pods_);
               })) {
      taken_.insert(heir->device);
      steps.push_back({Kind::assign, heir->device, uid});
    } else if (free_ > 0) {
      --free_;
      steps.push_back({Kind::create, "", uid});
    } else {
      steps.push_back({Kind::full, "", uid});
    }
  }

  bool needed(const MachineFacts& machine) const {
    return taken_.contains(machine.device) || machine.occupied ||
           std::ranges::any_of(pods_, [&](const MachinePod& pod) {
             return pod.view.node == machine.device && !pod.view.finished();
           });
  }

 private:
  template <class Test>
  const MachineFacts* find(const Test& test) const {
    const auto found = std::ranges::find_if(machines_, test);
    return found == machines_.end() ? nullptr : &*found;
  }

  const std::vector<MachineFacts>& machines_;
  const std::vector<MachinePod>& pods_;
  usize free_;
  std::set<std::string> taken_;
};

}  // namespace

std::string workload_of(const PodView& pod) {
  if (!pod.owner) return "";
  std::string name = pod.owner->name;
  const auto hash = pod.labels.find("pod-template-hash");
  if (hash != pod.labels.end() && hash->is_string()) {
    const std::string suffix = "-" + hash->get<std::string>();
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  return pod.name_space + "/" + pod.owner->kind + "/" + name;
}

std::vector<MachineStep> plan_machines(const std::vector<MachineFacts>& machines,
                                       const std::vector<MachinePod>& pods, usize most, i64 now_ms) {
  std::vector<MachineStep> steps;
  Placement placement(machines, pods, most);
  for (const MachinePod& pod : pods)
    if (waits(pod.view) && pod.view.unsupported.empty()) placement.place(pod, steps);
  for (const MachineFacts& machine : machines) {
    if (machine.ending) continue;
    if (!placement.needed(machine)) {
      if (machine.idle_ms == 0)
        steps.push_back({Kind::rest, machine.device, ""});
      else if (now_ms - machine.idle_ms >= kMachineLingerMs)
        steps.push_back({Kind::end, machine.device, ""});
      continue;
    }
    if (machine.idle_ms != 0) steps.push_back({Kind::wake, machine.device, ""});
    if (!machine.running && now_ms >= machine.retry_ms) steps.push_back({Kind::start, machine.device, ""});
  }
  return steps;
}

}  // namespace pipit::gateway
