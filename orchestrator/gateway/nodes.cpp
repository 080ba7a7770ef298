#include "orchestrator/gateway/nodes.h"

#include <memory>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using kube::path_of;
using support::Json;

namespace {
constexpr i64 kRetryMs = 2'000;

/// Labels and taints of a Node that is there: labels are merged, a missing taint is added beside foreign
/// ones.
kube::Status repair_node(const kube::Client& client, const Json& node, const Json& wanted) {
  const std::string name = support::text_at(wanted, {"metadata", "name"});
  Json patch = {{"metadata", {{"labels", wanted["metadata"]["labels"]}}}};
  if (Json taints = missing_taints(node, wanted); !taints.is_null()) {
    patch["spec"] = {{"taints", std::move(taints)}};
    // The list is replaced as a whole: only if nobody changed it meanwhile.
    patch["metadata"]["resourceVersion"] = support::text_at(node, {"metadata", "resourceVersion"});
  }
  TRY(client.patch(path_of(kube::kNodes, "", name), kube::Patch::merge, patch));
  return {};
}

kube::Status ensure_node(const kube::Client& client, const Json& wanted) {
  auto node = client.get(path_of(kube::kNodes, "", support::text_at(wanted, {"metadata", "name"})));
  if (node.ok()) return repair_node(client, *node, wanted);
  if (!node.error().not_found()) return node.take_error();
  auto created = client.create(path_of(kube::kNodes), wanted);
  if (!created.ok() && !created.error().already_exists()) return created.take_error();
  return {};
}

kube::Result<Json> write_node(const kube::Client& client, const Json& wanted, const Json& status,
                              bool identity) {
  const std::string path =
      path_of(kube::kNodes, "", support::text_at(wanted, {"metadata", "name"}), "status");
  if (identity) TRY(ensure_node(client, wanted));
  auto patched = client.patch(path, kube::Patch::strategic, status);
  if (patched.ok() || !patched.error().not_found()) return patched;
  TRY(ensure_node(client, wanted));  // someone deleted it
  return client.patch(path, kube::Patch::strategic, status);
}

kube::Status renew_lease(const kube::Client& client, const std::string& node, const std::string& uid,
                         i64 now_ms) {
  auto renewed = client.patch(path_of(kube::kLeases, kLeaseNamespace, node), kube::Patch::merge,
                              lease_renewal(node, now_ms));
  if (renewed.ok()) return {};
  if (!renewed.error().not_found()) return renewed.take_error();
  auto created = client.create(path_of(kube::kLeases, kLeaseNamespace), lease_object(node, uid, now_ms));
  if (!created.ok()) return created.take_error();
  return {};
}
}  // namespace

void Nodes::changed(const Device& device, bool new_boot, i64 now_ms) {
  State& state = states_[device.identity.name];
  state.dirty = true;
  state.identity = state.identity || new_boot;
  write(device, state, now_ms);
  renew(device, state, now_ms);
}

void Nodes::tick(const Devices& devices, i64 now_ms) {
  for (const auto& [name, device] : devices.all()) {
    State& state = states_[name];
    if (now_ms - state.written_ms >= (device.alive ? kHeartbeatMs : kOfflineHeartbeatMs)) state.dirty = true;
    if (device.report && !state.reported) state.dirty = true;  // uptime is known now
    write(device, state, now_ms);
    renew(device, state, now_ms);
  }
}

void Nodes::write(const Device& device, State& state, i64 now_ms) {
  if (!state.dirty || state.busy || now_ms < state.retry_ms) return;
  // A device known only from before a restart of the gateway: its last condition stands until it was heard
  // of, or not heard of for as long as any silent device.
  if (!device.alive && device.last_seen_ms == 0 && now_ms - device.changed_ms < Devices::kSilenceMs) return;
  const bool identity = state.identity;
  const auto job = [this, name = device.identity.name, identity, now_ms,
                    wanted = node_object(device.identity, state.machine),
                    status = node_status_patch(device, facts_, now_ms)] {
    // Results are moved through a std::function, which wants to copy: a shared_ptr carries them.
    auto result = std::make_shared<kube::Result<Json>>(write_node(client_, wanted, status, identity));
    loop_.post(
        [this, name, identity, now_ms, result] { written(name, identity, std::move(*result), now_ms); });
  };
  state.busy = executor_.submit("node/" + device.identity.name, job);
  if (!state.busy) return;
  state.dirty = state.identity = false;
  state.reported = device.report.has_value();
}

void Nodes::written(const std::string& name, bool identity, kube::Result<Json> result, i64 now_ms) {
  State& state = states_[name];
  state.busy = false;
  if (result.ok()) {
    state.written_ms = now_ms;
    state.uid = support::text_at(*result, {"metadata", "uid"});
    return;
  }
  log(Level::warn, "node not written", {{"device", name}, {"error", result.error().text}});
  state.dirty = true;
  state.identity = state.identity || identity;
  state.retry_ms = unix_ms() + kRetryMs;
}

void Nodes::remove(const std::string& name, const std::function<void(bool)>& done) {
  // Jobs of a Node run in order: whatever was written of it before is written by then.
  const bool queued = executor_.submit("node/" + name, [this, name, done] {
    const auto removed = client_.remove(path_of(kube::kNodes, "", name));
    const bool gone = removed.ok() || removed.error().not_found();
    if (!gone) log(Level::warn, "node not removed", {{"device", name}, {"error", removed.error().text}});
    loop_.post([this, name, done, gone] {
      if (gone) states_.erase(name);
      done(gone);
    });
  });
  if (!queued) done(false);
}

bool Nodes::known(const std::string& name) const {
  const auto found = states_.find(name);
  return found != states_.end() && !found->second.uid.empty();
}

void Nodes::renew(const Device& device, State& state, i64 now_ms) {
  if (!device.alive || state.lease_busy || state.uid.empty() || now_ms - state.leased_ms < kLeaseRenewMs)
    return;
  const auto job = [this, name = device.identity.name, uid = state.uid, now_ms] {
    auto error = std::make_shared<kube::Status>(renew_lease(client_, name, uid, now_ms));
    loop_.post([this, name, error, now_ms] {
      State& done = states_[name];
      done.lease_busy = false;
      if (error->ok()) return;
      log(Level::warn, "lease not renewed", {{"device", name}, {"error", error->error().text}});
      // Tried again soon, well before the Lease runs out.
      done.leased_ms = now_ms - kLeaseRenewMs + kRetryMs;
    });
  };
  state.lease_busy = executor_.submit("lease/" + device.identity.name, job);
  if (state.lease_busy) state.leased_ms = now_ms;
}

}  // namespace pipit::gateway
