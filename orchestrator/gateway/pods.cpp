#include "orchestrator/gateway/pods.h"

#include <algorithm>

#include "base/check.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Json;
using support::text_at;

namespace {
std::string container_key(const PodView& view) { return view.key() + "/" + view.container; }
}  // namespace

Pods::Pods(Options options, Parts parts)
    : options_(std::move(options)), parts_(std::move(parts)), slots_file_(options_.slots_file, "slots") {
  const Json saved = slots_file_.load(Json::value_t::object);
  for (const auto& [device, slot] : saved.items()) slots_[device] = slot_from(slot);
}

void Pods::on_delta(kube::Delta delta) {
  if (delta.type == kube::Delta::Type::synced) {
    synced_ = true;
    prune_images();  // nothing is pulled yet
    std::set<std::string> uids;
    for (const auto& [uid, pod] : pods_) uids.insert(uid);
    parts_.logs.keep_only(uids);
    const i64 now = unix_ms();
    for (const auto& [name, device] : parts_.devices.all()) settle(name, now);
    return;
  }
  const std::string uid = text_at(delta.object, {"metadata", "uid"});
  if (uid.empty()) return;
  std::string node;
  if (delta.type == kube::Delta::Type::removed) {
    const auto found = pods_.find(uid);
    if (found == pods_.end()) return;
    node = found->second.view.node;
    by_node_[node].erase(uid);
    if (by_node_[node].empty()) by_node_.erase(node);
    pods_.erase(found);
    parts_.logs.close(uid);
  } else {
    const auto [found, fresh] = pods_.try_emplace(uid);
    PodRecord& pod = found->second;
    if (!pod.view.node.empty()) by_node_[pod.view.node].erase(uid);
    pod.object = std::move(delta.object);
    pod.view = view_pod(pod.object);
    if (fresh) pod.run = resume_run(pod.object, pod.view.restart_policy);
    node = pod.view.node;
    if (!node.empty()) by_node_[node].insert(uid);
  }
  if (!node.empty()) settle(node, unix_ms());
}

void Pods::device_changed(const std::string& device) { settle(device, unix_ms()); }

void Pods::tick(i64 now_ms) {
  std::vector<std::string> late;
  for (const auto& [name, slot] : slots_)
    if (slot.due_ms != 0 && slot.due_ms <= now_ms) late.push_back(name);
  for (const std::string& name : late) settle(name, now_ms);
  if (synced_) refuse_unbound(now_ms);
  if (slots_file_.due(now_ms)) save_slots(now_ms);
}

void Pods::due(Slot& slot, i64 at_ms) {
  if (slot.due_ms == 0 || at_ms < slot.due_ms) slot.due_ms = at_ms;
}

PodRecord* Pods::choose_holder(const std::string& device) {
  const auto uids = by_node_.find(device);
  if (uids == by_node_.end()) return nullptr;
  PodRecord* newest = nullptr;
  for (const std::string& uid : uids->second) {
    PodRecord& pod = pods_[uid];
    const bool candidate = !pod.view.deleting && !pod.view.finished() && pod.view.unsupported.empty() &&
                           !(pod.run.ended && pod.run.final);
    if (!candidate) continue;
    if (newest == nullptr ||
        std::pair(pod.view.created_ms, pod.view.uid) > std::pair(newest->view.created_ms, newest->view.uid))
      newest = &pod;
  }
  return newest;
}

