#include "orchestrator/gateway/config_maps.h"

#include <memory>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Error;
using support::Json;

namespace {
constexpr i64 kRefreshMs = 10'000, kRetryMs = 2'000;

std::string key_of(const PodView& pod, const PodMount& mount) {
  return pod.name_space + "/" + mount.config_map;
}
}  // namespace

void ConfigMaps::tick(const std::vector<PodView>& pods, i64 now_ms) {
  std::set<std::string> wanted;
  for (const PodView& pod : pods) {
    if (pod.finished() || !pod.unsupported.empty()) continue;
    for (const PodMount& mount : pod.mounts) {
      if (mount.kind != PodMount::Kind::config_map) continue;
      const std::string key = key_of(pod, mount);
      wanted.insert(key);
      Entry& entry = entries_[key];
      if (!entry.asking && now_ms >= entry.ask_ms)
        ask(key, kube::path_of(kube::kConfigMaps, pod.name_space, mount.config_map), entry);
    }
  }
  std::erase_if(entries_, [&](const auto& each) { return !wanted.contains(each.first); });
}

void ConfigMaps::ask(const std::string& key, const std::string& path, Entry& entry) {
  entry.asking = parts_.executor.submit("configmap/" + key, [this, key, path] {
    auto answer = std::make_shared<kube::Result<Json>>(parts_.client.get(path));
    parts_.loop.post([this, key, answer] { answered(key, std::move(*answer)); });
  });
}

void ConfigMaps::answered(const std::string& key, kube::Result<Json> answer) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.asking = false;
  entry.ask_ms = unix_ms() + (answer.ok() ? kRefreshMs : kRetryMs);
  if (answer.ok()) {
    entry.object = std::move(answer).value();
  } else if (answer.error().not_found()) {
    entry.object.reset();
  } else {
    entry.problem = answer.error().text;
    log(Level::warn, "configmap not read", {{"configmap", key}, {"error", entry.problem}});
    return;
  }
  entry.known = true;
}

support::Result<std::map<std::string, VolumeFiles>> ConfigMaps::files_of(const PodView& pod) const {
  std::map<std::string, VolumeFiles> out;
  for (const PodMount& mount : pod.mounts) {
    if (mount.kind != PodMount::Kind::config_map) continue;
    const auto found = entries_.find(key_of(pod, mount));
    if (found == entries_.end() || !found->second.known)
      return Error(Code::unavailable, found == entries_.end() ? "" : found->second.problem);
    const auto& object = found->second.object;
    out[mount.volume] = TRY(project(mount, object ? &*object : nullptr));
  }
  return out;
}

}  // namespace pipit::gateway
