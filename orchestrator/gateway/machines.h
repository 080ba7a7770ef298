#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "orchestrator/gateway/config_maps.h"
#include "orchestrator/gateway/device_link.h"
#include "orchestrator/gateway/machine_plan.h"
#include "orchestrator/gateway/machine_process.h"
#include "orchestrator/gateway/state_file.h"

namespace pipit::gateway {

/// What a machine is started with.
struct MachineOrder {
  std::string device;  ///< what it will call itself
  std::string mac;
  std::string token;      ///< that it shows to be admitted, its own
  std::string directory;  ///< for its console.log
  MachineShape shape;
  u16 blob_port = 0;  ///< where packages are fetched
  std::optional<MachineTls> tls;
  struct Directory {
    std::string host, guest;
  };
  std::vector<Directory> directories;  ///< that its application reads
};
/// Starts a machine that outlives the gateway; yields its process.
using MachineStarter = std::function<support::Result<pid_t>(const MachineOrder&)>;

/// One virtual machine for each Pod of RuntimeClass pipit-vm, with the directories it mounts: started when
/// the Pod appears, a Node once its agent says hello, bound to the Pod by the gateway (no scheduler places
/// anything there), started again when it ends by itself, ended with its Pod. A successor of the same
/// workload and shape takes the machine that keeps its predecessor's application, so that an update happens
/// inside the running machine. Machines live on over a restart of the gateway. Loop's thread only.
class Machines {
 public:
  struct Options {
    usize most = 0;
    u32 memory_mb = 64;  ///< of a Pod without a memory limit
    MachineStarter starter;
    u16 blob_port = 0;
    std::string directory;         ///< holds machines.json and a folder for each
    const LinkTls* tls = nullptr;  ///< machines use no other connections; null: in the clear
    std::string broker_name;       ///< what the broker's certificate is for
  };
  struct Parts {
    const kube::Client& client;
    Executor& executor;
    Loop& loop;
    Devices& devices;
    Nodes& nodes;
    Pods& pods;
    DeviceLink& link;
    Events& events;
  };
  Machines(Options options, Parts parts);

  void tick(i64 now_ms);
  /// What the process of the machine `device` has used; nothing when there is none.
  std::optional<MachineProcess::Usage> usage(const std::string& device) const;

 private:
  struct Machine {
    std::string mac, token, uid, workload;
    MachineShape shape;
    MachineProcess process;
    bool binding = false, ending = false, removing = false, told_silent = false;
    bool kept = false;  ///< ended, and its Node stays while Pods are bound to it
    u32 failures = 0;   ///< ends by itself in a row
    i64 started_ms = 0, retry_ms = 0, idle_ms = 0, end_ms = 0;
  };
  MachinePod describe(PodView pod);
  bool hold(const PodView& pod);
  void refresh_volumes(const std::map<std::string, MachinePod>& pods, i64 now_ms);
  support::Status place_volumes(const std::string& device, const PodView& pod) const;
  MachineFacts facts(const std::string& device, const Machine& machine) const;
  void notice_ends(i64 now_ms);
  void notice_silence(const std::map<std::string, MachinePod>& pods, i64 now_ms);
  void take(const MachineStep& step, const std::map<std::string, MachinePod>& pods, i64 now_ms);
  void create(const MachinePod& pod, i64 now_ms);
  void start(const std::string& device, Machine& machine, i64 now_ms);
  support::Result<pid_t> launch(const std::string& device, const Machine& machine) const;
  void bind(const std::string& device, Machine& machine, const PodView& pod);
  void finish(const std::string& device, Machine& machine, i64 now_ms);
  void keep(const std::string& device);
  void wait_longer(Machine& machine, i64 now_ms);
  std::string folder(const std::string& device) const { return options_.directory + "/" + device; }
  /// The process of a machine, as long as nobody knows its number.
  MachineProcess find_process(const std::string& device, const Machine& machine) const;
  std::string volumes(const std::string& device) const { return folder(device) + "/volumes"; }
  /// The last line of its console, or the last that begins with `rather` where there is one.
  std::string last_words(const std::string& device, std::string_view rather = "") const;
  void restore();
  void save();

  Options options_;
  Parts parts_;
  std::map<std::string, Machine> machines_;  ///< by device
  ConfigMaps config_maps_;
  StateFile file_;
  i64 volumes_ms_ = 0;                            ///< next look at what machines mount
  std::map<std::string, std::string> told_full_;  ///< Pods that were told to wait
  std::map<std::string, std::string> told_held_;  ///< likewise, and for what
};

}  // namespace pipit::gateway
