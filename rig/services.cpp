#include "rig/services.h"

#include "support/files.h"

namespace pipit::rig {

using support::Result;

namespace {

constexpr int kStartTimeoutMs = 30'000;

support::Status write_text(const std::string& path, const std::string& text) {
  return support::write_file(path, as_bytes(text));
}

}  // namespace

Result<Broker> Broker::start(State& state) {
  Broker broker;
  broker.port = TRY(choose_port());
  TRY(state.set_port("mosquitto", broker.port));
  const std::string file = state.path("mosquitto.conf");
  // 0 means without a limit; TCP's own flow control paces a slow device.
  TRY(write_text(file, "listener " + std::to_string(broker.port) +
                           " 127.0.0.1\n"
                           "allow_anonymous true\n"
                           "persistence false\n"
                           "max_queued_messages 0\n"
                           "max_inflight_messages 20\n"
                           "message_size_limit 1048576\n"
                           "set_tcp_nodelay true\n"
                           "log_type error\nlog_type warning\nlog_type notice\n"
                           "connection_messages true\n"));
  // Debian installs it where only root's PATH looks.
  const std::string program = support::exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
  broker.service = TRY(Service::start(state, "mosquitto", {program, "-c", file}));
  TRY(broker.service.wait_for_port(broker.port, kStartTimeoutMs));
  return broker;
}

Result<Registry> Registry::start(State& state) {
  Registry registry;
  registry.port = TRY(choose_port());
  TRY(state.set_port("registry", registry.port));
  const std::string file = state.path("registry.yml");
  TRY(write_text(file,
                 "version: 0.1\n"
                 "log: {level: warn, accesslog: {disabled: true}}\n"
                 "storage:\n"
                 "  filesystem: {rootdirectory: " +
                     state.path("registry") +
                     "}\n"
                     "  maintenance: {uploadpurging: {enabled: false}}\n"
                     "http: {addr: " +
                     registry.host() + ", secret: loopback, relativeurls: true}\n"));
  registry.service = TRY(Service::start(state, "registry", {"docker-registry", "serve", file}));
  TRY(registry.service.wait_for_port(registry.port, kStartTimeoutMs));
  return registry;
}

Result<Gateway> Gateway::start(State& state, const ControlPlane& plane, const Broker& broker,
                               const Registry& registry, const Options& options) {
  Gateway gateway;
  gateway.blob_port = TRY(choose_port());
  gateway.kubelet_port = TRY(choose_port());
  TRY(state.set_port("gateway-blobs", gateway.blob_port));
  TRY(state.set_port("gateway-kubelet", gateway.kubelet_port));
  const auto local = [](u16 port) { return "127.0.0.1:" + std::to_string(port); };
  gateway.service =
      TRY(Service::start(state, "gateway", {options.program,    "gateway",
                                            "--kubeconfig",     plane.gateway_config(),
                                            "--broker",         local(broker.port),
                                            "--blob-listen",    local(gateway.blob_port),
                                            "--kubelet-listen", local(gateway.kubelet_port),
                                            "--kubelet-cert",   plane.pki().certificate("kubelet-serving"),
                                            "--kubelet-key",    plane.pki().key("kubelet-serving"),
                                            "--client-ca",      plane.pki().ca(),
                                            "--node-ip",        "127.0.0.1",
                                            "--device-token",   options.device_token,
                                            "--registry-alias", "pipit.local=" + registry.host(),
                                            "--state-dir",      state.path("gateway"),
                                            "--handover",       std::to_string(options.handover_s),
                                            "--machines",       std::to_string(options.machines)}));
  TRY(gateway.service.wait_for_port(gateway.blob_port, kStartTimeoutMs));
  TRY(gateway.service.wait_for_port(gateway.kubelet_port, kStartTimeoutMs));
  return gateway;
}

}  // namespace pipit::rig
