// The gateway on a real Kubernetes control plane, as its own user, with devices that speak the real link.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "orchestrator/gateway/testing/cluster.h"
#include "orchestrator/gateway/timestamp.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::gateway {
namespace {

using support::Json;
using support::text_at;

constexpr const char* kName = "waiot-a00001";
constexpr u32 kHandoverSeconds = 6;

std::string workload(const std::string& kind, const std::string& name, const std::string& tag) {
  return R"({"apiVersion":"apps/v1","kind":")" + kind + R"(","metadata":{"name":")" + name +
         R"("},"spec":{)" + (kind == "Deployment" ? R"("replicas":1,"strategy":{"type":"Recreate"},)" : "") +
         R"("selector":{"matchLabels":{"app":")" + name + R"("}},"template":{"metadata":{"labels":{"app":")" +
         name + R"("}},"spec":{"runtimeClassName":"pipit",)" +
         // The DaemonSet controller looks at the template, not at what the RuntimeClass adds to each Pod.
         (kind == "DaemonSet"
              ? R"("nodeSelector":{"pipit.dev/device":"true"},"tolerations":[{"key":"pipit.dev/device","operator":"Exists"}],)"
              : "") +
         R"("containers":[{"name":"app","image":"pipit.local/demo:)" + tag + R"("}]}}}})";
}

std::string bare_pod(const std::string& name, const std::string& container,
                     const std::string& policy = "Always") {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name + R"(","labels":{"app":")" + name +
         R"("}},"spec":{"runtimeClassName":"pipit","restartPolicy":")" + policy + R"(","containers":[)" +
         container + "]}}";
}

/// One scenario in steps; each begins where the one before ended.
class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string binaries = Cluster::binaries();
    if (binaries.empty())
      GTEST_SKIP() << "no control plane: set PIPIT_KUBE_BIN, or run scripts/get-control-plane";
    auto cluster = Cluster::start(binaries, kHandoverSeconds);
    ASSERT_TRUE(cluster.ok()) << cluster.error().text;
    cluster_ = std::move(*cluster);
    for (const char* version : {"v1", "v2", "trap", "exit"}) {
      auto pushed = cluster_->push(version, version, 20'000);
      ASSERT_TRUE(pushed.ok()) << pushed.error().text;
    }
  }
  std::string ready(const std::string& node) {
    const Json object = cluster_->get("node", node);
    const Json* conditions = support::find(object, {"status", "conditions"});
    if (conditions == nullptr) return "";
    for (const Json& condition : *conditions)
      if (text_at(condition, {"type"}) == "Ready")
        return text_at(condition, {"status"}) + " " + text_at(condition, {"reason"});
    return "";
  }
  /// The one Pod of a workload, or null while there is none or more than one.
  Json pod(const std::string& app) {
    const auto pods = cluster_->list("pods", "app=" + app);
    return pods.size() == 1 ? pods[0] : Json();
  }
  Json state(const std::string& app) {
    const Json object = pod(app);
    const Json* found = support::find(object, {"status", "containerStatuses", "0", "state"});
    return found == nullptr ? Json() : *found;
  }
  bool runs(const std::string& app, const std::string& tag) {
    const Json object = pod(app);
    return text_at(object, {"spec", "containers", "0", "image"}) == "pipit.local/demo:" + tag &&
           text_at(object, {"status", "phase"}) == "Running" &&
           support::bool_at(object, {"status", "containerStatuses", "0", "ready"});
  }
  std::string events(const std::string& reason) {
    return cluster_->kubectl(
        {"get", "events", "--field-selector", "reason=" + reason, "-o", "jsonpath={.items[*].message}"});
  }

 public:
  void node_appears();
  void second_claimant_is_refused();
  void daemon_set_runs();
  void logs_are_readable();
  void image_change_hands_over();
  void trapping_version_leaves_the_old_one();
  void device_goes_and_comes_back();
  void gateway_restart_changes_nothing();
  void broker_restart_loses_nothing();
  void real_delete_stops_at_once();
  void deployment_hands_over_and_scales_down();
  void exit_is_honoured();
  void bad_pods_say_why();
  void role_is_least();

 protected:
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<ScriptedDevice> device_;
};

void ClusterTest::node_appears() {
  device_ = cluster_->device(kName, 1);
  ASSERT_TRUE(eventually([&] { return ready(kName) == "True DeviceReady"; }, 15));
  const Json node = cluster_->get("node", kName);
  EXPECT_EQ(text_at(node, {"metadata", "labels", "kubernetes.io/arch"}), "riscv32");
  // Ready comes with the hello, the boot count with the first status.
  EXPECT_TRUE(eventually(
      [&] {
        return text_at(cluster_->get("node", kName), {"metadata", "annotations", "pipit.dev/boot-count"}) ==
               "1";
      },
      30));
  EXPECT_EQ(text_at(node, {"status", "allocatable", "pods"}), "2");
  EXPECT_TRUE(eventually(
      [&] {
        return !cluster_->kubectl({"get", "lease", "-n", "kube-node-lease", kName}).starts_with("exit ");
      },
      5));
}

