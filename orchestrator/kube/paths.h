#pragma once
#include <string>
#include <string_view>

namespace pipit::kube {

/// A kind of object as the REST paths name it.
struct Resource {
  const char* group_version;  ///< "v1" (core) or "apps/v1"
  const char* plural;
  const char* kind;
};

constexpr Resource kNodes{"v1", "nodes", "Node"};
constexpr Resource kPods{"v1", "pods", "Pod"};
constexpr Resource kConfigMaps{"v1", "configmaps", "ConfigMap"};
constexpr Resource kEvents{"v1", "events", "Event"};
constexpr Resource kLeases{"coordination.k8s.io/v1", "leases", "Lease"};
constexpr Resource kDaemonSets{"apps/v1", "daemonsets", "DaemonSet"};
constexpr Resource kReplicaSets{"apps/v1", "replicasets", "ReplicaSet"};
constexpr Resource kDeployments{"apps/v1", "deployments", "Deployment"};

/// "/apis/apps/v1/namespaces/default/daemonsets/fashion/status"; empty parts are left out (a cluster-wide
/// kind has no namespace, a collection no name). Names are percent-encoded.
std::string path_of(const Resource& resource, std::string_view name_space = "", std::string_view name = "",
                    std::string_view subresource = "");

/// Percent-encodes everything but RFC 3986 unreserved characters.
std::string encode_component(std::string_view text);

}  // namespace pipit::kube
