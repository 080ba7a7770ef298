#include "orchestrator/gateway/gateway.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <memory>

#include "orchestrator/gateway/blob_server.h"
#include "orchestrator/gateway/device_link.h"
#include "orchestrator/gateway/kubelet_api.h"
#include "orchestrator/gateway/nodes.h"
#include "orchestrator/gateway/pods.h"
#include "orchestrator/gateway/stats.h"
#include "orchestrator/gateway/timestamp.h"
#include "orchestrator/kube/informer.h"
#include "support/files.h"

namespace pipit::gateway {

using support::Error;
using support::Json;

namespace {
constexpr u32 kTickMs = 250;
constexpr u32 kWorkers = 4;
constexpr u32 kAskTimeoutMs = 2'000;
constexpr usize kMaxPemBytes = 1 << 20;

support::Result<std::string> read_text(const std::string& path) {
  const std::vector<u8> data = TRY(support::read_file(path, kMaxPemBytes));
  return std::string(as_text(data));
}

support::Result<HttpServer::Options> kubelet_options(const GatewayOptions& options) {
  HttpServer::Options out;
  out.host = options.kubelet_listen.host;
  out.port = options.kubelet_listen.port;
  out.certificate = TRY(read_text(options.kubelet_certificate));
  out.key = TRY(read_text(options.kubelet_key));
  out.client_ca = TRY(read_text(options.client_ca));
  if (out.certificate.empty() || out.key.empty() || out.client_ca.empty())
    return Error(Code::invalid_argument, "kubelet certificate, key and client CA must not be empty");
  return out;
}

/// Everything there is, in the order it is built; torn down the other way round.
class Gateway {
 public:
  Gateway(const GatewayOptions& options, kube::Access access, std::optional<LinkTls> tls)
      : options_(options),
        tls_(std::move(tls)),
        client_(std::move(access)),
        executor_(kWorkers),
        devices_(options.device_token),
        images_(options.state_dir, options.registry_aliases),
        logs_(options.state_dir + "/logs"),
        blobs_(images_),
        kubelet_(logs_, {[this] { return ask([this] { return pods_->list(); }); },
                         [this] { return ask([this] { return stats(); }); }}),
        events_(client_, executor_) {}

  support::Status run(const std::function<bool()>& stop) {
    TRY(support::make_directories(options_.state_dir + "/logs"));
    TRY(start_blobs());
    if (const auto& plain = options_.plain_blob_listen) TRY(blobs_.start_plain(plain->host, plain->port));
    const HttpServer::Options serving = TRY(kubelet_options(options_));
    TRY(kubelet_.start(serving));
    nodes_ = std::make_unique<Nodes>(client_, executor_, loop_, NodeFacts{options_.node_ip, kubelet_.port()});
    pods_ = std::make_unique<Pods>(Pods::Options{i64{options_.handover_seconds} * 1000, options_.node_ip,
                                                 options_.state_dir + "/slots.json"},
                                   Pods::Parts{client_, executor_, loop_, devices_, images_, logs_, events_,
                                               [this](const std::string& device, Bytes message) {
                                                 link_->send_desired(device, message);
                                               }});
    link_ = std::make_unique<DeviceLink>(DeviceLink::Parts{loop_, devices_, *nodes_, *pods_, logs_},
                                         options_.state_dir + "/devices.json");
    if (options_.machines > 0)
      machines_ = std::make_unique<Machines>(
          Machines::Options{options_.machines, options_.machine_memory_mb, options_.machine_starter,
                            blobs_.port(), options_.state_dir + "/machines", tls_ ? &*tls_ : nullptr,
                            options_.broker.host},
          Machines::Parts{client_, executor_, loop_, devices_, *nodes_, *pods_, *link_, events_});
    std::unique_ptr<MqttTls> tls;
    if (tls_) tls = TRY(MqttTls::create(*tls_, options_.broker.host));
    TRY(link_->start(options_.broker.host, options_.broker.port, std::move(tls)));
    kube::Informer informer(
        client_, pod_watch(),
        [this](kube::Delta delta) {
          loop_.post([this, delta = std::move(delta)]() mutable { pods_->on_delta(std::move(delta)); });
        },
        [](const kube::ApiError& error) {
          log(Level::warn, "watch of pods interrupted", {{"error", error.text}});
        });
    TRY(announce());
    loop_.run(kTickMs, [this] { tick(); }, stop);
    log(Level::info, "stopping");
    link_->stop();
    executor_.stop();
    return {};
  }

