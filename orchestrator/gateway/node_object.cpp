#include "orchestrator/gateway/node_object.h"

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Json;

namespace {
/// GOARCH names where there is one, since kubernetes.io/arch follows them.
std::string kubernetes_arch(const std::string& arch) {
  if (arch.starts_with("thumb") || arch.starts_with("arm")) return "arm";
  if (arch.starts_with("rv32") || arch.starts_with("riscv32")) return "riscv32";
  return arch;
}

/// Label values are at most 63 characters of a small alphabet; what a device says is cut to that.
std::string label_value(const std::string& text) {
  std::string out;
  for (char c : text) {
    const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (out.size() < 63) out += alnum || c == '-' || c == '_' || c == '.' ? c : '-';
  }
  const auto edge = [](char c) { return c == '-' || c == '_' || c == '.'; };
  while (!out.empty() && edge(out.back())) out.pop_back();
  while (!out.empty() && edge(out.front())) out.erase(0, 1);
  return out;
}

Json taint(const char* key) { return {{"key", key}, {"value", "true"}, {"effect", "NoSchedule"}}; }

/// What stands under the applications: the firmware of a microcontroller, or the kernel of a machine.
struct System {
  const char* os;
  const char* device_class;
};
System system_of(const DeviceIdentity& identity) {
  return identity.board == "mewz" ? System{"mewz", "vm"} : System{"waiot", "mcu"};
}

Json ready_condition(const Device& device, i64 now_ms) {
  const char* reason = device.alive ? "DeviceReady" : "DeviceOffline";
  const char* message =
      device.alive ? "device is connected and reports" : "device is not connected, or was silent for 30 s";
  if (device.kept) {
    reason = "MachineEnded";
    message = "the machine ended with its Pod; the Node stays for the Pod's status and log";
  }
  return {{"type", "Ready"},
          {"status", device.alive ? "True" : "False"},
          {"reason", reason},
          {"message", message},
          {"lastHeartbeatTime", rfc3339(now_ms)},
          {"lastTransitionTime", rfc3339(device.changed_ms)}};
}

/// The conditions schedulers and dashboards expect; a device never overcommits, so they are constant.
Json pressure_condition(const char* type, const char* reason, const Device& device, i64 now_ms) {
  return {{"type", type},
          {"status", "False"},
          {"reason", reason},
          {"message", "memory and flash are divided statically"},
          {"lastHeartbeatTime", rfc3339(now_ms)},
          {"lastTransitionTime", rfc3339(device.changed_ms)}};
}

Json capacity(const DeviceIdentity& identity) {
  return {{"cpu", "1"},
          {"memory", std::to_string(identity.app_ram_bytes)},
          {"ephemeral-storage", std::to_string(identity.slot_bytes)},
          {"pods", std::to_string(kPodsPerDevice)}};
}

Json node_info(const DeviceIdentity& identity) {
  const System system = system_of(identity);
  return {{"machineID", identity.name},
          {"systemUUID", identity.name},
          {"bootID", boot_text(identity.boot_id)},
          {"kernelVersion", identity.firmware},
          {"osImage", system.os == identity.board ? identity.board : system.os + (" on " + identity.board)},
          {"containerRuntimeVersion", "pipit://" + identity.firmware},
          {"kubeletVersion", "v1.20.2-pipit"},
          {"kubeProxyVersion", "v1.20.2-pipit"},
          {"operatingSystem", system.os},
          {"architecture", kubernetes_arch(identity.arch)}};
}
}  // namespace

Json node_labels(const DeviceIdentity& identity) {
  const System system = system_of(identity);
  return {{"kubernetes.io/arch", label_value(kubernetes_arch(identity.arch))},
          {"kubernetes.io/os", system.os},
          {"kubernetes.io/hostname", identity.name},
          {"node.kubernetes.io/instance-type", label_value(identity.board)},
          {"pipit.dev/board", label_value(identity.board)},
          {"pipit.dev/class", system.device_class},
          {"pipit.dev/device", "true"}};
}

Json node_object(const DeviceIdentity& identity, bool machine) {
  Json taints = Json::array({taint(kDeviceTaint)});
  if (machine) taints.push_back(taint(kMachineTaint));
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", identity.name}, {"labels", node_labels(identity)}}},
          {"spec", {{"taints", std::move(taints)}}}};
}

Json missing_taints(const Json& node, const Json& wanted) {
  const Json* taints = support::find(node, {"spec", "taints"});
  Json merged = taints != nullptr && taints->is_array() ? *taints : Json::array();
  const usize before = merged.size();
  for (const Json& taint : wanted["spec"]["taints"]) {
    const std::string key = support::text_at(taint, {"key"});
    bool there = false;
    for (const Json& other : merged) there = there || support::text_at(other, {"key"}) == key;
    if (!there) merged.push_back(taint);
  }
  return merged.size() == before ? Json() : merged;
}

Json node_status_patch(const Device& device, const NodeFacts& facts, i64 now_ms) {
  const DeviceIdentity& identity = device.identity;
  const u64 uptime_ms = device.report ? device.report->uptime_ms : 0;
  Json conditions = Json::array({ready_condition(device, now_ms),
                                 pressure_condition("MemoryPressure", "StaticMemory", device, now_ms),
                                 pressure_condition("DiskPressure", "StaticFlash", device, now_ms),
                                 pressure_condition("PIDPressure", "StaticTasks", device, now_ms)});
  // No Hostname address: the API server would try to resolve it before it takes the IP.
  Json addresses = Json::array({{{"type", "InternalIP"}, {"address", facts.node_ip}}});
  return {{"metadata",
           {{"annotations",
             {{"pipit.dev/boot-id", boot_text(identity.boot_id)},
              {"pipit.dev/boot-count",
               std::to_string(device.report ? device.report->boot_count : identity.boot_count)},
              {"pipit.dev/uptime-ms", std::to_string(uptime_ms)},
              {"pipit.dev/persistent", identity.persistent ? "true" : "false"},
              {"pipit.dev/ram-bytes", std::to_string(identity.ram_bytes)}}}}},
          {"status",
           {{"capacity", capacity(identity)},
            {"allocatable", capacity(identity)},
            {"conditions", conditions},
            {"addresses", addresses},
            {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", facts.kubelet_port}}}}},
            {"nodeInfo", node_info(identity)}}}};
}

Json lease_renewal(const std::string& node, i64 now_ms) {
  return {{"spec",
           {{"holderIdentity", node},
            {"leaseDurationSeconds", kLeaseSeconds},
            {"renewTime", rfc3339_micro(now_ms)}}}};
}

Json lease_object(const std::string& node, const std::string& node_uid, i64 now_ms) {
  Json lease = lease_renewal(node, now_ms);
  lease["apiVersion"] = "coordination.k8s.io/v1";
  lease["kind"] = "Lease";
  lease["metadata"] = {{"name", node}, {"namespace", kLeaseNamespace}};
  // Owned by the Node, so that the garbage collector takes it along.
  if (!node_uid.empty()) {
    const Json owner = {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}, {"uid", node_uid}};
    lease["metadata"]["ownerReferences"] = Json::array({owner});
  }
  return lease;
}

}  // namespace pipit::gateway
