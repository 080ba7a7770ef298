// pipit gateway: devices as Kubernetes nodes.
#include "orchestrator/gateway/gateway.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <cstdlib>

#include "cli/command.h"
#include "rig/board.h"
#include "support/files.h"

namespace pipit::cli {
namespace {

using support::Error;

struct Arguments {
  gateway::GatewayOptions options;
  std::string broker, blob_listen = "127.0.0.1:0", kubelet_listen = "127.0.0.1:0", plain_blob_listen;
  std::vector<std::string> aliases;
  std::string machine_kernel;
};

/// An address of this host as a machine behind QEMU's user network sees it.
support::Result<std::array<u8, 4>> seen_from_machine(const std::string& host) {
  constexpr std::array<u8, 4> kHost = {10, 0, 2, 2};
  std::array<u8, 4> address;
  if (host == "localhost" || host == "0.0.0.0") return kHost;
  if (inet_pton(AF_INET, host.c_str(), address.data()) != 1)
    return Error(Code::invalid_argument,
                 host + ": machines reach broker and packages at an IPv4 address only");
  return address[0] == 127 ? kHost : address;
}

/// How the gateway starts a machine: Mewz in QEMU with the device agent, as one of the rig's boards.
support::Result<gateway::MachineStarter> machine_starter(const Arguments& arguments) {
  rig::BoardOptions board;
  board.board = rig::kMewzBoard;
  board.firmware = arguments.machine_kernel;
  if (!support::exists(board.firmware))
    return Error(Code::not_found, board.firmware +
                                      ": no such kernel; build the preset mewz or name one with "
                                      "--machine-kernel");
  board.broker_host = TRY(seen_from_machine(arguments.options.broker.host));
  board.broker_port = arguments.options.broker.port;
  board.blob_host = TRY(seen_from_machine(arguments.options.blob_listen.host));
  board.detached = true;
  board.machine.forward_host = arguments.options.node_ip;
  return gateway::MachineStarter([board](const gateway::MachineOrder& order) -> support::Result<pid_t> {
    rig::BoardOptions options = board;
    options.directory = order.directory;
    options.mac = order.mac;
    options.token = order.token;
    options.blob_port = order.blob_port;
    options.machine.memory_mb = order.shape.memory_mb;
    if (const auto& tls = order.tls)
      options.machine.tls = {tls->authority, tls->certificate, tls->key, tls->broker_name, tls->blobs_name};
    for (const auto& directory : order.directories)
      options.machine.directories.push_back({directory.host, directory.guest, true});
    for (const gateway::PodMount& mount : order.shape.mounts)
      if (mount.kind == gateway::PodMount::Kind::empty_dir)
        options.machine.arguments += (options.machine.arguments.empty() ? "tmpfs=" : " tmpfs=") +
                                     rig::escaped(mount.path) + "," + std::to_string(mount.bytes);
    for (const gateway::HostPort& port : order.shape.ports)
      options.machine.forwards.push_back({port.host, port.guest});
    rig::Board machine = TRY(rig::Board::start(options));
    if (machine.device() != order.device)
      return Error(Code::internal, "the machine would call itself " + machine.device());
    return machine.process().pid();
  });
}

support::Status read(Arguments& arguments) {
  gateway::GatewayOptions& options = arguments.options;
  options.broker = TRY(gateway::parse_endpoint(arguments.broker));
  options.blob_listen = TRY(gateway::parse_endpoint(arguments.blob_listen));
  options.kubelet_listen = TRY(gateway::parse_endpoint(arguments.kubelet_listen));
  if (!arguments.plain_blob_listen.empty())
    options.plain_blob_listen = TRY(gateway::parse_endpoint(arguments.plain_blob_listen));
  for (const std::string& alias : arguments.aliases) {
    const usize equals = alias.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == alias.size())
      return Error(Code::invalid_argument, "--registry-alias " + alias + ": not NAME=HOST:PORT");
    options.registry_aliases[alias.substr(0, equals)] = alias.substr(equals + 1);
  }
  if (options.machines > 0) options.machine_starter = TRY(machine_starter(arguments));
  return {};
}

int run(Arguments& arguments) {
  if (auto read_well = read(arguments); !read_well.ok()) return fail(read_well.error());
  watch_interrupts();
  umask(0077);  // what it keeps has tokens, environments and lines of Pods
  auto ran = gateway::run_gateway(arguments.options, interrupted);
  return ran.ok() ? 0 : fail(ran.error());
}

void add_tls_options(CLI::App& command, Arguments& arguments) {
  gateway::TlsFiles& tls = arguments.options.tls;
  command
      .add_option("--tls-ca", tls.ca,
                  "speak TLS with the broker, and serve packages by HTTPS: the authority that signed the "
                  "certificates of both, PEM")
      ->group("TLS");
  command
      .add_option("--tls-cert", tls.certificate,
                  "the gateway's certificate, shown to the broker and to who fetches packages, PEM")
      ->group("TLS");
  command.add_option("--tls-key", tls.key, "its key, PEM")->group("TLS");
  command
      .add_option("--machine-ca", tls.machine_ca,
                  "an authority that signs a certificate for each machine; packages go by HTTPS only to who "
                  "has one, PEM")
      ->group("TLS");
  command.add_option("--machine-ca-key", tls.machine_ca_key, "its key, PEM")->group("TLS");
  command
      .add_option("--plain-blob-listen", arguments.plain_blob_listen,
                  "HOST:PORT where boards, which speak no TLS, fetch packages in the clear")
      ->group("TLS");
}

}  // namespace

