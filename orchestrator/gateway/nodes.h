#pragma once
#include <functional>
#include <map>
#include <string>

#include "orchestrator/gateway/devices.h"
#include "orchestrator/gateway/executor.h"
#include "orchestrator/gateway/loop.h"
#include "orchestrator/gateway/node_object.h"
#include "orchestrator/kube/client.h"

namespace pipit::gateway {

/// Keeps a Node and a Lease for each device. Lives on the loop's thread; API calls run on the executor, one
/// at a time a Node, always with the newest state. A Node someone deleted comes back; a device that is gone
/// stays as NotReady.
class Nodes {
 public:
  static constexpr i64 kHeartbeatMs = 30'000;
  static constexpr i64 kOfflineHeartbeatMs =
      10'000;  ///< without a Lease the condition itself says that we look
  static constexpr i64 kLeaseRenewMs = 10'000;

  Nodes(const kube::Client& client, Executor& executor, Loop& loop, NodeFacts facts)
      : client_(client), executor_(executor), loop_(loop), facts_(std::move(facts)) {}

  /// Something of the device changed: its Node is written at once. `new_boot` also renews labels and taint.
  void changed(const Device& device, bool new_boot, i64 now_ms);
  /// Heartbeats and Leases that are due.
  void tick(const Devices& devices, i64 now_ms);

  /// The device of that name is a machine of the gateway's own: its Node is closed to the scheduler.
  void own_machine(const std::string& name) { states_[name].machine = true; }
  /// Whether the API server has this Node.
  bool known(const std::string& name) const;
  /// Deletes the Node of a device that is forgotten already; `done` hears on the loop whether it is gone.
  void remove(const std::string& name, const std::function<void(bool gone)>& done);

 private:
  struct State {
    bool dirty = true;     ///< differs from what was written last
    bool identity = true;  ///< labels and taints have to be looked at
    bool machine = false;  ///< own_machine()
    bool busy = false, lease_busy = false;
    bool reported = false;  ///< what was written last had a device's own report in it
    i64 written_ms = 0, leased_ms = 0, retry_ms = 0;
    std::string uid;
  };
  void write(const Device& device, State& state, i64 now_ms);
  void renew(const Device& device, State& state, i64 now_ms);
  void written(const std::string& name, bool identity, kube::Result<support::Json> result, i64 now_ms);

  const kube::Client& client_;
  Executor& executor_;
  Loop& loop_;
  NodeFacts facts_;
  std::map<std::string, State> states_;
};

}  // namespace pipit::gateway
