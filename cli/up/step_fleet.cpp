// The boards, until each is a Ready node with a Lease.
#include <sstream>

#include "base/check.h"
#include "cli/up/run.h"
#include "orchestrator/gateway/link_tls.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::up {

using support::Error;
using support::Json;

namespace {

constexpr int kReadySeconds = 90;
constexpr std::array<u8, 4> kHostSeenFromQemu = {10, 0, 2, 2};

/// Bytes of a firmware image by section. The reserved stack is RAM without contents, as bss is.
support::Result<FirmwareResult> sizes(const std::string& elf) {
  const auto output = TRY(support::run({"llvm-size-22", "-A", elf}));
  if (output.exit_code != 0) return Error(Code::io, "llvm-size-22 " + elf + ": " + output.err);
  FirmwareResult result;
  const std::pair<const char*, decltype(&FirmwareResult::text)> kColumns[] = {
      {".text", &FirmwareResult::text}, {".rodata", &FirmwareResult::text}, {".data", &FirmwareResult::data},
      {".bss", &FirmwareResult::bss},   {".noinit", &FirmwareResult::bss},  {".stack", &FirmwareResult::bss}};
  std::istringstream lines(output.out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string section;
    unsigned long long bytes = 0;
    if (!(fields >> section >> bytes)) continue;
    for (const auto& [name, column] : kColumns)
      if (section == name) result.*column += bytes;
  }
  if (result.text == 0) return Error(Code::malformed, elf + ": llvm-size-22 finds no .text");
  return result;
}

/// A machine speaks TLS; boards cannot yet.
support::Status secure(const Run& run, Device& device) {
  PIPIT_CHECK(run.plane && run.broker && run.gateway);  // by the steps before
  const rig::Pki& pki = run.plane->pki();
  const gateway::LinkTls link = TRY(gateway::LinkTls::load({.ca = pki.ca(),
                                                            .certificate = pki.certificate("link"),
                                                            .key = pki.key("link"),
                                                            .machine_ca = pki.certificate("machine-ca"),
                                                            .machine_ca_key = pki.key("machine-ca")}));
  gateway::MachineTls tls = TRY(link.for_machine(device.name, "127.0.0.1"));
  device.options.machine.tls = {std::move(tls.authority), std::move(tls.certificate), std::move(tls.key),
                                tls.broker_name, tls.blobs_name};
  device.options.broker_port = run.broker->tls_port;
  device.options.blob_port = run.gateway->blob_tls_port;
  return {};
}

support::Status add_device(Run& run, const std::string& board, usize index) {
  PIPIT_CHECK(run.broker.has_value());  // by the steps before
  Device device;
  char mac[18], name[16];
  std::snprintf(mac, sizeof mac, "52:54:00:12:34:%02zx", index + 1);
  std::snprintf(name, sizeof name, "waiot-1234%02zx", index + 1);
  device.name = name;
  device.options.board = board;
  device.options.firmware = run.path("build/" + board + "/bin/" + rig::image_name(board));
  device.options.directory = run.state.path("boards/" + device.name);
  device.options.mac = mac;
  device.options.broker_host = device.options.blob_host = kHostSeenFromQemu;
  device.options.broker_port = run.broker->port;
  device.options.blob_port = run.blob_port;
  device.options.token = run.token;
  if (board == rig::kMewzBoard) TRY(secure(run, device));
  run.report.firmware[board] = TRY(sizes(device.options.firmware));
  run.devices.push_back(std::move(device));
  return run.power_on(run.devices.back());
}

bool is_ready(const Run& run, const std::string& node) {
  const auto object = run.kubectl().get({"node", node, "--ignore-not-found"});
  return object.ok() && condition(*object, "Ready") == "True";
}

std::string renewed(const Run& run, const std::string& node) {
  const auto lease = run.kubectl().get({"lease", node, "-n", "kube-node-lease"});
  return lease.ok() ? support::text_at(*lease, {"spec", "renewTime"}) : "";
}

support::Status describe(Run& run, const Device& device) {
  const auto facts = run.observer->facts(device.name);
  if (!facts) return Error(Code::internal, device.name + " is Ready, yet never said hello");
  const Json node = TRY(run.kubectl().get({"node", device.name}));
  DeviceResult& result = run.report.devices[device.name];
  result.board = facts->board;
  result.arch = facts->arch;
  result.persistent = facts->persistent;
  result.sensor_queue = facts->sensor_queue;
  run.progress.say(device.name + " is Ready: " + facts->board + ", " + facts->arch +
                   ", memory for an application " +
                   support::text_at(node, {"status", "capacity", "memory"}, "?") + ", sensor queue of " +
                   std::to_string(facts->sensor_queue) + " frames, slots " +
                   (facts->persistent ? "in flash" : "in a volatile memory that stands in for flash"));
  run.report.require(facts->board == device.options.board, device.name + " says it is a " + facts->board);
  return {};
}

}  // namespace

support::Status start_fleet(Run& run) {
  run.devices.reserve(run.options.boards.size());
  for (usize i = 0; i < run.options.boards.size(); ++i) TRY(add_device(run, run.options.boards[i], i));
  for (const Device& device : run.devices) {
    TRY(run.wait(device.name + " to be a Ready node (console: " + device.options.directory + "/console.log)",
                 kReadySeconds, [&] { return is_ready(run, device.name); }));
    TRY(describe(run, device));
  }
  for (const Device& device : run.devices) {
    const std::string before = renewed(run, device.name);
    TRY(run.wait("the Lease of " + device.name + " to be renewed", 45, [&] {
      const std::string now = renewed(run, device.name);
      return !now.empty() && now != before;
    }));
  }
  run.progress.say("Leases are renewed");
  return {};
}

}  // namespace pipit::up