void Pods::watch_run(PodRecord& pod, const Device& device, Slot& slot, i64 now_ms) {
  // Right after a start of gateway or device nothing is known yet: what was known before stands.
  if (!device.report) return;
  const RunEvent event = observe(pod.run, pod.view.restart_policy, device.report->of(pod.view.uid), now_ms);
  switch (event) {
    case RunEvent::none: break;
    case RunEvent::started: {
      parts_.logs.started(pod.view.uid);
      parts_.events.normal(pod.view, "Started", "running on " + pod.view.node);
      if (!slot.previous.empty() && slot.app && slot.app->uid == pod.view.uid) {
        const DeviceReport& report = *device.report;
        parts_.events.normal(pod.view, "HandedOver",
                             "took over from " + slot.previous + ", " +
                                 std::to_string(report.handover_instructions) +
                                 " device instructions between results, " +
                                 std::to_string(report.handover_frames_delayed) + " frames delayed");
        slot.previous.clear();
      }
      break;
    }
    case RunEvent::exited:
      parts_.logs.ended(pod.view.uid, now_ms);
      PIPIT_CHECK(pod.run.last.has_value());  // by observe()
      parts_.events.normal(pod.view, "Exited", "exit code " + std::to_string(pod.run.last->exit_code));
      break;
    case RunEvent::failed:
      parts_.logs.ended(pod.view.uid, now_ms);
      PIPIT_CHECK(pod.run.last.has_value());  // by observe()
      parts_.events.warning(pod.view, "Failed", pod.run.last->reason + ": " + pod.run.last->message);
      break;
  }
}

void Pods::settle(const std::string& name, i64 now_ms) {
  const Device* device = parts_.devices.find(name);
  if (!synced_ || device == nullptr) return;
  Slot& slot = slots_[name];
  slot.due_ms = 0;

  const auto uids = by_node_.find(name);
  const std::set<std::string> here = uids == by_node_.end() ? std::set<std::string>() : uids->second;
  for (const std::string& uid : here) {
    PodRecord& pod = pods_[uid];
    parts_.logs.open(uid, container_key(pod.view));
    if (pod.view.finished()) parts_.logs.ended(uid, now_ms);
    if (pod.view.finished() || !pod.view.unsupported.empty()) continue;
    watch_run(pod, *device, slot, now_ms);
    if (pod.view.deleting) continue;
    retry_due(pod.run, now_ms);
    if (pod.run.ended && !pod.run.final) due(slot, pod.run.retry_ms);
  }

  PodRecord* holder = choose_holder(name);
  if (holder != nullptr) ensure_image(*holder, slot, now_ms);
  settle_slot(name, slot, holder, now_ms);

  for (const std::string& uid : here) {
    PodRecord& pod = pods_[uid];
    if (pod.view.deleting) {
      if (may_remove(pod, holder != nullptr, *device, slot, now_ms)) remove_object(pod);
    } else if (!pod.view.finished()) {
      write_status(pod, holder, *device, slot, now_ms);
    }
  }
}

std::vector<PodView> Pods::machine_pods() const {
  std::vector<PodView> out;
  for (const auto& [uid, pod] : pods_)
    if (pod.view.machine) out.push_back(pod.view);
  std::ranges::sort(out, {}, [](const PodView& pod) { return std::pair(pod.created_ms, pod.uid); });
  return out;
}

bool Pods::any_on(const std::string& device) const {
  const auto here = by_node_.find(device);
  return here != by_node_.end() && !here->second.empty();
}

std::vector<PodView> Pods::running() const {
  std::vector<PodView> out;
  for (const auto& [uid, pod] : pods_)
    if (pod.run.running) out.push_back(pod.view);
  return out;
}

bool Pods::occupied(const std::string& device) const {
  const auto slot = slots_.find(device);
  return slot != slots_.end() && slot->second.app.has_value();
}

void Pods::machine_ended(const std::string& uid, const std::string& message, i64 now_ms) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  PodRecord& pod = found->second;
  end_with_machine(pod.run, pod.view.restart_policy, message, now_ms);
  parts_.logs.ended(uid, now_ms);
  parts_.events.warning(pod.view, "MachineEnded", message);
  if (!pod.view.node.empty()) settle(pod.view.node, now_ms);
}

void Pods::forget(const std::string& device) {
  if (slots_.erase(device) != 0) save_slots(unix_ms());
}

bool Pods::runs_on(const std::string& uid, const std::string& device) const {
  const auto pod = pods_.find(uid);
  return pod != pods_.end() && pod->second.view.node == device;
}

Json Pods::list() const {
  Json items = Json::array();
  for (const auto& [uid, pod] : pods_)
    if (parts_.devices.find(pod.view.node) != nullptr) items.push_back(pod.object);
  return {
      {"kind", "PodList"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"items", std::move(items)}};
}

}  // namespace pipit::gateway
