#pragma once
#include <string>

#include "orchestrator/gateway/devices.h"
#include "support/json.h"

/// A device as Kubernetes objects. Pure functions.
namespace pipit::gateway {

constexpr const char* kDeviceTaint = "pipit.dev/device";
/// Of a machine that the gateway started for one Pod, which it binds itself: nothing tolerates it.
constexpr const char* kMachineTaint = "pipit.dev/machine";
constexpr const char* kLeaseNamespace = "kube-node-lease";
constexpr u32 kLeaseSeconds = 40;
constexpr u32 kPodsPerDevice = 2;  ///< one that answers and its successor

/// What all Nodes of one gateway share.
struct NodeFacts {
  std::string node_ip;
  u16 kubelet_port = 0;
};

/// labels the gateway keeps on the Node; others are left alone.
support::Json node_labels(const DeviceIdentity& identity);
/// The Node to create: metadata and spec, with its taints.
support::Json node_object(const DeviceIdentity& identity, bool machine);
/// Taints of `node` with those of `wanted` that it lacks; null when it lacks none.
support::Json missing_taints(const support::Json& node, const support::Json& wanted);
/// Body of a strategic-merge patch of nodes/<name>/status: annotations and status. lastTransitionTime follows
/// Device::changed_ms.
support::Json node_status_patch(const Device& device, const NodeFacts& facts, i64 now_ms);

/// The Lease to create for a Node of that uid, and the merge patch that renews it.
support::Json lease_object(const std::string& node, const std::string& node_uid, i64 now_ms);
support::Json lease_renewal(const std::string& node, i64 now_ms);

}  // namespace pipit::gateway
