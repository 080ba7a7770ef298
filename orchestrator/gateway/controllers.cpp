#include "orchestrator/gateway/controllers.h"

namespace pipit::gateway {

using support::Json;
using support::text_at;

namespace {
/// The object, or null when there is none.
kube::Result<Json> get_or_null(const kube::Client& client, const std::string& path) {
  auto object = client.get(path);
  if (object.ok() || !object.error().not_found()) return object;
  return Json(nullptr);
}

/// The Deployment a ReplicaSet belongs to, if any.
std::optional<Owner> deployment_of(const Json& replica_set) {
  const Json* owners = support::find(replica_set, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return std::nullopt;
  for (const Json& owner : *owners)
    if (support::bool_at(owner, {"controller"}) && text_at(owner, {"kind"}) == "Deployment")
      return Owner{"Deployment", text_at(owner, {"name"}), text_at(owner, {"uid"})};
  return std::nullopt;
}
}  // namespace

kube::Result<ControllerFacts> look_up_controller(const kube::Client& client, const std::string& name_space,
                                                 const std::optional<Owner>& owner,
                                                 const std::string& node_name) {
  const bool known = owner && (owner->kind == "DaemonSet" || owner->kind == "ReplicaSet");
  if (!known) return ControllerFacts{};
  const Json node = TRY(get_or_null(client, kube::path_of(kube::kNodes, "", node_name)));
  const auto& resource = owner->kind == "DaemonSet" ? kube::kDaemonSets : kube::kReplicaSets;
  Json workload = TRY(get_or_null(client, kube::path_of(resource, name_space, owner->name)));
  Owner who = *owner;
  if (const auto deployment = deployment_of(workload);
      deployment && text_at(workload, {"metadata", "uid"}) == owner->uid) {
    who = *deployment;
    workload = TRY(get_or_null(client, kube::path_of(kube::kDeployments, name_space, who.name)));
  }
  return controller_facts(who.kind, who.uid, workload, node);
}

}  // namespace pipit::gateway
