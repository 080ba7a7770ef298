#include "orchestrator/gateway/handover.h"

#include "orchestrator/kube/selector.h"

namespace pipit::gateway {

using support::bool_at;
using support::find;
using support::Json;
using support::text_at;

namespace {
/// The DaemonSet controller schedules by nodeSelector and required node affinity of the template (terms are
/// ORed).
bool selects_node(const Json& daemon_set, const Json& node) {
  const Json* labels = find(node, {"metadata", "labels"});
  const Json& have = labels != nullptr ? *labels : Json::object();
  if (const Json* wanted = find(daemon_set, {"spec", "template", "spec", "nodeSelector"}))
    if (!kube::matches_selector({{"matchLabels", *wanted}}, have)) return false;
  const Json* terms =
      find(daemon_set, {"spec", "template", "spec", "affinity", "nodeAffinity",
                        "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
  if (terms == nullptr || !terms->is_array()) return true;
  const Json fields = {{"metadata.name", text_at(node, {"metadata", "name"})}};
  for (const Json& term : *terms) {
    const Json* by_label = find(term, {"matchExpressions"});
    const Json* by_field = find(term, {"matchFields"});
    if ((by_label == nullptr || kube::matches_requirements(*by_label, have)) &&
        (by_field == nullptr || kube::matches_requirements(*by_field, fields)))
      return true;
  }
  return false;
}
}  // namespace

ControllerFacts controller_facts(const std::string& kind, const std::string& uid, const Json& workload,
                                 const Json& node) {
  ControllerFacts facts;
  if (kind == "DaemonSet") facts.kind = ControllerFacts::Kind::daemon_set;
  if (kind == "ReplicaSet" || kind == "Deployment") facts.kind = ControllerFacts::Kind::replicas;
  facts.node_exists = node.is_object();
  facts.node_schedulable = facts.node_exists && !bool_at(node, {"spec", "unschedulable"});
  facts.exists = workload.is_object() && text_at(workload, {"metadata", "uid"}) == uid;
  if (!facts.exists) return facts;
  facts.deleting = !text_at(workload, {"metadata", "deletionTimestamp"}).empty();
  if (facts.kind == ControllerFacts::Kind::daemon_set)
    facts.node_selected = facts.node_exists && selects_node(workload, node);
  facts.replicas = support::int_at(workload, {"spec", "replicas"}, 1);
  if (const Json* selector = find(workload, {"spec", "selector"})) facts.selector = *selector;
  return facts;
}

HandOver decide_hand_over(const ControllerFacts& facts, i64 live_siblings) {
  using Kind = ControllerFacts::Kind;
  if (facts.kind == Kind::none) return {false, "no controller makes a successor"};
  if (!facts.exists) return {false, "controller is gone"};
  if (facts.deleting) return {false, "controller is being deleted"};
  if (!facts.node_exists) return {false, "node is gone"};
  if (facts.kind == Kind::daemon_set) {
    if (!facts.node_selected) return {false, "controller no longer selects this node"};
    return {true, "controller wants a replica on this node"};
  }
  if (!facts.node_schedulable) return {false, "node is cordoned"};
  if (facts.replicas == 0) return {false, "controller is scaled to zero"};
  if (live_siblings >= facts.replicas) return {false, "controller has its replicas elsewhere"};
  return {true, "controller wants another replica"};
}

}  // namespace pipit::gateway
