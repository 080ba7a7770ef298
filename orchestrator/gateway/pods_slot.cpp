#include <memory>

#include "orchestrator/gateway/controllers.h"
#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/pods.h"
#include "orchestrator/gateway/timestamp.h"
#include "orchestrator/kube/selector.h"

namespace pipit::gateway {

using support::Json;

namespace {
constexpr i64 kAskAgainMs = 1'000;
}

void Pods::settle_slot(const std::string& device, Slot& slot, PodRecord* holder, i64 now_ms) {
  if (holder != nullptr && holder->package &&
      !(holder->run.ended && slot.app && slot.app->uid == holder->view.uid)) {
    SlotApp wanted = slot_app(holder->view, holder->package->digest, holder->run.attempt);
    if (!slot.app || !slot.app->same_run(wanted)) {
      if (slot.app && slot.app->uid != wanted.uid) slot.previous = slot.app->key();
      want(device, slot, std::move(wanted), now_ms);
    } else if (slot.message.empty()) {
      want(device, slot, slot.app, now_ms);  // after a restart of the gateway
    }
    slot.departure.reset();
    return;
  }
  if (!slot.app) {
    if (slot.message.empty()) want(device, slot, std::nullopt, now_ms);
    return;
  }
  if (holder != nullptr) {
    // A successor is bound and not ready to start: what runs goes on until it is.
    slot.departure.reset();
    if (slot.message.empty()) want(device, slot, slot.app, now_ms);
    return;
  }
  const auto pod = pods_.find(slot.app->uid);
  const bool here = pod != pods_.end() && pod->second.view.node == device;
  if (here && !pod->second.view.deleting) {  // its Pod is finished, or was never to run
    want(device, slot, std::nullopt, now_ms);
    return;
  }
  depart(device, slot, now_ms);
}

void Pods::depart(const std::string& device, Slot& slot, i64 now_ms) {
  if (!slot.departure && slot.message.empty()) want(device, slot, slot.app, now_ms);  // after a restart
  if (!slot.app) return;                                                              // its package is gone
  if (!slot.departure)
    slot.departure = Slot::Departure{.keep_until_ms = now_ms + options_.handover_ms, .ask_ms = now_ms};
  Slot::Departure& departure = *slot.departure;
  if (departure.decided && now_ms >= departure.keep_until_ms) {
    log(Level::info, "no successor came, application stops", {{"device", device}, {"pod", slot.app->key()}});
    want(device, slot, std::nullopt, now_ms);
    return;
  }
  if (!departure.asking && now_ms >= departure.ask_ms) ask_controller(device, *slot.app, departure, now_ms);
  due(slot,
      departure.ask_ms > now_ms ? std::min(departure.ask_ms, departure.keep_until_ms) : now_ms + kAskAgainMs);
}

void Pods::ask_controller(const std::string& device, const SlotApp& app, Slot::Departure& departure,
                          i64 now_ms) {
  const auto job = [this, device, uid = app.uid, name_space = app.name_space, owner = app.owner] {
    auto facts = std::make_shared<kube::Result<ControllerFacts>>(
        look_up_controller(parts_.client, name_space, owner, device));
    parts_.loop.post([this, device, uid, facts] { controller_known(device, uid, std::move(*facts)); });
  };
  departure.ask_ms = now_ms + kAskAgainMs;
  departure.asking = parts_.executor.submit("controller/" + device, job);
}

i64 Pods::live_siblings(const SlotApp& app, const ControllerFacts& facts) const {
  i64 count = 0;
  for (const auto& [uid, pod] : pods_) {
    const PodView& view = pod.view;
    // One that is nowhere yet may be the successor itself.
    if (uid != app.uid && view.name_space == app.name_space && !view.node.empty() && !view.deleting &&
        !view.finished() && kube::matches_selector(facts.selector, view.labels))
      ++count;
  }
  return count;
}

void Pods::controller_known(const std::string& device, const std::string& uid,
                            kube::Result<ControllerFacts> facts) {
  const auto found = slots_.find(device);
  if (found == slots_.end()) return;  // forgotten meanwhile
  Slot& slot = found->second;
  if (!slot.departure || !slot.app || slot.app->uid != uid) return;
  const i64 now = unix_ms();
  Slot::Departure& departure = *slot.departure;
  departure.asking = false;
  if (!facts.ok()) {
    // Nobody could make a successor either: the application goes on until the API server can be asked.
    log(Level::warn, "controller not known, application stays",
        {{"device", device}, {"error", facts.error().text}});
    departure.keep_until_ms = now + options_.handover_ms;
    settle(device, now);
    return;
  }
  const HandOver decision = decide_hand_over(*facts, live_siblings(*slot.app, *facts));
  if (!decision.keep) {
    log(Level::info, "application stops with its Pod",
        {{"device", device}, {"pod", slot.app->key()}, {"why", decision.why}});
    want(device, slot, std::nullopt, now);
  } else if (!departure.decided) {
    departure.decided = true;
    const std::string seconds = std::to_string(options_.handover_ms / 1000);
    log(Level::info, "application stays for its successor",
        {{"device", device}, {"pod", slot.app->key()}, {"why", decision.why}, {"seconds", seconds}});
    if (const auto pod = pods_.find(uid); pod != pods_.end())
      parts_.events.normal(pod->second.view, "HandingOver",
                           "application answers up to " + seconds + " s for its successor");
  }
  settle(device, now);
}

void Pods::want(const std::string& device, Slot& slot, std::optional<SlotApp> app, i64 now_ms) {
  const Device* facts = parts_.devices.find(device);
  const u64 reported = facts != nullptr && facts->report ? facts->report->generation : 0;
  std::vector<u8> manifest;
  if (app) {
    auto image = parts_.images.cached(app->image_digest);
    if (image) manifest = std::move(image->manifest);
    if (!image) {
      log(Level::error, "package is no longer in the cache",
          {{"device", device}, {"digest", app->image_digest}});
      app.reset();
    }
  }
  const u64 generation = slot.generation;
  std::optional<SlotApp> before = std::move(slot.app);
  slot.app = std::move(app);
  slot.generation = next_generation(slot.generation, reported, now_ms);
  auto message = encode_desired(slot, manifest);
  if (!message.ok()) {
    log(Level::error, "desired state does not fit a message",
        {{"device", device}, {"error", message.error().text}});
    slot.app = std::move(before);
    slot.generation = generation;
    return;
  }
  slot.message = std::move(message).value();
  slot.departure.reset();
  log(Level::info, "desired state",
      {{"device", device},
       {"generation", std::to_string(slot.generation)},
       {"pod", slot.app ? slot.app->key() : "none"},
       {"attempt", std::to_string(slot.app ? slot.app->attempt : 0)}});
  save_slots(now_ms);
  parts_.publish(device, slot.message);
}

void Pods::republish(const std::string& device) {
  for (const auto& [name, slot] : slots_)
    if ((device.empty() || name == device) && !slot.message.empty()) parts_.publish(name, slot.message);
}

void Pods::save_slots(i64 now_ms) {
  Json all = Json::object();
  for (const auto& [device, slot] : slots_)
    if (slot.generation != 0) all[device] = to_json(slot);
  slots_file_.save(all, now_ms);
}

}  // namespace pipit::gateway
