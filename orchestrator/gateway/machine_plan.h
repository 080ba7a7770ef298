#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "orchestrator/gateway/pod_spec.h"

/// One virtual machine a Pod: what has to happen next. Pure; time comes as an argument.
namespace pipit::gateway {

/// What a machine is started with, all of it from its Pod.
struct MachineShape {
  u32 memory_mb = 0;
  std::vector<HostPort> ports;
  std::vector<PodMount> mounts;
  bool operator==(const MachineShape&) const = default;
  /// Whether it holds what belongs to one Pod alone.
  bool has_scratch() const {
    return std::ranges::any_of(mounts,
                               [](const PodMount& mount) { return mount.kind == PodMount::Kind::empty_dir; });
  }
};

/// A machine as the plan sees it.
struct MachineFacts {
  std::string device;    ///< also its Node's name
  std::string uid;       ///< of the Pod it was started for, or was given later
  std::string workload;  ///< of that Pod (workload_of), empty when it has none
  MachineShape shape;
  bool running = false;   ///< its QEMU lives
  bool ready = false;     ///< its Node can take a Pod
  bool occupied = false;  ///< an application is on it, perhaps waiting for its Pod's successor
  bool ending = false;    ///< on its way out: nothing else happens to it
  i64 retry_ms = 0;       ///< earliest next start
  i64 idle_ms = 0;        ///< since when nothing needs it; 0: something does
};

struct MachineStep {
  enum class Kind : u8 {
    create,  ///< a new machine for the Pod `uid`
    start,   ///< a machine whose QEMU ended, again
    assign,  ///< a machine that kept an application for its successor takes the Pod `uid`
    bind,    ///< the Pod `uid` to its machine's Node
    rest,    ///< nothing needs it since now
    wake,    ///< something needs it again
    end,     ///< stop it, remove its Node
    full,    ///< the Pod `uid` has to wait: as many machines as may be are up
  };
  Kind kind;
  std::string device;  ///< empty for create and full
  std::string uid;     ///< empty for start, rest, wake and end
  bool operator==(const MachineStep&) const = default;
};

/// How long a machine that nothing needs stays: a successor of its Pod may be on its way.
constexpr i64 kMachineLingerMs = 2'000;

/// "default/ReplicaSet/http": the controller that replaces this Pod by its like. A ReplicaSet of a Deployment
/// is named without its template's hash, so that the next template's Pods are the same workload. Empty for a
/// Pod without a controller, which has no successor.
std::string workload_of(const PodView& pod);

/// A Pod of the machines' RuntimeClass, bound or not, and what a machine for it has to be.
struct MachinePod {
  PodView view;
  MachineShape shape;
  bool held = false;  ///< what it mounts is not there yet: it gets no machine
};

/// At most `most` machines are up.
std::vector<MachineStep> plan_machines(const std::vector<MachineFacts>& machines,
                                       const std::vector<MachinePod>& pods, usize most, i64 now_ms);

}  // namespace pipit::gateway
