// pipit device: a device simulated on this machine, running the agent that boards run.
#include <cstdio>

#include "cli/command.h"
#include "host/device.h"

namespace pipit::cli {
namespace {

struct Arguments {
  std::string broker, blobs, mac;
  host::DeviceOptions options;
};

support::Status serve(const Arguments& arguments) {
  host::DeviceOptions options = arguments.options;
  TRY(host::parse_endpoint(arguments.broker, options.broker_host, options.broker_port));
  TRY(host::parse_endpoint(arguments.blobs, options.blob_host, options.blob_port));
  options.mac = TRY(host::parse_mac(arguments.mac));
  const auto device = TRY(host::Device::create(options));
  const std::string name(device->agent().device());
  std::printf("%s: broker %s, blobs %s\n", name.c_str(), arguments.broker.c_str(), arguments.blobs.c_str());
  std::fflush(stdout);
  watch_interrupts();
  while (!interrupted()) device->step();
  return {};
}

}  // namespace

void register_device(CLI::App& root, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = root.add_subcommand("device", "simulate a device on this machine until interrupted");
  command->add_option("--broker", arguments->broker, "MQTT broker, IPv4:PORT")->required();
  command->add_option("--blobs", arguments->blobs, "blob server of the gateway, IPv4:PORT")->required();
  command->add_option("--token", arguments->options.token, "device token of the gateway");
  command->add_option("--mac", arguments->mac, "its identity: waiot-<last three bytes>")
      ->default_val("52:54:00:12:34:56");
  command->add_option("--flash", arguments->options.flash_file,
                      "file that stands for its flash; without, it forgets");
  command->footer(
      "Example:\n  pipit device --broker 127.0.0.1:1883 --blobs 127.0.0.1:8090 --token secret --flash "
      "flash.img");
  command->callback([arguments, &session] {
    if (const auto status = serve(*arguments); !status.ok()) session.exit_code = fail(status.error());
  });
}

}  // namespace pipit::cli
