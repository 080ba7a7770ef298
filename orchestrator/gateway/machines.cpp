#include "orchestrator/gateway/machines.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/timestamp.h"
#include "support/files.h"

namespace pipit::gateway {

using support::Json;
using support::text_at;

namespace {

using Kind = MachineStep::Kind;

constexpr i64 kFirstRetryMs = 1'000, kMostRetryMs = 60'000;
constexpr i64 kSteadyMs = 60'000;  ///< a machine that ran so long begins to count its failures anew
constexpr i64 kSilentMs = 20'000;  ///< a machine that has not said hello for so long is told of
constexpr i64 kGraceMs = 3'000;    ///< from asking to end to ending
constexpr i64 kLeftoverMs = 200;   ///< that a process which was just ended may take to be gone
constexpr u64 kMegabyte = 1u << 20;
constexpr u32 kLeastMegabytes = 32;
/// The agent gives a quarter of the machine's memory to an application.
constexpr u64 kMemoryPerApplication = 4;

/// The last three bytes of a MAC address, of a Pod's uid (FNV-1a), so that a machine keeps its name.
u32 address_of(const std::string& uid) {
  u32 hash = 2166136261u;
  for (const char c : uid) hash = (hash ^ static_cast<u8>(c)) * 16777619u;
  return (hash ^ hash >> 24) & 0xFFFFFF;
}

std::string hex(const char* format, u32 address) {
  char text[24];
  std::snprintf(text, sizeof text, format, address >> 16 & 0xFF, address >> 8 & 0xFF, address & 0xFF);
  return text;
}

/// 128 random bits, so that what one machine knows admits no other.
std::string new_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 4; ++i) {
    char part[9];
    std::snprintf(part, sizeof part, "%08x", random());
    token += part;
  }
  return token;
}

Json shape_json(const MachineShape& shape) {
  Json ports = Json::array(), mounts = Json::array();
  for (const PodMount& mount : shape.mounts) mounts.push_back(to_json(mount));
  for (const HostPort& port : shape.ports) ports.push_back({{"host", port.host}, {"guest", port.guest}});
  return {{"memory", shape.memory_mb}, {"ports", std::move(ports)}, {"mounts", std::move(mounts)}};
}

MachineShape shape_from(const Json& json) {
  MachineShape shape;
  shape.memory_mb = static_cast<u32>(support::int_at(json, {"memory"}));
  if (const Json* ports = support::find(json, {"ports"}); ports != nullptr && ports->is_array())
    for (const Json& port : *ports)
      shape.ports.push_back({static_cast<u16>(support::int_at(port, {"host"})),
                             static_cast<u16>(support::int_at(port, {"guest"}))});
  if (const Json* mounts = support::find(json, {"mounts"}); mounts != nullptr && mounts->is_array())
    for (const Json& mount : *mounts) shape.mounts.push_back(mount_from(mount));
  return shape;
}

