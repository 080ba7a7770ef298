#include "orchestrator/gateway/pod_status.h"

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::find;
using support::Json;
using support::text_at;

namespace {
constexpr const char* kOwnFields[] = {
    "phase", "reason", "message", "hostIP", "startTime", "containerStatuses", "conditions"};

Json waiting(const char* reason, std::string message) {
  Json state = {{"reason", reason}};
  if (!message.empty()) state["message"] = std::move(message);
  return {{"waiting", std::move(state)}};
}

Json terminated(const Termination& end) {
  Json state = {{"exitCode", end.exit_code},
                {"reason", end.reason},
                {"startedAt", rfc3339(end.started_ms)},
                {"finishedAt", rfc3339(end.finished_ms)}};
  if (!end.message.empty()) state["message"] = end.message;
  return {{"terminated", std::move(state)}};
}

std::string progress_text(const AppReport* report) {
  using link::AppState;
  if (report == nullptr) return "waiting for the device";
  switch (report->state) {
    case AppState::fetching:
      return "fetching: " + std::to_string(report->fetched_bytes) + " of " +
             std::to_string(report->total_bytes) + " bytes";
    case AppState::verifying: return "verifying digest, imports and memory";
    case AppState::starting: return "instantiated, has not taken over yet";
    case AppState::stopped: return "stopped by the device";
    default: return "waiting for the device";
  }
}

/// The state before a Pod's package is on its device, or null.
Json image_state(const ImageProgress& image) {
  switch (image.state) {
    case ImageProgress::State::unknown: return waiting("ContainerCreating", "");
    case ImageProgress::State::pulling: return waiting("ContainerCreating", "pulling the package");
    case ImageProgress::State::failed: return waiting("ErrImagePull", image.message);
    case ImageProgress::State::waiting: return waiting("ImagePullBackOff", image.message);
    case ImageProgress::State::ready: return nullptr;
  }
  return nullptr;
}

Json container_state(const PodView& view, const PodFacts& facts) {
  const RunState& run = facts.run;
  if (run.ended && run.final && run.last) return terminated(*run.last);
  if (run.running) return {{"running", {{"startedAt", rfc3339(run.started_ms)}}}};
  if (!facts.slot_holder.empty())
    return waiting("SlotBusy", "waiting for its turn: " + facts.slot_holder + " is newer and has the device");
  if (run.ended && run.last)
    return waiting("CrashLoopBackOff",
                   "back-off " + std::to_string((run.retry_ms - run.last->finished_ms) / 1000) + "s before " +
                       view.container + " is started again: " + run.last->reason + ": " + run.last->message);
  if (Json state = image_state(facts.image); !state.is_null()) return state;
  if (!facts.device_alive) return waiting("ContainerCreating", "device is offline");
  return waiting("ContainerCreating", progress_text(facts.report));
}

Json container_status(const PodView& view, const Json& pod, const PodFacts& facts) {
  const RunState& run = facts.run;
  Json out = {{"name", view.container},
              {"image", view.image},
              {"imageID", ""},
              {"restartCount", run.attempt},
              {"ready", run.running && facts.device_alive},
              {"started", run.running},
              {"state", container_state(view, facts)},
              {"lastState", Json::object()}};
  if (!facts.image.digest.empty())
    out["imageID"] = facts.image.digest;
  else
    out["imageID"] = text_at(pod, {"status", "containerStatuses", "0", "imageID"});
  if (run.last && !(run.ended && run.final)) out["lastState"] = terminated(*run.last);
  // A status without a container id would hide `kubectl logs --previous` and the state from dashboards.
  if (run.running || run.last) out["containerID"] = "pipit://" + view.uid + "-" + std::to_string(run.attempt);
  return out;
}

const Json* old_condition(const Json& pod, const std::string& type) {
  const Json* conditions = find(pod, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const Json& condition : *conditions)
    if (text_at(condition, {"type"}) == type) return &condition;
  return nullptr;
}

Json condition(const Json& pod, const char* type, bool status, const char* reason, i64 now_ms) {
  const char* value = status ? "True" : "False";
  std::string since = rfc3339(now_ms);
  if (const Json* old = old_condition(pod, type); old != nullptr && text_at(*old, {"status"}) == value)
    since = text_at(*old, {"lastTransitionTime"}, since);
  Json out = {{"type", type}, {"status", value}, {"lastProbeTime", nullptr}, {"lastTransitionTime", since}};
  if (!status && reason[0] != '\0') out["reason"] = reason;
  return out;
}

Json conditions(const Json& pod, bool ready, bool finished, i64 now_ms) {
  const char* why = finished ? "PodCompleted" : "ContainersNotReady";
  Json out = Json::array({condition(pod, "Initialized", true, "", now_ms),
                          condition(pod, "Ready", ready, why, now_ms),
                          condition(pod, "ContainersReady", ready, why, now_ms)});
  const Json* scheduled = old_condition(pod, "PodScheduled");
  out.push_back(scheduled != nullptr ? *scheduled : condition(pod, "PodScheduled", true, "", now_ms));
  if (const Json* old = find(pod, {"status", "conditions"}); old != nullptr && old->is_array())
    for (const Json& other : *old) {
      const std::string type = text_at(other, {"type"});
      if (type != "Initialized" && type != "Ready" && type != "ContainersReady" && type != "PodScheduled")
        out.push_back(other);
    }
  return out;
}

const char* phase_of(const RunState& run) {
  if (run.ended && run.final) return run.last && run.last->exit_code == 0 ? "Succeeded" : "Failed";
  return run.running || run.last ? "Running" : "Pending";
}
}  // namespace

Json pod_status(const PodView& view, const Json& pod, const PodFacts& facts) {
  Json out = {{"hostIP", facts.host_ip},
              {"startTime", text_at(pod, {"status", "startTime"}, rfc3339(facts.now_ms))}};
  if (!view.unsupported.empty()) {
    out["phase"] = "Failed";
    out["reason"] = "UnsupportedPodSpec";
    out["message"] = view.unsupported;
    out["conditions"] = conditions(pod, false, true, facts.now_ms);
    return out;
  }
  const RunState& run = facts.run;
  const bool finished = run.ended && run.final;
  out["phase"] = phase_of(run);
  out["containerStatuses"] = Json::array({container_status(view, pod, facts)});
  out["conditions"] = conditions(pod, run.running && facts.device_alive, finished, facts.now_ms);
  return out;
}

bool same_status(const Json& pod, const Json& status) {
  const Json* old = find(pod, {"status"});
  for (const char* field : kOwnFields) {
    const Json* before = old == nullptr ? nullptr : find(*old, {field});
    const Json* after = find(status, {field});
    const bool had = before != nullptr && !before->is_null(), has = after != nullptr && !after->is_null();
    if (had != has) return false;
    if (!has) continue;
    if (std::string_view(field) != "conditions" || !before->is_array()) {
      if (*before != *after) return false;
      continue;
    }
    // The order is nobody's promise: strategic merge appends.
    if (before->size() != after->size()) return false;
    for (const Json& one : *after) {
      const Json* other = old_condition(pod, text_at(one, {"type"}));
      if (other == nullptr || *other != one) return false;
    }
  }
  return true;
}

Json pod_status_patch(const std::string& uid, Json status) {
  // Conditions are merged by type: what an earlier one said must be taken away by name.
  for (Json& condition : status["conditions"])
    for (const char* field : {"reason", "message"})
      if (!condition.contains(field)) condition[field] = nullptr;
  return {{"metadata", {{"uid", uid}}}, {"status", std::move(status)}};
}

}  // namespace pipit::gateway
