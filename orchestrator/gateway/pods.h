#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "orchestrator/gateway/devices.h"
#include "orchestrator/gateway/events.h"
#include "orchestrator/gateway/handover.h"
#include "orchestrator/gateway/images.h"
#include "orchestrator/gateway/loop.h"
#include "orchestrator/gateway/pod_logs.h"
#include "orchestrator/gateway/pod_status.h"
#include "orchestrator/gateway/slot.h"
#include "orchestrator/gateway/state_file.h"
#include "orchestrator/kube/list_watch.h"

namespace pipit::gateway {

/// One Pod as the gateway works on it.
struct PodRecord {
  support::Json object;  ///< newest known
  PodView view;
  ImageProgress image;
  std::optional<Image> package;
  bool pulling = false;
  u32 pull_failures = 0;
  i64 pull_ms = 0;  ///< earliest next pull
  i64 pull_failed_ms = 0;
  RunState run;
  bool announced = false;  ///< UnsupportedPodSpec was said
  bool writing = false, removing = false;
  i64 write_ms = 0;  ///< earliest next write of its status, after a failed one
};

/// Runs the Pods bound to this gateway's devices. Level-triggered: every change of a Pod or device, and time,
/// leads to settle(device), which looks at everything there is of that device and does what is missing.
/// Loop's thread only.
///   pods.cpp        Pods come and go, settle
///   pods_image.cpp  the package of the Pod that has the device
///   pods_slot.cpp   what the device is told; hand-over
///   pods_status.cpp what Kubernetes is told
class Pods {
 public:
  struct Options {
    i64 handover_ms = 30'000;
    std::string node_ip;
    std::string slots_file;  ///< where slots survive a restart
  };
  struct Parts {
    const kube::Client& client;
    Executor& executor;
    Loop& loop;
    const Devices& devices;
    Images& images;
    PodLogs& logs;
    Events& events;
    /// Sends a Desired (retained); a failed one is sent again by republish().
    std::function<void(const std::string& device, Bytes message)> publish;
  };
  Pods(Options options, Parts parts);

  void on_delta(kube::Delta delta);
  /// The device said something, came or went.
  void device_changed(const std::string& device);
  /// Says again what the device should run: after an admission, or (empty name: all) after the broker came
  /// back.
  void republish(const std::string& device = "");
  void tick(i64 now_ms);

  /// Pods that ask for a machine of their own, bound or not, oldest first.
  std::vector<PodView> machine_pods() const;
  /// Whether Pods are bound to it, finished ones too.
  bool any_on(const std::string& device) const;
  std::vector<PodView> running() const;
  /// Whether the gateway wants an application on that device.
  bool occupied(const std::string& device) const;
  /// The machine under a Pod ended by itself: its attempt did too.
  void machine_ended(const std::string& uid, const std::string& message, i64 now_ms);
  /// A device that will not come back.
  void forget(const std::string& device);
  bool synced() const { return synced_; }

  /// Whether `uid` is a Pod on that device, so that its log lines are its own.
  bool runs_on(const std::string& uid, const std::string& device) const;
  /// A PodList of the Pods on our devices.
  support::Json list() const;

 private:
  void settle(const std::string& device, i64 now_ms);
  PodRecord* choose_holder(const std::string& device);
  void watch_run(PodRecord& pod, const Device& device, Slot& slot, i64 now_ms);
  void due(Slot& slot, i64 at_ms);

  void ensure_image(PodRecord& pod, Slot& slot, i64 now_ms);
  void begin_pull(PodRecord& pod);
  void pulled(const std::string& uid, support::Result<Image> result);

  void settle_slot(const std::string& device, Slot& slot, PodRecord* holder, i64 now_ms);
  void depart(const std::string& device, Slot& slot, i64 now_ms);
  void ask_controller(const std::string& device, const SlotApp& app, Slot::Departure& departure, i64 now_ms);
  void controller_known(const std::string& device, const std::string& uid,
                        kube::Result<ControllerFacts> facts);
  i64 live_siblings(const SlotApp& app, const ControllerFacts& facts) const;
  void want(const std::string& device, Slot& slot, std::optional<SlotApp> app, i64 now_ms);
  void save_slots(i64 now_ms);
  void prune_images();

  void write_status(PodRecord& pod, const PodRecord* holder, const Device& device, Slot& slot, i64 now_ms);
  /// Pods that no machine can run never come to a Node: they fail where they are.
  void refuse_unbound(i64 now_ms);
  void submit_status(PodRecord& pod, support::Json status);
  void status_written(const std::string& uid, kube::Result<support::Json> result);
  bool may_remove(const PodRecord& pod, bool successor, const Device& device, Slot& slot, i64 now_ms);
  void remove_object(PodRecord& pod);

  Options options_;
  Parts parts_;
  StateFile slots_file_;
  std::map<std::string, PodRecord> pods_;  ///< by uid: every Pod with our RuntimeClass, wherever it is
  std::map<std::string, std::set<std::string>> by_node_;  ///< uids
  std::map<std::string, Slot> slots_;                     ///< by device
  bool synced_ = false;                                   ///< before that, nothing is decided
};

}  // namespace pipit::gateway
