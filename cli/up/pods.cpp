#include "cli/up/pods.h"

#include <algorithm>

namespace pipit::up {

using support::Json;
using support::Result;
using support::text_at;

namespace {

PodState state_of(const Json& pod) {
  PodState out;
  out.name = text_at(pod, {"metadata", "name"});
  out.node = text_at(pod, {"spec", "nodeName"});
  out.image = text_at(pod, {"spec", "containers", "0", "image"});
  out.deleting = support::find(pod, {"metadata", "deletionTimestamp"}) != nullptr;
  if (const Json* status = support::find(pod, {"status"})) out.status = *status;
  const Json* container = support::find(pod, {"status", "containerStatuses", "0"});
  if (container == nullptr) return out;
  out.running =
      support::find(*container, {"state", "running"}) != nullptr && support::bool_at(*container, {"ready"});
  for (const auto& [when, what] :
       {std::pair{"lastState", "terminated"}, {"state", "terminated"}, {"state", "waiting"}}) {
    if (!out.reason.empty()) break;
    out.reason = text_at(*container, {when, what, "reason"});
    out.message = text_at(*container, {when, what, "message"});
  }
  return out;
}

}  // namespace

Result<std::vector<PodState>> pods(const Kubectl& kubectl) {
  const Json list = TRY(kubectl.get({"pods", "-l", "app=fashion"}));
  std::vector<PodState> states;
  if (const Json* items = support::find(list, {"items"}); items != nullptr && items->is_array())
    for (const Json& pod : *items) states.push_back(state_of(pod));
  return states;
}

bool all_running(const Kubectl& kubectl, const std::vector<std::string>& nodes, const std::string& image) {
  const auto states = pods(kubectl);
  if (!states.ok() || states->size() != nodes.size()) return false;
  return std::ranges::all_of(nodes, [&](const std::string& node) {
    return std::ranges::any_of(*states, [&](const PodState& pod) {
      return pod.node == node && pod.running && !pod.deleting && pod.image == image;
    });
  });
}

}  // namespace pipit::up
