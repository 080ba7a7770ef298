#include "orchestrator/gateway/node_object.h"

#include <gtest/gtest.h>

namespace pipit::gateway {
namespace {

using support::Json;
using support::text_at;

Device device() {
  Device out;
  out.identity.name = "waiot-123456";
  out.identity.boot_id = 0xabc;
  out.identity.board = "mps2-an386";
  out.identity.arch = "thumbv7em";
  out.identity.firmware = "0.1.0";
  out.identity.app_ram_bytes = 98304;
  out.identity.slot_bytes = 524288;
  out.alive = true;
  out.changed_ms = 1'000;
  return out;
}

TEST(NodeObject, CarriesLabelsAndTaint) {
  const Json node = node_object(device().identity, false);
  EXPECT_EQ(node["metadata"]["labels"], *support::parse_json(R"({
    "kubernetes.io/arch": "arm", "kubernetes.io/os": "waiot", "kubernetes.io/hostname": "waiot-123456",
    "node.kubernetes.io/instance-type": "mps2-an386", "pipit.dev/board": "mps2-an386", "pipit.dev/class": "mcu",
    "pipit.dev/device": "true"})"));
  EXPECT_EQ(
      node["spec"]["taints"],
      *support::parse_json(R"([{"key": "pipit.dev/device", "value": "true", "effect": "NoSchedule"}])"));
}

TEST(NodeObject, AMachineIsOfItsOwnKindAndClosedToTheScheduler) {
  DeviceIdentity machine = device().identity;
  machine.board = "mewz";
  machine.arch = "amd64";
  const Json node = node_object(machine, true);
  EXPECT_EQ(text_at(node, {"metadata", "labels", "kubernetes.io/os"}), "mewz");
  EXPECT_EQ(text_at(node, {"metadata", "labels", "pipit.dev/class"}), "vm");
  EXPECT_EQ(text_at(node, {"spec", "taints", "1", "key"}), kMachineTaint);
}

TEST(NodeObject, MissingTaintsComeBesideForeignOnes) {
  const Json wanted = node_object(device().identity, true);
  const Json foreign = {{"key", "other"}, {"effect", "NoExecute"}};
  Json node = {{"spec", {{"taints", Json::array({foreign, wanted["spec"]["taints"][0]})}}}};
  const Json merged = missing_taints(node, wanted);
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0], foreign);
  EXPECT_EQ(merged[2]["key"], kMachineTaint);
  node["spec"]["taints"] = merged;
  EXPECT_TRUE(missing_taints(node, wanted).is_null());
  EXPECT_EQ(missing_taints(Json::object(), wanted), wanted["spec"]["taints"]);
}

TEST(NodeObject, LabelsStayLabelsWhateverADeviceSays) {
  DeviceIdentity odd = device().identity;
  odd.board = "--a board/with \"text\"" + std::string(100, 'x') + "-";
  odd.arch = "";
  const Json labels = node_labels(odd);
  const std::string board = labels["pipit.dev/board"].get<std::string>();
  EXPECT_LE(board.size(), 63u);
  EXPECT_TRUE(board.starts_with("a-board-with--text-x"));
  EXPECT_EQ(labels["kubernetes.io/arch"], "");
}

TEST(NodeObject, StatusTellsCapacityAddressAndReadiness) {
  Device here = device();
  const Json patch = node_status_patch(here, {"127.0.0.1", 10250}, 61'000);
  const Json& status = patch["status"];
  EXPECT_EQ(
      status["allocatable"],
      *support::parse_json(R"({"cpu": "1", "memory": "98304", "ephemeral-storage": "524288", "pods": "2"})"));
  EXPECT_EQ(text_at(status, {"addresses", "0", "address"}), "127.0.0.1");
  EXPECT_EQ(status["addresses"].size(), 1u);
  EXPECT_EQ(status["daemonEndpoints"]["kubeletEndpoint"]["Port"], 10250);
  EXPECT_EQ(status["conditions"][0],
            *support::parse_json(R"({"type": "Ready", "status": "True", "reason": "DeviceReady",
    "message": "device is connected and reports", "lastHeartbeatTime": "1970-01-01T00:01:01Z",
    "lastTransitionTime": "1970-01-01T00:00:01Z"})"));
  here.alive = false;
  const Json gone = node_status_patch(here, {"127.0.0.1", 10250}, 61'000);
  EXPECT_EQ(text_at(gone, {"status", "conditions", "0", "status"}), "False");
  EXPECT_EQ(text_at(gone, {"status", "conditions", "0", "reason"}), "DeviceOffline");
}

TEST(NodeObject, AnnotationsProveTheBoot) {
  Device here = device();
  here.report = DeviceReport{};
  here.report->uptime_ms = 4242;
  here.report->boot_count = 3;
  const Json notes = node_status_patch(here, {}, 0)["metadata"]["annotations"];
  EXPECT_EQ(notes["pipit.dev/boot-id"], "0000000000000abc");
  EXPECT_EQ(notes["pipit.dev/boot-count"], "3");
  EXPECT_EQ(notes["pipit.dev/uptime-ms"], "4242");
}

TEST(Lease, IsOwnedByItsNode) {
  const Json lease = lease_object("waiot-1", "uid-1", 1'000);
  EXPECT_EQ(lease["metadata"]["namespace"], "kube-node-lease");
  EXPECT_EQ(text_at(lease, {"metadata", "ownerReferences", "0", "uid"}), "uid-1");
  EXPECT_EQ(
      lease["spec"],
      *support::parse_json(
          R"({"holderIdentity": "waiot-1", "leaseDurationSeconds": 40, "renewTime": "1970-01-01T00:00:01.000000Z"})"));
  EXPECT_FALSE(lease_object("waiot-1", "", 0)["metadata"].contains("ownerReferences"));
}

}  // namespace
}  // namespace pipit::gateway