void ClusterTest::second_claimant_is_refused() {
  const auto claimant = cluster_->device(kName, 2);
  ASSERT_TRUE(eventually([&] { return claimant->seen().refusals > 0; }, 10));
  EXPECT_EQ(claimant->seen().refusal, "name is held by another live device");
  const auto stranger = cluster_->device("waiot-a00002", 1, "wrong token");
  ASSERT_TRUE(eventually([&] { return stranger->seen().refusals > 0; }, 10));
  EXPECT_EQ(stranger->seen().refusal, "device token is not valid");
  EXPECT_TRUE(cluster_->get("node", "waiot-a00002").is_null());
  EXPECT_EQ(ready(kName), "True DeviceReady");
}

void ClusterTest::daemon_set_runs() {
  const i64 begin = unix_ms();
  const std::string said = cluster_->kubectl({"apply", "-f", "-"}, workload("DaemonSet", "demo", "v1"));
  ASSERT_FALSE(said.starts_with("exit ")) << said;
  ASSERT_TRUE(eventually([&] { return runs("demo", "v1"); }, 30)) << support::dump(pod("demo"), 1);
  const i64 end = unix_ms();
  std::printf("apply to Running: %lld ms\n", static_cast<long long>(end - begin));
  RecordProperty("apply_to_running_ms", static_cast<int>(end - begin));
  EXPECT_TRUE(text_at(pod("demo"), {"status", "containerStatuses", "0", "imageID"}).starts_with("sha256:"));
  EXPECT_EQ(device_->seen().active_version, "v1");
  EXPECT_EQ(device_->seen().bytes_fetched, 20'000u);
}

void ClusterTest::logs_are_readable() {
  const std::string name = text_at(pod("demo"), {"metadata", "name"});
  EXPECT_EQ(cluster_->kubectl({"logs", name}), "hello from v1\n");
  const std::string follow_file = testing::TempDir() + "followed-" + std::to_string(getpid()) + ".log";
  auto follower = support::Process::start(
      {"kubectl", "--kubeconfig", cluster_->admin_config(), "logs", "-f", name}, {.log_file = follow_file});
  ASSERT_TRUE(follower.ok());
  const auto followed = [&] {
    const auto data = support::read_file(follow_file);
    return data.ok() ? std::string(as_text(*data)) : "";
  };
  EXPECT_TRUE(eventually([&] { return followed() == "hello from v1\n"; }, 10)) << followed();
  device_->print("one more");
  EXPECT_TRUE(eventually([&] { return followed() == "hello from v1\none more\n"; }, 10)) << followed();
  std::remove(follow_file.c_str());
  EXPECT_EQ(cluster_->kubectl({"logs", "--tail=1", name}), "one more\n");
}

void ClusterTest::image_change_hands_over() {
  const std::string before = device_->seen().active;
  cluster_->kubectl({"set", "image", "daemonset/demo", "app=pipit.local/demo:v2"});
  ASSERT_TRUE(eventually([&] { return runs("demo", "v2"); }, 30)) << support::dump(pod("demo"), 1);
  const auto seen = device_->seen();
  EXPECT_EQ(seen.active_version, "v2");
  EXPECT_NE(seen.active, before);
  EXPECT_FALSE(seen.interrupted) << "v1 was stopped before v2 had taken over";
  EXPECT_EQ(seen.handovers, 1u);
  EXPECT_TRUE(eventually(
      [&] { return events("HandedOver").find("took over from default/demo-") != std::string::npos; }, 5));
}

void ClusterTest::trapping_version_leaves_the_old_one() {
  cluster_->kubectl({"set", "image", "daemonset/demo", "app=pipit.local/demo:trap"});
  ASSERT_TRUE(
      eventually([&] { return text_at(state("demo"), {"waiting", "reason"}) == "CrashLoopBackOff"; }, 30))
      << support::dump(pod("demo"), 1);
  const Json last = pod("demo");
  EXPECT_EQ(text_at(last, {"status", "containerStatuses", "0", "lastState", "terminated", "reason"}),
            "Trapped");
  EXPECT_EQ(text_at(last, {"status", "containerStatuses", "0", "lastState", "terminated", "message"}),
            "unreachable in function `run` (index 7) at offset 0x1a2");
  ASSERT_TRUE(eventually(
      [&] { return support::int_at(pod("demo"), {"status", "containerStatuses", "0", "restartCount"}) == 1; },
      20))
      << "started again after its back-off";
  const auto seen = device_->seen();
  EXPECT_EQ(seen.active_version, "v2") << "goes on answering, also past the hand-over time";
  EXPECT_FALSE(seen.interrupted);
  cluster_->kubectl({"set", "image", "daemonset/demo", "app=pipit.local/demo:v1"});
  ASSERT_TRUE(eventually([&] { return runs("demo", "v1"); }, 30)) << support::dump(pod("demo"), 1);
  EXPECT_FALSE(device_->seen().interrupted);
}

void ClusterTest::device_goes_and_comes_back() {
  device_.reset();
  ASSERT_TRUE(eventually([&] { return ready(kName).starts_with("False DeviceOffline"); }, 10))
      << ready(kName);
  EXPECT_TRUE(eventually([&] { return !runs("demo", "v1"); }, 5)) << "not ready while its device is away";
  device_ = cluster_->device(kName, 3);
  ASSERT_TRUE(eventually([&] { return ready(kName) == "True DeviceReady"; }, 10)) << ready(kName);
  ASSERT_TRUE(eventually([&] { return runs("demo", "v1"); }, 10)) << support::dump(pod("demo"), 1);
  EXPECT_EQ(device_->seen().active_version, "v1");
}

void ClusterTest::gateway_restart_changes_nothing() {
  const auto before = device_->seen();
  const std::string started = text_at(state("demo"), {"running", "startedAt"});
  const std::string name = text_at(pod("demo"), {"metadata", "name"});
  const std::string said = cluster_->kubectl({"logs", name});
  EXPECT_NE(said, "");
  cluster_->stop_gateway();
  cluster_->start_gateway();
  ASSERT_TRUE(eventually(
      [&] {
        device_->print("still here");
        return cluster_->kubectl({"logs", name}).find("still here") != std::string::npos;
      },
      15))
      << cluster_->kubectl({"logs", name});
  EXPECT_TRUE(cluster_->kubectl({"logs", name}).starts_with(said)) << "what was said before is there";
  ASSERT_TRUE(eventually([&] { return device_->seen().generation > before.generation; }, 5))
      << "desired state is said again";
  EXPECT_EQ(device_->seen().desired, before.desired) << "and is the same";
  EXPECT_EQ(device_->seen().desired_nothing, before.desired_nothing);
  EXPECT_EQ(text_at(state("demo"), {"running", "startedAt"}), started);
  EXPECT_EQ(ready(kName), "True DeviceReady");
}

void ClusterTest::broker_restart_loses_nothing() {
  const u32 admissions = device_->seen().admissions;
  ASSERT_TRUE(cluster_->restart_broker().ok());
  ASSERT_TRUE(eventually([&] { return device_->seen().admissions > admissions; }, 20));
  EXPECT_EQ(ready(kName), "True DeviceReady");
  EXPECT_FALSE(device_->seen().interrupted);
  // The broker kept nothing: only a gateway that says it again lets a restarted device find its application.
  device_.reset();
  device_ = cluster_->device(kName, 4);
  EXPECT_TRUE(eventually([&] { return device_->seen().active_version == "v1"; }, 15));
}

void ClusterTest::real_delete_stops_at_once() {
  const i64 begin = unix_ms();
  cluster_->kubectl({"delete", "daemonset", "demo", "--wait=false"});
  ASSERT_TRUE(eventually([&] { return device_->seen().active.empty(); }, kHandoverSeconds));
  EXPECT_LT(unix_ms() - begin, (kHandoverSeconds - 1) * 1000) << "not kept for a successor";
  EXPECT_TRUE(eventually([&] { return cluster_->list("pods", "app=demo").empty(); }, 10));
}

void ClusterTest::deployment_hands_over_and_scales_down() {
  cluster_->kubectl({"apply", "-f", "-"}, workload("Deployment", "dep", "v1"));
  ASSERT_TRUE(eventually([&] { return runs("dep", "v1"); }, 30)) << support::dump(pod("dep"), 1);
  const u32 nothing = device_->seen().desired_nothing;
  cluster_->kubectl({"set", "image", "deployment/dep", "app=pipit.local/demo:v2"});
  ASSERT_TRUE(eventually([&] { return runs("dep", "v2"); }, 30)) << support::dump(pod("dep"), 1);
  EXPECT_EQ(device_->seen().desired_nothing, nothing) << "v1 answered until v2 took over";
  cluster_->kubectl({"scale", "deployment/dep", "--replicas=0"});
  EXPECT_TRUE(eventually([&] { return device_->seen().active.empty(); }, kHandoverSeconds));
  EXPECT_TRUE(eventually([&] { return cluster_->list("pods", "app=dep").empty(); }, 10));
  cluster_->kubectl({"delete", "deployment", "dep"});
}

void ClusterTest::exit_is_honoured() {
  cluster_->kubectl(
      {"apply", "-f", "-"},
      bare_pod("once", R"({"name":"app","image":"pipit.local/demo:v1","args":["exit"]})", "Never"));
  ASSERT_TRUE(eventually([&] { return text_at(pod("once"), {"status", "phase"}) == "Failed"; }, 20))
      << support::dump(pod("once"), 1);
  EXPECT_EQ(support::int_at(state("once"), {"terminated", "exitCode"}), 3);
  EXPECT_EQ(cluster_->kubectl({"logs", "once"}), "hello from v1\n") << "readable after the end";
  cluster_->kubectl({"delete", "pod", "once"});
}

void ClusterTest::bad_pods_say_why() {
  cluster_->kubectl(
      {"apply", "-f", "-"},
      bare_pod("command", R"({"name":"app","image":"pipit.local/demo:v1","command":["/bin/sh"]})"));
  ASSERT_TRUE(eventually([&] { return text_at(pod("command"), {"status", "phase"}) == "Failed"; }, 20));
  EXPECT_EQ(text_at(pod("command"), {"status", "reason"}), "UnsupportedPodSpec");
  EXPECT_TRUE(text_at(pod("command"), {"status", "message"}).starts_with("spec.containers[0].command: "));
  EXPECT_TRUE(device_->seen().active.empty());
  cluster_->kubectl({"delete", "pod", "command"});

  cluster_->kubectl({"apply", "-f", "-"},
                    bare_pod("away", R"({"name":"app","image":"127.0.0.1:1/demo:v1"})"));
  const auto reason = [&] { return text_at(state("away"), {"waiting", "reason"}); };
  EXPECT_TRUE(eventually([&] { return reason() == "ErrImagePull"; }, 20)) << support::dump(pod("away"), 1);
  EXPECT_NE(text_at(state("away"), {"waiting", "message"}), "");
  EXPECT_TRUE(eventually([&] { return reason() == "ImagePullBackOff"; }, 10))
      << support::dump(pod("away"), 1);
  cluster_->kubectl({"delete", "pod", "away"});
  EXPECT_TRUE(pod("away").is_null());
}

void ClusterTest::role_is_least() {
  const auto may = [&](std::vector<std::string> what) {
    what.insert(what.begin(), {"auth", "can-i", "--as", "pipit-gateway"});
    const std::string said = cluster_->kubectl(what);
    return said.find("yes") != std::string::npos && said.find("no") == std::string::npos;
  };
  EXPECT_TRUE(may({"patch", "pods", "--subresource=status"}));
  EXPECT_FALSE(may({"get", "secrets"}));
  EXPECT_FALSE(may({"create", "pods"}));
  EXPECT_FALSE(may({"delete", "nodes"}));
  EXPECT_FALSE(may({"patch", "leases"})) << "outside kube-node-lease";
}

TEST_F(ClusterTest, FromHelloToDelete) {
  using Step = void (ClusterTest::*)();
  const std::pair<const char*, Step> steps[] = {
      {"node appears", &ClusterTest::node_appears},
      {"second claimant is refused", &ClusterTest::second_claimant_is_refused},
      {"daemon set runs", &ClusterTest::daemon_set_runs},
      {"logs are readable", &ClusterTest::logs_are_readable},
      {"image change hands over", &ClusterTest::image_change_hands_over},
      {"trapping version leaves the old one", &ClusterTest::trapping_version_leaves_the_old_one},
      {"device goes and comes back", &ClusterTest::device_goes_and_comes_back},
      {"gateway restart changes nothing", &ClusterTest::gateway_restart_changes_nothing},
      {"broker restart loses nothing", &ClusterTest::broker_restart_loses_nothing},
      {"real delete stops at once", &ClusterTest::real_delete_stops_at_once},
      {"deployment hands over and scales down", &ClusterTest::deployment_hands_over_and_scales_down},
      {"exit is honoured", &ClusterTest::exit_is_honoured},
      {"bad pods say why", &ClusterTest::bad_pods_say_why},
      {"role is least", &ClusterTest::role_is_least},
  };
  for (const auto& [name, step] : steps) {
    SCOPED_TRACE(name);
    std::printf("step: %s\n", name);
    std::fflush(stdout);
    (this->*step)();
    ASSERT_FALSE(HasFatalFailure());
  }
}

}  // namespace
}  // namespace pipit::gateway
