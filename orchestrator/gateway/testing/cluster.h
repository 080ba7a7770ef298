#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/gateway/gateway.h"
#include "orchestrator/gateway/testing/scripted_device.h"
#include "support/json.h"

namespace pipit::gateway {

/// A real control plane, broker and registry, and the gateway beside them as its own user, for one test.
class Cluster {
 public:
  /// Folder of the control plane's programs, or empty when this machine has none.
  static std::string binaries();
  static support::Result<std::unique_ptr<Cluster>> start(const std::string& binaries, u32 handover_seconds);
  ~Cluster();

  void start_gateway();
  void stop_gateway();
  support::Status restart_broker();

  /// kubectl as administrator; yields what it wrote (both streams), or "exit <n>: …" first.
  std::string kubectl(std::vector<std::string> arguments, const std::string& input = "");
  /// An object, or null.
  support::Json get(const std::string& kind, const std::string& name);
  /// All objects of a kind that carry a label.
  std::vector<support::Json> list(const std::string& kind, const std::string& selector);

  /// Pushes a package of that version under demo:<tag>; its module is `bytes` long.
  support::Status push(const std::string& tag, const std::string& version, usize bytes);
  std::unique_ptr<ScriptedDevice> device(const std::string& name, u64 boot_id, const std::string& token = "");

  std::string admin_config() const;
  u16 blob_port() const { return blob_port_; }

 private:
  struct Services;  ///< of rig
  Cluster();
  support::Status set_up(const std::string& binaries);
  std::unique_ptr<Services> services_;
  u16 blob_port_ = 0, kubelet_port_ = 0;
  u32 handover_seconds_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread gateway_;
};

/// Polls until it holds; false after `seconds`.
bool eventually(const std::function<bool()>& holds, double seconds);

}  // namespace pipit::gateway
