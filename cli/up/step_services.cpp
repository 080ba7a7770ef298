// Kubernetes, the broker, the registry with the packages in it, and the gateway.
#include <sys/random.h>

#include "cli/up/run.h"
#include "orchestrator/registry/oci.h"
#include "support/hex.h"

namespace pipit::up {

using support::Error;
using support::Result;

namespace {

Result<std::string> random_token() {
  u8 bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    return Error(Code::io, "no random numbers from the system");
  return support::hex(bytes);
}

support::Status push_packages(Run& run) {
  for (usize i = 0; i < run.packages.size(); ++i) {
    const std::string target = run.registry->host() + "/fashion:" + std::to_string(i + 1) + ".0.0";
    const registry::Reference reference = TRY(registry::parse_reference(target));
    const std::string digest = TRY(registry::push(TRY(registry::read_layout(run.packages[i])), reference));
    run.progress.say("pushed " + target + " " + digest.substr(0, 19));
  }
  return {};
}

}  // namespace

support::Status start_services(Run& run) {
  run.token = TRY(random_token());
  run.plane.emplace(TRY(rig::ControlPlane::start(run.state, {.binaries = run.path(".cache/kubernetes")})));
  run.progress.say("Kubernetes on 127.0.0.1:" + std::to_string(run.plane->port()));
  run.broker.emplace(TRY(rig::Broker::start(run.state, &run.plane->pki())));
  run.registry.emplace(TRY(rig::Registry::start(run.state)));
  TRY(push_packages(run));
  // RuntimeClasses, and the gateway's roles: it may do nothing before.
  std::vector<std::string> apply = {"apply"};
  for (const char* file : {"runtimeclass.yaml", "gateway.yaml", "machines.yaml"})
    apply.insert(apply.end(), {"-f", run.path(std::string("orchestrator/deploy/") + file)});
  TRY(run.kubectl().run(apply));
  run.gateway.emplace(TRY(rig::Gateway::start(run.state, *run.plane, *run.broker, *run.registry,
                                              {.program = run.options.program, .device_token = run.token})));
  run.blob_port = run.gateway->blob_port;
  run.observer = TRY(Observer::connect(run.broker->port));
  run.progress.say("MQTT broker, OCI registry and gateway are up");
  return {};
}

}  // namespace pipit::up
