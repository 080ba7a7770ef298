#include "orchestrator/gateway/pod_spec.h"

#include <charconv>
#include <limits>
#include <set>

#include "link/messages.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::find;
using support::Json;
using support::text_at;

namespace {
/// Present and not the zero value of its type, which the API server writes in places.
bool is_set(const Json* value) {
  if (value == nullptr || value->is_null()) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_string()) return !value->get_ref<const std::string&>().empty();
  if (value->is_array()) return !value->empty();
  return true;
}

struct Unsupported {
  const char* field;
  const char* why;
};
constexpr Unsupported kPodFields[] = {
    {"initContainers", "a device runs one application, without init containers"},
    {"ephemeralContainers", "a device runs one application"},
    {"hostNetwork", "an application has no network namespace to share"},
    {"hostPID", "an application has no process namespace to share"},
    {"hostIPC", "an application has no IPC namespace to share"},
    {"shareProcessNamespace", "an application has no process namespace to share"},
};
constexpr Unsupported kContainerFields[] = {
    {"command", "a device starts the module at its own entry point; use args"},
    {"workingDir", "a device has no file system"},
    {"envFrom", "only literal values in env"},
    {"volumeDevices", "a device has no block devices"},
    {"livenessProbe", "the device agent watches the application itself"},
    {"readinessProbe", "an application is ready once it has taken over"},
    {"startupProbe", "the device agent watches the start itself"},
    {"lifecycle", "a device runs no hooks"},
    {"stdin", "a device has no standard input"},
    {"tty", "a device has no terminal"},
};

std::string complaint(const std::string& field, const std::string& why) { return field + ": " + why; }

std::string read_volumes(const Json& spec, const Json& container, PodView& view) {
  if (view.machine) return read_mounts(spec, container, view.mounts);
  const std::set<std::string> tokens = token_volumes(container);
  if (const Json* volumes = find(spec, {"volumes"}); volumes != nullptr && volumes->is_array())
    for (usize i = 0; i < volumes->size(); ++i)
      if (!tokens.contains(text_at((*volumes)[i], {"name"})))
        return complaint("spec.volumes[" + std::to_string(i) + "]", "a device mounts no volumes");
  return "";
}

std::string read_port(const Json& port, const std::string& field, PodView& view) {
  constexpr i64 kMostPort = 65535;
  const i64 host = support::int_at(port, {"hostPort"}), guest = support::int_at(port, {"containerPort"});
  if (host == 0) return "";
  if (!view.machine)
    return complaint(field + ".hostPort", "an application cannot listen on a port of its device");
  if (text_at(port, {"protocol"}, "TCP") != "TCP")
    return complaint(field + ".protocol", "a machine's ports are TCP");
  if (host < 0 || host > kMostPort || guest <= 0 || guest > kMostPort)
    return complaint(field, "a port is 1 to 65535");
  view.ports.push_back({static_cast<u16>(host), static_cast<u16>(guest)});
  return "";
}

std::string read_ports(const Json& container, PodView& view) {
  const Json* ports = find(container, {"ports"});
  if (ports == nullptr || !ports->is_array()) return "";
  for (usize i = 0; i < ports->size(); ++i)
    if (auto why = read_port((*ports)[i], "spec.containers[0].ports[" + std::to_string(i) + "]", view);
        !why.empty())
      return why;
  return "";
}

constexpr u64 kMostMemory = u64{256} << 30;

std::string read_memory(const Json& container, PodView& view) {
  const std::string limit = text_at(container, {"resources", "limits", "memory"});
  if (!view.machine || limit.empty()) return "";
  const auto bytes = parse_bytes(limit);
  const std::string field = "spec.containers[0].resources.limits.memory";
  if (!bytes) return complaint(field, limit + " is no size");
  if (*bytes > kMostMemory) return complaint(field, limit + " is more than a machine has");
  view.memory_limit = *bytes;
  return "";
}

std::string read_arguments(const Json& container, std::vector<std::string>& out) {
  const Json* args = find(container, {"args"});
  if (args == nullptr || !args->is_array()) return "";
  if (args->size() > link::kMaxArguments)
    return complaint("spec.containers[0].args",
                     "at most " + std::to_string(link::kMaxArguments) + " arguments");
  for (const Json& arg : *args) {
    const std::string text = arg.is_string() ? arg.get<std::string>() : "";
    if (text.size() > link::kMaxTextBytes)
      return complaint("spec.containers[0].args",
                       "at most " + std::to_string(link::kMaxTextBytes) + " bytes each");
    out.push_back(text);
  }
  return "";
}

