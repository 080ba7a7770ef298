#pragma once
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/gateway/pod_volumes.h"

namespace pipit::gateway {

constexpr const char* kRuntimeClass = "pipit";            ///< on a device that is there
constexpr const char* kMachineRuntimeClass = "pipit-vm";  ///< in a virtual machine of its own

enum class RestartPolicy : u8 { always, on_failure, never };

/// The object that made a Pod.
struct Owner {
  std::string kind, name, uid;
};

/// A TCP port of the host that leads to one of the application.
struct HostPort {
  u16 host = 0, guest = 0;
  bool operator==(const HostPort&) const = default;
};

/// What the gateway uses of a Pod object, read once.
struct PodView {
  std::string name_space, name, uid, node;
  i64 created_ms = 0;
  bool deleting = false;
  i64 delete_by_ms = 0;  ///< deletionTimestamp: the end of its grace period
  std::string phase;
  std::optional<Owner> owner;  ///< its controller
  support::Json labels = support::Json::object();
  RestartPolicy restart_policy = RestartPolicy::always;
  std::string container, image;
  std::vector<std::string> arguments, environment;
  bool machine = false;          ///< asks for a virtual machine of its own
  std::vector<HostPort> ports;   ///< of a machine
  std::vector<PodMount> mounts;  ///< of a machine
  u64 memory_limit = 0;          ///< of a machine: resources.limits.memory in bytes; 0: none
  /// "spec.containers[0].command: …": what the device cannot honour; empty when it can all of it.
  std::string unsupported;

  bool finished() const { return phase == "Failed" || phase == "Succeeded"; }
  std::string key() const { return name_space + "/" + name; }
};

/// "64Mi", "1G", "4096": bytes of a Kubernetes quantity; nothing when it is none or does not fit.
std::optional<u64> parse_bytes(std::string_view quantity);

/// Whether a Pod is meant for this gateway's devices or machines at all.
bool wants_pipit(const support::Json& pod);

/// Reads a Pod object; hostile JSON gives empty fields, never an abort.
PodView view_pod(const support::Json& pod);

}  // namespace pipit::gateway
