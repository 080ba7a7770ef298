// pipit gateway: devices as Kubernetes nodes.
#include "orchestrator/gateway/gateway.h"

#include "cli/command.h"

namespace pipit::cli {
namespace {

using support::Error;

struct Arguments {
  gateway::GatewayOptions options;
  std::string broker, blob_listen = "127.0.0.1:0", kubelet_listen = "127.0.0.1:0";
  std::vector<std::string> aliases;
};

support::Status read(Arguments& arguments) {
  gateway::GatewayOptions& options = arguments.options;
  options.broker = TRY(gateway::parse_endpoint(arguments.broker));
  options.blob_listen = TRY(gateway::parse_endpoint(arguments.blob_listen));
  options.kubelet_listen = TRY(gateway::parse_endpoint(arguments.kubelet_listen));
  for (const std::string& alias : arguments.aliases) {
    const usize equals = alias.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == alias.size())
      return Error(Code::invalid_argument, "--registry-alias " + alias + ": not NAME=HOST:PORT");
    options.registry_aliases[alias.substr(0, equals)] = alias.substr(equals + 1);
  }
  return {};
}

int run(Arguments& arguments) {
  if (auto read_well = read(arguments); !read_well.ok()) return fail(read_well.error());
  watch_interrupts();
  auto ran = gateway::run_gateway(arguments.options, interrupted);
  return ran.ok() ? 0 : fail(ran.error());
}

}  // namespace

void register_gateway(CLI::App& root, Session& session) {
  using gateway::Level;
  auto arguments = std::make_shared<Arguments>();
  gateway::GatewayOptions& options = arguments->options;
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
  command->add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->option_text("LEVEL=info")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Level>{
              {"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}},
          CLI::ignore_case));
  command->callback([arguments, &session] { session.exit_code = run(*arguments); });
}

}  // namespace pipit::cli
