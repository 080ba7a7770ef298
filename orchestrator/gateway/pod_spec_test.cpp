#include "orchestrator/gateway/pod_spec.h"

#include <gtest/gtest.h>

#include <random>

namespace pipit::gateway {
namespace {

using support::Json;

constexpr const char* kPod = R"({
  "metadata": {"namespace": "default", "name": "fashion-x1", "uid": "u-1", "creationTimestamp": "2026-11-21T04:46:09Z",
    "labels": {"app": "fashion"},
    "ownerReferences": [{"kind": "Thing", "name": "t", "uid": "t"},
                        {"kind": "DaemonSet", "name": "fashion", "uid": "d-1", "controller": true}]},
  "spec": {"nodeName": "waiot-1", "runtimeClassName": "pipit", "restartPolicy": "Always", "hostNetwork": false,
    "containers": [{"name": "app", "image": "pipit.local/fashion:v1", "args": ["--rate", "2"],
      "env": [{"name": "MODE", "value": "fast"}, {"name": "EMPTY"}], "securityContext": {},
      "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]}],
    "volumes": [{"name": "token", "secret": {"secretName": "default-token-abc"}}]},
  "status": {"phase": "Pending"}})";

Json pod() { return *support::parse_json(kPod); }

TEST(PodSpec, ReadsWhatItNeeds) {
  const PodView view = view_pod(pod());
  EXPECT_TRUE(wants_pipit(pod()));
  EXPECT_EQ(view.unsupported, "");
  EXPECT_EQ(view.key(), "default/fashion-x1");
  EXPECT_EQ(view.node, "waiot-1");
  EXPECT_EQ(view.created_ms, 1795236369000);
  EXPECT_EQ(view.owner->name, "fashion") << "the controller, not the first owner";
  EXPECT_EQ(view.image, "pipit.local/fashion:v1");
  EXPECT_EQ(view.arguments, (std::vector<std::string>{"--rate", "2"}));
  EXPECT_EQ(view.environment, (std::vector<std::string>{"MODE=fast", "EMPTY="}));
  EXPECT_FALSE(view.deleting);
  EXPECT_FALSE(view.finished());
}

TEST(PodSpec, AMachineMayHavePortsAndALimit) {
  Json object = pod();
  object["spec"]["runtimeClassName"] = kMachineRuntimeClass;
  Json& container = object["spec"]["containers"][0];
  container["ports"] =
      *support::parse_json(R"([{"containerPort":80,"hostPort":8080,"protocol":"TCP"},{"containerPort":81}])");
  container["resources"]["limits"]["memory"] = "24Mi";
  EXPECT_TRUE(wants_pipit(object));
  const PodView view = view_pod(object);
  EXPECT_EQ(view.unsupported, "");
  EXPECT_TRUE(view.machine);
  EXPECT_EQ(view.ports, (std::vector<HostPort>{{8080, 80}}));
  EXPECT_EQ(view.memory_limit, 24u << 20);
  container["ports"][0]["protocol"] = "UDP";
  EXPECT_TRUE(view_pod(object).unsupported.starts_with("spec.containers[0].ports[0].protocol: "));
  container["ports"][0] = {{"containerPort", 80}, {"hostPort", 70000}};
  EXPECT_TRUE(view_pod(object).unsupported.starts_with("spec.containers[0].ports[0]: "));
  container.erase("ports");
  container["resources"]["limits"]["memory"] = "much";
  EXPECT_TRUE(view_pod(object).unsupported.starts_with("spec.containers[0].resources.limits.memory: "));
  container["resources"]["limits"]["memory"] = "4611686018427387904";  // four times that is 0
  EXPECT_TRUE(view_pod(object).unsupported.starts_with("spec.containers[0].resources.limits.memory: "));
}

TEST(PodSpec, ReadsQuantities) {
  EXPECT_EQ(parse_bytes("4096"), 4096u);
  EXPECT_EQ(parse_bytes("64Mi"), 64u << 20);
  EXPECT_EQ(parse_bytes("1G"), 1'000'000'000u);
  for (const char* bad : {"", "Mi", "-1", "1.5Gi", "1X", "99999999999999999999", "18446744073709551615Ki"})
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
}

struct Case {
  const char* name;
  const char* pointer;  ///< where the value goes
  const char* value;
  const char* field;  ///< what the message must name
};

class Unsupported : public testing::TestWithParam<Case> {};

TEST_P(Unsupported, IsNamed) {
  Json object = pod();
  object[Json::json_pointer(GetParam().pointer)] = *support::parse_json(GetParam().value);
  const std::string message = view_pod(object).unsupported;
  EXPECT_TRUE(message.starts_with(std::string(GetParam().field) + ": ")) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Unsupported,
    testing::Values(
        Case{"Command", "/spec/containers/0/command", R"(["/bin/sh"])", "spec.containers[0].command"},
        Case{"SecondContainer", "/spec/containers/1", R"({"name":"b"})", "spec.containers"},
        Case{"NoContainer", "/spec/containers", "[]", "spec.containers"},
        Case{"InitContainers", "/spec/initContainers", R"([{"name":"i"}])", "spec.initContainers"},
        Case{"HostNetwork", "/spec/hostNetwork", "true", "spec.hostNetwork"},
        Case{"Volume", "/spec/volumes/1", R"({"name":"data","emptyDir":{}})", "spec.volumes[1]"},
        Case{"HostPort", "/spec/containers/0/ports",
             R"([{"containerPort":1},{"containerPort":2,"hostPort":80}])",
             "spec.containers[0].ports[1].hostPort"},
        Case{"LivenessProbe", "/spec/containers/0/livenessProbe", R"({"exec":{"command":["x"]}})",
             "spec.containers[0].livenessProbe"},
        Case{"Lifecycle", "/spec/containers/0/lifecycle", R"({"preStop":{}})",
             "spec.containers[0].lifecycle"},
        Case{"EnvFrom", "/spec/containers/0/envFrom", R"([{"secretRef":{"name":"s"}}])",
             "spec.containers[0].envFrom"},
        Case{"ValueFrom", "/spec/containers/0/env/1/valueFrom", R"({"fieldRef":{}})",
             "spec.containers[0].env[1].valueFrom"},
        Case{"ManyArgs", "/spec/containers/0/args", R"(["1","2","3","4","5","6","7","8","9"])",
             "spec.containers[0].args"},
        Case{"Tty", "/spec/containers/0/tty", "true", "spec.containers[0].tty"}),
    [](const auto& info) { return info.param.name; });

TEST(PodSpec, LongArgumentsAreRefused) {
  Json object = pod();
  object["spec"]["containers"][0]["args"] = Json::array({std::string(300, 'x')});
  EXPECT_NE(view_pod(object).unsupported, "");
}

TEST(PodSpec, MutatedObjectsNeverCrash) {
  std::minstd_rand random(3);
  int read = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = kPod;
    for (int i = 0; i < 3; ++i)
      text[random() % text.size()] = static_cast<char>("{}[]\",:019nulltr"[random() % 16]);
    const auto json = support::parse_json(text);
    if (!json.ok()) continue;
    ++read;
    (void)view_pod(*json);
    (void)wants_pipit(*json);
  }
  EXPECT_GT(read, 100);
  for (const char* odd : {"null", "7", "[]", "{\"spec\":[]}", "{\"spec\":{\"containers\":[7]}}",
                          "{\"metadata\":7,\"status\":\"x\"}"})
    (void)view_pod(*support::parse_json(odd));
}

}  // namespace
}  // namespace pipit::gateway
