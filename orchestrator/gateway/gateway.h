#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/types.h"
#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/machines.h"
#include "support/error.h"

namespace pipit::gateway {

struct Endpoint {
  std::string host;
  u16 port = 0;
};
/// "127.0.0.1:1883"
support::Result<Endpoint> parse_endpoint(const std::string& text);

struct GatewayOptions {
  std::string kubeconfig;
  Endpoint broker;
  Endpoint blob_listen, kubelet_listen;       ///< port 0: a free one, written to <state_dir>/gateway.json
  TlsFiles tls;                               ///< of the broker's connection and of blob_listen
  std::optional<Endpoint> plain_blob_listen;  ///< packages in the clear as well, where blob_listen is TLS
  std::string kubelet_certificate, kubelet_key, client_ca;  ///< PEM files
  std::string node_ip = "127.0.0.1";
  std::string device_token;
  std::map<std::string, std::string> registry_aliases;  ///< "pipit.local" → "127.0.0.1:5000"
  std::string state_dir;
  u32 handover_seconds = 30;
  u32 machines = 0;            ///< most virtual machines for Pods of RuntimeClass pipit-vm
  u32 machine_memory_mb = 64;  ///< of one whose Pod has no memory limit
  MachineStarter machine_starter;
  Level log_level = Level::info;
};

/// Runs the gateway until `stop` turns true: a Node, a Lease and a kubelet for each device that says hello.
/// Prints "READY kubelet=<port> blobs=<port>" once it serves. An error means that it could not start.
support::Status run_gateway(const GatewayOptions& options, const std::function<bool()>& stop);

}  // namespace pipit::gateway
