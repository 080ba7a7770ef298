#include <memory>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/pods.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using kube::path_of;
using support::Json;

namespace {
constexpr i64 kRetryMs = 2'000;

bool on_device(const AppReport* report) {
  using link::AppState;
  return report != nullptr && report->state >= AppState::fetching && report->state <= AppState::running;
}
}  // namespace

void Pods::write_status(PodRecord& pod, const PodRecord* holder, const Device& device, Slot& slot,
                        i64 now_ms) {
  if (pod.writing) return;  // its end settles again
  if (now_ms < pod.write_ms) {
    due(slot, pod.write_ms);
    return;
  }
  PodFacts facts;
  facts.device_alive = device.alive;
  if (holder != nullptr && holder != &pod) facts.slot_holder = holder->view.key();
  facts.image = pod.image;
  facts.run = pod.run;
  if (device.report)
    if (const AppReport* report = device.report->of(pod.view.uid);
        report != nullptr && report->attempt == pod.run.attempt)
      facts.report = report;
  facts.host_ip = options_.node_ip;
  facts.now_ms = now_ms;
  submit_status(pod, pod_status(pod.view, pod.object, facts));
}

void Pods::refuse_unbound(i64 now_ms) {
  for (auto& [uid, pod] : pods_) {
    const PodView& view = pod.view;
    const bool refused = view.machine && view.node.empty() && !view.unsupported.empty();
    if (!refused || view.finished() || view.deleting || pod.writing || now_ms < pod.write_ms) continue;
    PodFacts facts;
    facts.host_ip = options_.node_ip;
    facts.now_ms = now_ms;
    submit_status(pod, pod_status(view, pod.object, facts));
  }
}

void Pods::submit_status(PodRecord& pod, Json status) {
  if (same_status(pod.object, status)) return;
  if (!pod.view.unsupported.empty() && !pod.announced) {
    pod.announced = true;
    parts_.events.warning(pod.view, "UnsupportedPodSpec", pod.view.unsupported);
  }
  const std::string path = path_of(kube::kPods, pod.view.name_space, pod.view.name, "status");
  const auto job = [this, uid = pod.view.uid, path,
                    patch = pod_status_patch(pod.view.uid, std::move(status))] {
    auto result =
        std::make_shared<kube::Result<Json>>(parts_.client.patch(path, kube::Patch::strategic, patch));
    parts_.loop.post([this, uid, result] { status_written(uid, std::move(*result)); });
  };
  pod.writing = parts_.executor.submit("pod/" + pod.view.uid, job);
}

void Pods::status_written(const std::string& uid, kube::Result<Json> result) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  PodRecord& pod = found->second;
  const i64 now = unix_ms();
  pod.writing = false;
  if (result.ok()) {
    // The watch brings the same later; until then this is the newest there is.
    if (support::text_at(*result, {"metadata", "uid"}) == uid) {
      pod.object = std::move(result).value();
      pod.view = view_pod(pod.object);
    }
  } else {
    pod.write_ms = now + kRetryMs;
    if (!result.error().not_found() && !result.error().conflict())
      log(Level::warn, "pod status not written", {{"pod", pod.view.key()}, {"error", result.error().text}});
  }
  settle(pod.view.node, now);
}

bool Pods::may_remove(const PodRecord& pod, bool successor, const Device& device, Slot& slot, i64 now_ms) {
  // Its application still is what the device should run: for a successor that is here, or is decided to come.
  if (slot.app && slot.app->uid == pod.view.uid)
    return successor || (slot.departure && slot.departure->decided);
  if (slot.app || !device.alive || !device.report || now_ms >= pod.view.delete_by_ms) return true;
  if (!on_device(device.report->of(pod.view.uid))) return true;
  due(slot, pod.view.delete_by_ms);
  return false;
}

void Pods::remove_object(PodRecord& pod) {
  if (pod.removing) return;
  const Json options = {{"gracePeriodSeconds", 0}, {"preconditions", {{"uid", pod.view.uid}}}};
  const std::string path = path_of(kube::kPods, pod.view.name_space, pod.view.name);
  pod.removing = parts_.executor.submit("pod/" + pod.view.uid, [this, uid = pod.view.uid, path, options] {
    auto result = std::make_shared<kube::Result<Json>>(parts_.client.remove(path, options));
    parts_.loop.post([this, uid, result] {
      const auto found = pods_.find(uid);
      if (found == pods_.end() || result->ok() || result->error().not_found() || result->error().conflict())
        return;
      log(Level::warn, "pod not removed",
          {{"pod", found->second.view.key()}, {"error", result->error().text}});
      found->second.removing = false;
      due(slots_[found->second.view.node], unix_ms() + kRetryMs);
    });
  });
}

}  // namespace pipit::gateway