void register_gateway(CLI::App& root, Session& session) {
  using gateway::Level;
  auto arguments = std::make_shared<Arguments>();
  gateway::GatewayOptions& options = arguments->options;
  arguments->machine_kernel = std::string(PIPIT_CHECKOUT) + "/build/mewz/bin/mewz";
  CLI::App* command =
      root.add_subcommand("gateway", "make devices that connect by MQTT nodes of a Kubernetes cluster");
  command->footer(
      "Example:\n  pipit gateway --kubeconfig gateway.conf --broker 127.0.0.1:1883 --kubelet-cert "
      "kubelet.crt \\\n"
      "    --kubelet-key kubelet.key --client-ca ca.crt --device-token secret --state-dir /var/lib/pipit\n"
      "orchestrator/deploy/gateway.yaml holds the role its user needs.");
  command->add_option("--kubeconfig", options.kubeconfig, "how to reach the API server, and as whom")
      ->required();
  command->add_option("--broker", arguments->broker, "MQTT broker, HOST:PORT")->required();
  command
      ->add_option("--blob-listen", arguments->blob_listen,
                   "where devices fetch packages; port 0 takes a free one")
      ->capture_default_str();
  command
      ->add_option("--kubelet-listen", arguments->kubelet_listen,
                   "where the API server asks for logs; port 0 takes a free one")
      ->capture_default_str();
  command->add_option("--kubelet-cert", options.kubelet_certificate, "serving certificate, PEM")->required();
  command->add_option("--kubelet-key", options.kubelet_key, "its key, PEM")->required();
  command->add_option("--client-ca", options.client_ca, "CA of the API server's client certificate, PEM")
      ->required();
  command->add_option("--node-ip", options.node_ip, "address of this machine in Node objects")
      ->capture_default_str();
  command
      ->add_option("--device-token", options.device_token,
                   "what a device must show to be admitted; or PIPIT_DEVICE_TOKEN in the environment")
      ->required()
      ->envname("PIPIT_DEVICE_TOKEN");
  command->add_option("--registry-alias", arguments->aliases,
                      "NAME=HOST:PORT: registry NAME of a Pod's image is reached there");
  command->add_option("--state-dir", options.state_dir, "packages, admitted devices; survives restarts")
      ->required();
  command
      ->add_option("--handover", options.handover_seconds,
                   "seconds an application outlives its Pod for its successor")
      ->capture_default_str();
  command
      ->add_option("--machines", options.machines,
                   "most virtual machines, one for each Pod of RuntimeClass pipit-vm; 0 starts none "
                   "(orchestrator/deploy/machines.yaml holds what they need)")
      ->capture_default_str();
  command->add_option("--machine-kernel", arguments->machine_kernel, "ELF file of Mewz")
      ->capture_default_str();
  command
      ->add_option("--machine-memory", options.machine_memory_mb,
                   "MB of a machine whose Pod has no memory limit; with one it gets four times that")
      ->check(CLI::Range(32, 1 << 20))
      ->capture_default_str();
  add_tls_options(*command, *arguments);
  command->add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->option_text("LEVEL=info")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Level>{
              {"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}},
          CLI::ignore_case));
  command->callback([arguments, &session] { session.exit_code = run(*arguments); });
}

}  // namespace pipit::cli