std::string read_environment(const Json& container, std::vector<std::string>& out) {
  const Json* env = find(container, {"env"});
  if (env == nullptr || !env->is_array()) return "";
  if (env->size() > link::kMaxEnvironment)
    return complaint("spec.containers[0].env",
                     "at most " + std::to_string(link::kMaxEnvironment) + " variables");
  for (usize i = 0; i < env->size(); ++i) {
    const std::string field = "spec.containers[0].env[" + std::to_string(i) + "]";
    if (is_set(find((*env)[i], {"valueFrom"}))) return complaint(field + ".valueFrom", "only literal values");
    std::string text = text_at((*env)[i], {"name"}) + "=" + text_at((*env)[i], {"value"});
    if (text.size() > link::kMaxTextBytes)
      return complaint(field, "at most " + std::to_string(link::kMaxTextBytes) + " bytes with its name");
    out.push_back(std::move(text));
  }
  return "";
}

void read_spec(const Json& spec, PodView& view) {
  const auto refuse = [&view](std::string why) {
    if (view.unsupported.empty()) view.unsupported = std::move(why);
  };
  const Json* containers = find(spec, {"containers"});
  if (containers == nullptr || !containers->is_array() || containers->empty()) {
    refuse(complaint("spec.containers", "there is none"));
    return;
  }
  const Json& container = (*containers)[0];
  view.container = text_at(container, {"name"});
  view.image = text_at(container, {"image"});
  if (containers->size() > 1) refuse(complaint("spec.containers", "a device runs exactly one container"));
  for (const Unsupported& row : kPodFields)
    if (is_set(find(spec, {row.field}))) refuse(complaint(std::string("spec.") + row.field, row.why));
  for (const Unsupported& row : kContainerFields)
    if (is_set(find(container, {row.field})))
      refuse(complaint(std::string("spec.containers[0].") + row.field, row.why));
  refuse(read_volumes(spec, container, view));
  refuse(read_ports(container, view));
  refuse(read_memory(container, view));
  refuse(read_arguments(container, view.arguments));
  refuse(read_environment(container, view.environment));
}

std::optional<Owner> controller_of(const Json& pod) {
  const Json* owners = find(pod, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return std::nullopt;
  for (const Json& owner : *owners)
    if (support::bool_at(owner, {"controller"}))
      return Owner{text_at(owner, {"kind"}), text_at(owner, {"name"}), text_at(owner, {"uid"})};
  return std::nullopt;
}
}  // namespace

std::optional<u64> parse_bytes(std::string_view quantity) {
  struct Suffix {
    std::string_view text;
    u64 factor;
  };
  constexpr Suffix kSuffixes[] = {{"", 1},
                                  {"k", 1000},
                                  {"M", 1000'000},
                                  {"G", 1000'000'000},
                                  {"Ki", 1ull << 10},
                                  {"Mi", 1ull << 20},
                                  {"Gi", 1ull << 30}};
  u64 value = 0;
  const auto [stop, error] = std::from_chars(quantity.data(), quantity.data() + quantity.size(), value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = quantity.substr(static_cast<usize>(stop - quantity.data()));
  for (const Suffix& suffix : kSuffixes)
    if (unit == suffix.text)
      return value <= std::numeric_limits<u64>::max() / suffix.factor ? std::optional(value * suffix.factor)
                                                                      : std::nullopt;
  return std::nullopt;
}

bool wants_pipit(const Json& pod) {
  const std::string runtime = text_at(pod, {"spec", "runtimeClassName"});
  return runtime == kRuntimeClass || runtime == kMachineRuntimeClass;
}

PodView view_pod(const Json& pod) {
  PodView view;
  view.name_space = text_at(pod, {"metadata", "namespace"});
  view.name = text_at(pod, {"metadata", "name"});
  view.uid = text_at(pod, {"metadata", "uid"});
  view.node = text_at(pod, {"spec", "nodeName"});
  view.created_ms = parse_rfc3339(text_at(pod, {"metadata", "creationTimestamp"})).value_or(0);
  const std::string deletion = text_at(pod, {"metadata", "deletionTimestamp"});
  view.deleting = !deletion.empty();
  view.delete_by_ms = parse_rfc3339(deletion).value_or(0);
  view.phase = text_at(pod, {"status", "phase"});
  view.owner = controller_of(pod);
  if (const Json* labels = find(pod, {"metadata", "labels"}); labels != nullptr && labels->is_object())
    view.labels = *labels;
  const std::string policy = text_at(pod, {"spec", "restartPolicy"}, "Always");
  view.restart_policy = policy == "Never"       ? RestartPolicy::never
                        : policy == "OnFailure" ? RestartPolicy::on_failure
                                                : RestartPolicy::always;
  view.machine = text_at(pod, {"spec", "runtimeClassName"}) == kMachineRuntimeClass;
  const Json* spec = find(pod, {"spec"});
  read_spec(spec != nullptr ? *spec : Json::object(), view);
  return view;
}

}  // namespace pipit::gateway