Json binding_of(const PodView& pod, const std::string& node) {
  return {{"apiVersion", "v1"},
          {"kind", "Binding"},
          {"metadata", {{"name", pod.name}, {"namespace", pod.name_space}, {"uid", pod.uid}}},
          {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
}

}  // namespace

Machines::Machines(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(parts),
      config_maps_({parts.client, parts.executor, parts.loop}),
      file_(options_.directory + "/machines.json", "machines") {
  restore();
}

MachinePod Machines::describe(PodView pod) {
  MachineShape shape{options_.memory_mb, pod.ports, pod.mounts};
  if (pod.memory_limit != 0) {
    const u64 wanted = (pod.memory_limit * kMemoryPerApplication + kMegabyte - 1) / kMegabyte;
    shape.memory_mb = static_cast<u32>(std::clamp<u64>(wanted, kLeastMegabytes, 1u << 20));
  }
  u64 scratch = 0;
  for (const PodMount& mount : pod.mounts) scratch += mount.bytes;
  shape.memory_mb += static_cast<u32>((scratch + kMegabyte - 1) / kMegabyte);
  const bool held = pod.node.empty() && hold(pod);
  return {std::move(pod), std::move(shape), held};
}

/// Whether what the Pod mounts is not there; the Pod is told when it is known why.
bool Machines::hold(const PodView& pod) {
  const auto files = config_maps_.files_of(pod);
  if (files.ok()) {
    told_held_.erase(pod.uid);
    return false;
  }
  const std::string& why = files.error().text;
  if (!why.empty() && told_held_[pod.uid] != why) {
    told_held_[pod.uid] = why;
    parts_.events.warning(pod, "FailedMount", why);
  }
  return true;
}

support::Status Machines::place_volumes(const std::string& device, const PodView& pod) const {
  const auto files = TRY(config_maps_.files_of(pod));
  for (const auto& [volume, contents] : files)
    if (TRY(write_volume(volumes(device) + "/" + volume, contents)))
      log(Level::info, "volume written", {{"device", device}, {"volume", volume}});
  return {};
}

/// What changed in the cluster reaches running applications.
void Machines::refresh_volumes(const std::map<std::string, MachinePod>& pods, i64 now_ms) {
  constexpr i64 kEveryMs = 1'000;
  if (now_ms < volumes_ms_) return;
  volumes_ms_ = now_ms + kEveryMs;
  for (const auto& [device, machine] : machines_) {
    const auto pod = pods.find(machine.uid);
    if (machine.ending || pod == pods.end()) continue;
    // A ConfigMap that went away leaves what was read of it, as with the kubelet.
    if (const auto placed = place_volumes(device, pod->second.view);
        !placed.ok() && placed.error().code == Code::io)
      log(Level::warn, "volume not written", {{"device", device}, {"error", placed.error().text}});
  }
}

MachineFacts Machines::facts(const std::string& device, const Machine& machine) const {
  MachineFacts out;
  out.device = device;
  out.uid = machine.uid;
  out.workload = machine.workload;
  out.shape = machine.shape;
  out.running = machine.process.pid != 0;
  const Device* known = parts_.devices.find(device);
  out.ready = known != nullptr && known->alive && parts_.nodes.known(device) && !machine.binding;
  out.occupied = parts_.pods.occupied(device);
  out.ending = machine.ending;
  out.retry_ms = machine.retry_ms;
  out.idle_ms = machine.idle_ms;
  return out;
}

void Machines::tick(i64 now_ms) {
  if (!parts_.pods.synced()) return;
  if (file_.due(now_ms)) save();
  notice_ends(now_ms);
  std::vector<MachinePod> pods;
  std::map<std::string, MachinePod> by_uid;
  std::vector<PodView> views = parts_.pods.machine_pods();
  config_maps_.tick(views, now_ms);
  for (PodView& view : views) {
    pods.push_back(describe(std::move(view)));
    by_uid[pods.back().view.uid] = pods.back();
  }
  for (auto* told : {&told_full_, &told_held_})
    std::erase_if(*told, [&](const auto& each) { return !by_uid.contains(each.first); });
  refresh_volumes(by_uid, now_ms);
  notice_silence(by_uid, now_ms);
  std::vector<MachineFacts> all;
  all.reserve(machines_.size());
  for (const auto& [device, machine] : machines_)
    if (!machine.kept) all.push_back(facts(device, machine));
  for (const MachineStep& step : plan_machines(all, pods, options_.most, now_ms)) take(step, by_uid, now_ms);
}

void Machines::notice_ends(i64 now_ms) {
  for (auto& [device, machine] : machines_) {
    if (machine.ending) {
      finish(device, machine, now_ms);
      continue;
    }
    if (machine.process.pid == 0 || machine.process.running()) continue;
    machine.process.pid = 0;
    if (now_ms - machine.started_ms >= kSteadyMs) machine.failures = 0;
    wait_longer(machine, now_ms);
    const std::string words = last_words(device);
    log(Level::warn, "machine ended by itself", {{"device", device}, {"console", words}});
    std::string message = "the machine " + device;
    message += " ended by itself: ";
    message += words;
    parts_.pods.machine_ended(machine.uid, message, now_ms);
    save();
  }
}

/// A machine that cannot reach the broker, or does not believe it, says so on its console alone.
void Machines::notice_silence(const std::map<std::string, MachinePod>& pods, i64 now_ms) {
  for (auto& [device, machine] : machines_) {
    const bool late = machine.process.pid != 0 && now_ms - machine.started_ms >= kSilentMs;
    const auto pod = pods.find(machine.uid);
    if (!late || machine.told_silent || machine.ending || pod == pods.end()) continue;
    machine.told_silent = true;
    const Device* known = parts_.devices.find(device);
    if (known != nullptr && known->alive) continue;
    std::string message = "machine " + device;
    message += " has not said hello for " + std::to_string(kSilentMs / 1000) + " s: ";
    message += last_words(device, "mewz: tls: ");
    parts_.events.warning(pod->second.view, "MachineSilent", message);
  }
}

void Machines::take(const MachineStep& step, const std::map<std::string, MachinePod>& pods, i64 now_ms) {
  const auto pod = pods.find(step.uid);
  const auto machine = machines_.find(step.device);
  switch (step.kind) {
    case Kind::create: create(pod->second, now_ms); break;
    case Kind::start: start(step.device, machine->second, now_ms); break;
    case Kind::assign:
      machine->second.uid = step.uid;
      save();
      break;
    case Kind::bind: bind(step.device, machine->second, pod->second.view); break;
    case Kind::rest: machine->second.idle_ms = now_ms; break;
    case Kind::wake: machine->second.idle_ms = 0; break;
    case Kind::end:
      log(Level::info, "machine ends, nothing needs it", {{"device", step.device}});
      machine->second.ending = true;
      machine->second.end_ms = now_ms;
      machine->second.process.end(false);
      break;
    case Kind::full:
      if (told_full_.try_emplace(step.uid).second)
        parts_.events.warning(
            pod->second.view, "MachineLimit",
            "waits: " + std::to_string(options_.most) + " machines are up, which is the gateway's limit");
      break;
  }
}

void Machines::create(const MachinePod& pod, i64 now_ms) {
  u32 address = address_of(pod.view.uid);
  std::string device = hex("waiot-%02x%02x%02x", address);
  while (machines_.contains(device) || parts_.devices.find(device) != nullptr)
    device = hex("waiot-%02x%02x%02x", ++address & 0xFFFFFF);
  Machine& machine = machines_[device];
  machine.mac = hex("52:54:00:%02x:%02x:%02x", address & 0xFFFFFF);
  machine.token = new_token();
  parts_.devices.expect(device, machine.token);
  machine.uid = pod.view.uid;
  machine.workload = workload_of(pod.view);
  machine.shape = pod.shape;
  parts_.nodes.own_machine(device);
  parts_.events.normal(pod.view, "MachineStarted",
                       "machine " + device + " with " + std::to_string(pod.shape.memory_mb) + " MB");
  if (const auto placed = place_volumes(device, pod.view); !placed.ok())
    log(Level::error, "volumes not written", {{"device", device}, {"error", placed.error().text}});
  start(device, machine, now_ms);
}

MachineProcess Machines::find_process(const std::string& device, const Machine& machine) const {
  std::string console;  // as it stands in QEMU's command line, where commas are doubled
  for (const char c : folder(device) + "/console.log") console += c == ',' ? ",," : std::string(1, c);
  return MachineProcess::find(machine.mac, console);
}

void Machines::start(const std::string& device, Machine& machine, i64 now_ms) {
  // A machine of that name which nobody knows would hold its name and its ports.
  if (const MachineProcess left = find_process(device, machine); left.pid != 0) {
    log(Level::warn, "ending what runs as a machine already",
        {{"device", device}, {"pid", std::to_string(left.pid)}});
    left.end(true);
    machine.retry_ms = now_ms + kLeftoverMs;
    return;
  }
  save();  // so that a gateway which is killed now finds it when it comes back
  const auto started = launch(device, machine);
  if (started.ok()) {
    machine.process = {*started, machine.mac};
    machine.started_ms = now_ms;
    machine.told_silent = false;
    log(Level::info, "machine started", {{"device", device}, {"pid", std::to_string(*started)}});
  } else {
    log(Level::error, "machine not started", {{"device", device}, {"error", started.error().text}});
    parts_.pods.machine_ended(machine.uid, "the machine was not started: " + started.error().text, now_ms);
    wait_longer(machine, now_ms);
  }
  save();
}

support::Result<pid_t> Machines::launch(const std::string& device, const Machine& machine) const {
  MachineOrder order{device, machine.mac, machine.token, folder(device), machine.shape, options_.blob_port,
                     {},     {}};
  for (const PodMount& mount : machine.shape.mounts) {
    if (mount.kind != PodMount::Kind::config_map) continue;
    order.directories.push_back({volumes(device) + "/" + mount.volume, mount.path});
    TRY(support::make_directories(order.directories.back().host));
  }
  if (options_.tls != nullptr) order.tls = TRY(options_.tls->for_machine(device, options_.broker_name));
  return options_.starter(order);
}

void Machines::wait_longer(Machine& machine, i64 now_ms) {
  machine.retry_ms = now_ms + std::min(kMostRetryMs, kFirstRetryMs << std::min(machine.failures, 10u));
  ++machine.failures;
}

void Machines::bind(const std::string& device, Machine& machine, const PodView& pod) {
  const std::string path = kube::path_of(kube::kPods, pod.name_space, pod.name, "binding");
  machine.binding = parts_.executor.submit("pod/" + pod.uid, [this, device, path, pod] {
    auto bound = std::make_shared<kube::Result<Json>>(parts_.client.create(path, binding_of(pod, device)));
    parts_.loop.post([this, device, pod, bound] {
      if (const auto found = machines_.find(device); found != machines_.end()) found->second.binding = false;
      if (!bound->ok() && !bound->error().not_found() && !bound->error().conflict())
        log(Level::warn, "pod not bound", {{"pod", pod.key()}, {"error", bound->error().text}});
    });
  });
}

void Machines::finish(const std::string& device, Machine& machine, i64 now_ms) {
  if (machine.removing) return;
  if (machine.process.running()) {
    if (now_ms - machine.end_ms >= kGraceMs) machine.process.end(true);
    return;
  }
  // Without its Node nobody would find a Pod's log, and Kubernetes would remove the Pod.
  if (parts_.pods.any_on(device)) {
    if (machine.kept) return;
    machine.kept = true;
    keep(device);
    save();
    return;
  }
  machine.removing = true;
  parts_.link.forget(device);
  parts_.pods.forget(device);
  parts_.nodes.remove(device, [this, device](bool gone) {
    const auto found = machines_.find(device);
    if (found == machines_.end()) return;
    found->second.removing = false;  // a Node that stayed is removed at the next tick
    if (!gone) return;
    machines_.erase(found);
    std::error_code ignored;
    std::filesystem::remove_all(folder(device), ignored);
    save();
    log(Level::info, "machine is gone", {{"device", device}});
  });
}

void Machines::keep(const std::string& device) {
  parts_.devices.keep(device);
  if (const Device* known = parts_.devices.find(device)) parts_.nodes.changed(*known, false, unix_ms());
}

std::optional<MachineProcess::Usage> Machines::usage(const std::string& device) const {
  const auto found = machines_.find(device);
  return found == machines_.end() ? std::nullopt : found->second.process.usage();
}

std::string Machines::last_words(const std::string& device, std::string_view rather) const {
  for (const char* file : {"/console.log", "/qemu.log"}) {
    auto data = support::read_file(folder(device) + file);
    if (!data.ok()) continue;
    std::string_view text = as_text(*data);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.empty()) continue;
    if (const usize at = rather.empty() ? text.npos : text.rfind(rather); at != text.npos)
      return std::string(text.substr(at, text.find_first_of("\r\n", at) - at));
    const usize line = text.rfind('\n');
    return std::string(line == text.npos ? text : text.substr(line + 1));
  }
  return "it wrote nothing";
}

void Machines::restore() {
  const Json saved = file_.load(Json::value_t::object);
  for (const auto& [device, row] : saved.items()) {
    Machine& machine = machines_[device];
    machine.mac = text_at(row, {"mac"});
    machine.token = text_at(row, {"token"});
    if (!machine.token.empty()) parts_.devices.expect(device, machine.token);
    machine.uid = text_at(row, {"pod"});
    machine.workload = text_at(row, {"workload"});
    machine.shape = shape_from(row);
    machine.started_ms = support::int_at(row, {"started"});
    machine.process = {static_cast<pid_t>(support::int_at(row, {"pid"})), machine.mac};
    // The gateway may have been killed after it started the machine and before it wrote its number down.
    if (!machine.process.running())
      if (const MachineProcess found = find_process(device, machine); found.pid != 0) machine.process = found;
    parts_.nodes.own_machine(device);
    machine.kept = machine.ending = support::bool_at(row, {"kept"});
    if (machine.kept) parts_.devices.keep(device);
  }
}

void Machines::save() {
  Json all = Json::object();
  for (const auto& [device, machine] : machines_) {
    Json row = shape_json(machine.shape);
    row.update({{"mac", machine.mac},
                {"token", machine.token},
                {"pod", machine.uid},
                {"workload", machine.workload},
                {"started", machine.started_ms},
                {"kept", machine.kept},
                {"pid", machine.process.pid}});
    all[device] = std::move(row);
  }
  // Tokens are nobody else's business.
  std::error_code ignored;
  std::filesystem::create_directories(options_.directory, ignored);
  std::filesystem::permissions(options_.directory, std::filesystem::perms::owner_all, ignored);
  file_.save(all, unix_ms());
}

}  // namespace pipit::gateway
