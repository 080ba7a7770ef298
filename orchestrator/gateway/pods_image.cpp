#include <memory>

#include "orchestrator/gateway/pods.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::text_at;

namespace {
/// How long a failed pull is shown as ErrImagePull before it becomes ImagePullBackOff.
constexpr i64 kShowErrorMs = 2'000;
}  // namespace

void Pods::ensure_image(PodRecord& pod, Slot& slot, i64 now_ms) {
  using State = ImageProgress::State;
  if (pod.package || pod.pulling) return;
  if (pod.image.state == State::unknown) {
    // What this Pod was started from, even if its tag moved on or the registry is away.
    const std::string digest = text_at(pod.object, {"status", "containerStatuses", "0", "imageID"});
    if (auto known = parts_.images.cached(digest)) {
      pod.package = std::move(known);
      pod.image = {State::ready, digest, ""};
      return;
    }
    pod.image.state = State::pulling;
    begin_pull(pod);
    return;
  }
  if (pod.image.state == State::failed && now_ms >= pod.pull_failed_ms + kShowErrorMs)
    pod.image.state = State::waiting;
  if (now_ms >= pod.pull_ms) {
    begin_pull(pod);
  } else {
    due(slot, pod.image.state == State::failed ? pod.pull_failed_ms + kShowErrorMs : pod.pull_ms);
  }
}

void Pods::begin_pull(PodRecord& pod) {
  if (pod.pull_failures == 0) parts_.events.normal(pod.view, "Pulling", "pulling package " + pod.view.image);
  pod.pulling = parts_.executor.submit(
      "pull/" + pod.view.image, [this, uid = pod.view.uid, reference = pod.view.image] {
        // std::function wants to copy what it holds: a shared_ptr carries the result.
        auto result = std::make_shared<support::Result<Image>>(parts_.images.pull(reference));
        parts_.loop.post([this, uid, result] { pulled(uid, std::move(*result)); });
      });
}

void Pods::pulled(const std::string& uid, support::Result<Image> result) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  PodRecord& pod = found->second;
  pod.pulling = false;
  const i64 now = unix_ms();
  if (result.ok()) {
    pod.image = {ImageProgress::State::ready, result->digest, ""};
    pod.package = std::move(result).value();
    parts_.events.normal(pod.view, "Pulled", "package " + pod.view.image + " is " + pod.image.digest);
  } else {
    pod.image = {ImageProgress::State::failed, "", result.error().text};
    pod.pull_failed_ms = now;
    pod.pull_ms = now + restart_delay_ms(pod.pull_failures++);
    parts_.events.warning(pod.view, "Failed", "cannot pull " + pod.view.image + ": " + pod.image.message);
  }
  settle(pod.view.node, now);
}

void Pods::prune_images() {
  std::set<std::string> used;
  for (const auto& [device, slot] : slots_)
    if (slot.app) used.insert(slot.app->image_digest);
  for (const auto& [uid, pod] : pods_)
    used.insert(text_at(pod.object, {"status", "containerStatuses", "0", "imageID"}));
  parts_.images.keep_only(used);
}

}  // namespace pipit::gateway
