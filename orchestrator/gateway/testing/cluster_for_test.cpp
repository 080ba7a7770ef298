#include "orchestrator/gateway/testing/cluster.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "orchestrator/registry/package.h"
#include "rig/services.h"
#include "support/files.h"

namespace pipit::gateway {

using support::Json;

namespace {
constexpr const char* kToken = "device-token-of-the-test";
}

struct Cluster::Services {
  std::optional<rig::State> state;
  std::optional<rig::ControlPlane> plane;
  std::optional<rig::Broker> broker;
  std::optional<rig::Registry> registry;
};

Cluster::Cluster() : services_(std::make_unique<Services>()) {}

std::string Cluster::admin_config() const { return services_->plane->admin_config(); }

bool eventually(const std::function<bool()>& holds, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (!holds()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

std::string Cluster::binaries() {
  const char* named = std::getenv("PIPIT_KUBE_BIN");
  for (const std::string& folder :
       {std::string(named == nullptr ? "" : named), std::string(PIPIT_SOURCE_DIR) + "/.cache/kubernetes"})
    if (!folder.empty() && support::exists(folder + "/kube-apiserver")) return folder;
  return "";
}

support::Result<std::unique_ptr<Cluster>> Cluster::start(const std::string& binaries, u32 handover_seconds) {
  std::unique_ptr<Cluster> cluster(new Cluster());
  cluster->handover_seconds_ = handover_seconds;
  TRY(cluster->set_up(binaries));
  return cluster;
}

support::Status Cluster::set_up(const std::string& binaries) {
  services_->state = TRY(rig::State::open("gateway-test-" + std::to_string(getpid())));
  TRY(services_->state->claim());
  services_->plane = TRY(rig::ControlPlane::start(*services_->state, {.binaries = binaries}));
  services_->broker = TRY(rig::Broker::start(*services_->state));
  services_->registry = TRY(rig::Registry::start(*services_->state));
  blob_port_ = TRY(rig::choose_port());
  kubelet_port_ = TRY(rig::choose_port());
  for (const char* file : {"runtimeclass.yaml", "gateway.yaml"})
    if (const std::string said =
            kubectl({"apply", "-f", std::string(PIPIT_SOURCE_DIR) + "/orchestrator/deploy/" + file});
        said.starts_with("exit "))
      return support::Error(Code::internal, said);
  start_gateway();
  return {};
}

Cluster::~Cluster() {
  stop_gateway();
  services_->registry.reset();
  services_->broker.reset();
  services_->plane.reset();
  if (!services_->state) return;
  services_->state->end_all();
  std::filesystem::remove_all(services_->state->directory());
}

void Cluster::start_gateway() {
  GatewayOptions options;
  options.kubeconfig = services_->plane->gateway_config();
  options.broker = {"127.0.0.1", services_->broker->port};
  options.blob_listen = {"127.0.0.1", blob_port_};
  options.kubelet_listen = {"127.0.0.1", kubelet_port_};
  options.kubelet_certificate = services_->plane->pki().certificate("kubelet-serving");
  options.kubelet_key = services_->plane->pki().key("kubelet-serving");
  options.client_ca = services_->plane->pki().ca();
  options.device_token = kToken;
  options.registry_aliases = {{"pipit.local", services_->registry->host()}};
  options.state_dir = services_->state->path("gateway");
  options.handover_seconds = handover_seconds_;
  stop_ = false;
  gateway_ = std::thread([this, options] {
    auto ran = run_gateway(options, [this] { return stop_.load(); });
    if (!ran.ok()) log(Level::error, "gateway did not run", {{"error", ran.error().text}});
  });
}

void Cluster::stop_gateway() {
  stop_ = true;
  if (gateway_.joinable()) gateway_.join();
}

support::Status Cluster::restart_broker() {
  services_->broker->service.stop();
  const std::string program = support::exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
  services_->broker->service = TRY(rig::Service::start(
      *services_->state, "mosquitto", {program, "-c", services_->state->path("mosquitto.conf")}));
  return services_->broker->service.wait_for_port(services_->broker->port, 10'000);
}

std::string Cluster::kubectl(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), {"kubectl", "--kubeconfig", services_->plane->admin_config()});
  auto done = support::run(arguments, input);
  if (!done.ok()) return "exit -1: " + done.error().text;
  return (done->exit_code == 0 ? "" : "exit " + std::to_string(done->exit_code) + ": ") + done->out +
         done->err;
}

Json Cluster::get(const std::string& kind, const std::string& name) {
  auto json = support::parse_json(kubectl({"get", kind, name, "-o", "json"}));
  return json.ok() ? *json : Json();
}

std::vector<Json> Cluster::list(const std::string& kind, const std::string& selector) {
  std::vector<Json> out;
  auto json = support::parse_json(kubectl({"get", kind, "-l", selector, "-o", "json"}));
  const Json* items = json.ok() ? support::find(*json, {"items"}) : nullptr;
  if (items != nullptr && items->is_array())
    for (const Json& item : *items) out.push_back(item);
  return out;
}

support::Status Cluster::push(const std::string& tag, const std::string& version, usize bytes) {
  registry::Package package;
  package.module = {0, 'a', 's', 'm', 1, 0, 0, 0};
  package.module.resize(bytes, static_cast<u8>(version.size()));
  for (usize i = 0; i < version.size(); ++i) package.module[8 + i] = static_cast<u8>(version[i]);
  link::Manifest manifest;
  manifest.name = "demo";
  manifest.version = version;
  manifest.memory_bytes = 65536;
  manifest.stack_bytes = 8192;
  manifest.blobs[0] = registry::blob_entry(link::BlobKind::module, package.module, "");
  manifest.blob_count = 1;
  u8 buffer[1024];
  const Bytes encoded = TRY(link::encode(manifest, buffer));
  package.manifest.assign(encoded.begin(), encoded.end());
  const registry::Artifact artifact = TRY(registry::to_artifact(package));
  const registry::Reference reference =
      TRY(registry::parse_reference(services_->registry->host() + "/demo:" + tag));
  TRY(registry::push(artifact, reference));
  return {};
}

std::unique_ptr<ScriptedDevice> Cluster::device(const std::string& name, u64 boot_id,
                                                const std::string& token) {
  return std::make_unique<ScriptedDevice>(ScriptedDevice::Options{
      name, token.empty() ? kToken : token, services_->broker->port, blob_port_, boot_id});
}

}  // namespace pipit::gateway