 private:
  static kube::ListWatchOptions pod_watch() {
    kube::ListWatchOptions watch;
    watch.path = kube::path_of(kube::kPods);
    watch.keep = wants_pipit;
    return watch;
  }

  void tick() {
    const i64 now = unix_ms();
    link_->tick(now);
    nodes_->tick(devices_, now);
    pods_->tick(now);
    if (machines_) machines_->tick(now);
  }

  /// Runs on the loop what a server thread wants to know; null when the loop does not come to it.
  Json ask(const std::function<Json()>& question) {
    Json answer;
    loop_.ask([&] { answer = question(); }, kAskTimeoutMs);
    return answer;
  }

  Json stats() const {
    const i64 now = unix_ms();
    Json pods = Json::array();
    for (const PodView& pod : pods_->running())
      if (const auto usage = machines_ ? machines_->usage(pod.node) : std::nullopt)
        pods.push_back(pod_stats(pod, *usage, now));
    return device_stats(devices_, std::move(pods), now);
  }

  /// At a port that is free, rather at the one before: machines that outlived a gateway were told of that.
  support::Status start_blobs() {
    const Endpoint& wanted = options_.blob_listen;
    const LinkTls* const tls = tls_ ? &*tls_ : nullptr;
    const auto said = support::read_file(options_.state_dir + "/gateway.json");
    const auto before = said.ok() ? support::parse_json(as_text(*said)) : support::Result<Json>(Json());
    if (const i64 port = before.ok() ? support::int_at(*before, {"blobPort"}) : 0;
        wanted.port == 0 && port > 0 && port <= 65535 &&
        blobs_.start(wanted.host, static_cast<u16>(port), tls).ok())
      return {};
    return blobs_.start(wanted.host, wanted.port, tls);
  }

  support::Status announce() {
    Json ports = {{"pid", getpid()},
                  {"kubeletPort", kubelet_.port()},
                  {"blobPort", blobs_.port()},
                  {"blobScheme", tls_ ? "https" : "http"}};
    if (blobs_.plain_port() != 0) ports["plainBlobPort"] = blobs_.plain_port();
    const std::string text = support::dump(ports, 1) + "\n";
    TRY(support::write_file(options_.state_dir + "/gateway.json", as_bytes(text)));
    std::printf("READY kubelet=%u blobs=%u\n", kubelet_.port(), blobs_.port());
    std::fflush(stdout);
    return {};
  }

  GatewayOptions options_;
  std::optional<LinkTls> tls_;
  kube::Client client_;
  Loop loop_;
  Executor executor_;
  Devices devices_;
  Images images_;
  PodLogs logs_;
  BlobServer blobs_;
  KubeletApi kubelet_;
  Events events_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<Pods> pods_;
  std::unique_ptr<DeviceLink> link_;
  std::unique_ptr<Machines> machines_;
};
}  // namespace

support::Result<Endpoint> parse_endpoint(const std::string& text) {
  const usize colon = text.rfind(':');
  Endpoint out;
  const char* end = text.data() + text.size();
  if (colon != std::string::npos && colon != 0 && colon + 1 < text.size()) {
    out.host = text.substr(0, colon);
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error == std::errc() && stop == end) return out;
  }
  return Error(Code::invalid_argument, "not HOST:PORT: " + text);
}

support::Status run_gateway(const GatewayOptions& options, const std::function<bool()>& stop) {
  set_log_level(options.log_level);
  if (options.device_token.empty()) return Error(Code::invalid_argument, "device token must not be empty");
  std::optional<LinkTls> tls;
  if (options.tls.given()) tls.emplace(TRY(LinkTls::load(options.tls)));
  if (tls && options.machines > 0) TRY(tls->suits_machines());
  if (options.plain_blob_listen && !tls)
    return Error(Code::invalid_argument,
                 "--plain-blob-listen is for use beside --tls-ca: without TLS, "
                 "--blob-listen serves in the clear");
  kube::Access access = TRY(kube::load_kubeconfig(options.kubeconfig));
  return Gateway(options, std::move(access), std::move(tls)).run(stop);
}

}  // namespace pipit::gateway
