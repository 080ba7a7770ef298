#include "rig/services.h"

#include "support/files.h"

namespace pipit::rig {

using support::Result;

namespace {

constexpr int kStartTimeoutMs = 30'000;

support::Status write_text(const std::string& path, const std::string& text) {
  return support::write_file(path, as_bytes(text));
}

/// The listener for who has a certificate: the gateway may say and hear everything, a machine what has its
/// name.
Result<std::string> tls_listener(State& state, const Pki& pki, u16 port) {
  const std::string believed = state.path("mosquitto.ca"), rights = state.path("mosquitto.acl");
  std::string authorities;
  for (const std::string& file : {pki.ca(), pki.certificate("machine-ca")}) {
    const std::vector<u8> pem = TRY(support::read_file(file));
    authorities += as_text(pem);
  }
  TRY(write_text(believed, authorities));
  TRY(write_text(rights, "user pipit-gateway\ntopic readwrite pipit/#\npattern readwrite pipit/%u/#\n"));
  return "listener " + std::to_string(port) + " 127.0.0.1\ncafile " + believed + "\ncertfile " +
         pki.certificate("broker") + "\nkeyfile " + pki.key("broker") +
         "\nrequire_certificate true\nuse_identity_as_username true\nacl_file " + rights + "\n";
}

}  // namespace

Result<Broker> Broker::start(State& state, const Pki* pki) {
  Broker broker;
  broker.port = TRY(choose_port());
  TRY(state.set_port("mosquitto", broker.port));
  const std::string file = state.path("mosquitto.conf");
  std::string secure;
  if (pki != nullptr) {
    broker.tls_port = TRY(choose_port());
    TRY(state.set_port("mosquitto-tls", broker.tls_port));
    secure = TRY(tls_listener(state, *pki, broker.tls_port));
  }
  // 0 means without a limit; TCP's own flow control paces a slow device. `user` is of use where root starts
  // it.
  TRY(write_text(file, "user root\nper_listener_settings true\n" + secure + "listener " +
                           std::to_string(broker.port) +
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
  if (pki != nullptr) TRY(broker.service.wait_for_port(broker.tls_port, kStartTimeoutMs));
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
  const bool tls = broker.tls_port != 0;
  TRY(state.set_port("gateway-blobs", gateway.blob_port));
  TRY(state.set_port("gateway-kubelet", gateway.kubelet_port));
  const auto local = [](u16 port) { return "127.0.0.1:" + std::to_string(port); };
  const Pki& pki = plane.pki();
  std::vector<std::string> command = {options.program,    "gateway",
                                      "--kubeconfig",     plane.gateway_config(),
                                      "--broker",         local(tls ? broker.tls_port : broker.port),
                                      "--kubelet-listen", local(gateway.kubelet_port),
                                      "--kubelet-cert",   pki.certificate("kubelet-serving"),
                                      "--kubelet-key",    pki.key("kubelet-serving"),
                                      "--client-ca",      pki.ca(),
                                      "--node-ip",        "127.0.0.1",
                                      "--device-token",   options.device_token,
                                      "--registry-alias", "pipit.local=" + registry.host(),
                                      "--state-dir",      state.path("gateway"),
                                      "--handover",       std::to_string(options.handover_s),
                                      "--machines",       std::to_string(options.machines)};
  const auto add = [&](std::initializer_list<std::string> words) { command.insert(command.end(), words); };
  if (tls) {
    gateway.blob_tls_port = TRY(choose_port());
    TRY(state.set_port("gateway-blobs-tls", gateway.blob_tls_port));
    add({"--blob-listen", local(gateway.blob_tls_port), "--plain-blob-listen", local(gateway.blob_port)});
    add({"--tls-ca", pki.ca(), "--tls-cert", pki.certificate("link"), "--tls-key", pki.key("link")});
    add({"--machine-ca", pki.certificate("machine-ca"), "--machine-ca-key", pki.key("machine-ca")});
  } else {
    add({"--blob-listen", local(gateway.blob_port)});
  }
  gateway.command = std::move(command);
  TRY(gateway.start_again(state));
  return gateway;
}

support::Status Gateway::start_again(State& state) {
  service = TRY(Service::start(state, "gateway", command));
  TRY(service.wait_for_port(blob_port, kStartTimeoutMs));
  return service.wait_for_port(kubelet_port, kStartTimeoutMs);
}

}  // namespace pipit::rig
