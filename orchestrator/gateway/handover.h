#pragma once
#include <string>

#include "orchestrator/gateway/pod_spec.h"

/// What happens to an application whose Pod is going: it stops with the Pod, or keeps answering for its
/// successor.
namespace pipit::gateway {

/// What the API server says of the controller behind a Pod (a Deployment stands behind its ReplicaSet) and of
/// the node.
struct ControllerFacts {
  enum class Kind : u8 {
    none,
    daemon_set,
    replicas
  } kind = Kind::none;  ///< none: no controller, or one unknown to us
  bool exists = false;  ///< and is the one with the owner's uid
  bool deleting = false;
  bool node_selected =
      false;         ///< DaemonSet: its template's nodeSelector and required node affinity take this node
  i64 replicas = 0;  ///< ReplicaSet, Deployment: spec.replicas
  support::Json selector;  ///< ReplicaSet, Deployment: spec.selector
  bool node_exists = false;
  bool node_schedulable = false;  ///< not cordoned
};

/// Facts from the objects; null for one that is not there. `workload` is the DaemonSet, or the Deployment
/// (else the ReplicaSet itself); `uid` the one it must have.
ControllerFacts controller_facts(const std::string& kind, const std::string& uid,
                                 const support::Json& workload, const support::Json& node);

struct HandOver {
  bool keep = false;
  const char* why = "";
};

/// `live_siblings`: Pods the controller's selector matches that are neither going nor finished, this one not
/// counted.
HandOver decide_hand_over(const ControllerFacts& facts, i64 live_siblings);

}  // namespace pipit::gateway
