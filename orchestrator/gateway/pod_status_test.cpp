#include "orchestrator/gateway/pod_status.h"

#include <gtest/gtest.h>

#include <functional>

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {
namespace {

using link::AppState;
using support::Json;
using support::text_at;

constexpr const char* kPod = R"({
  "metadata": {"namespace": "default", "name": "fashion-x1", "uid": "u-1"},
  "spec": {"nodeName": "waiot-1", "runtimeClassName": "pipit", "containers": [{"name": "app", "image": "pipit.local/fashion:v1"}]},
  "status": {"phase": "Pending", "conditions": [
    {"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-11-21T04:00:00Z"}]}})";

constexpr i64 kNow = 1795236369000;  // 2026-11-21T04:46:09Z

struct Facts : PodFacts {
  Facts() {
    device_alive = true;
    image = {ImageProgress::State::ready, "sha256:feed", ""};
    host_ip = "127.0.0.1";
    now_ms = kNow;
  }
};

AppReport app(AppState state) {
  AppReport out;
  out.instance = "u-1";
  out.state = state;
  out.fetched_bytes = 4096;
  out.total_bytes = 65536;
  return out;
}

Termination trapped() {
  return {134, "Trapped", "unreachable in function `run` (index 7) at offset 0x1a2", kNow - 2000,
          kNow - 1000};
}

/// One row: what is known, and the container's state and phase that must come of it.
struct Golden {
  const char* name;
  std::function<void(Facts&, AppReport&)> arrange;
  const char* phase;
  const char* state;
};

class PodStatusGolden : public testing::TestWithParam<Golden> {};

TEST_P(PodStatusGolden, State) {
  const Json pod = *support::parse_json(kPod);
  Facts facts;
  AppReport report = app(AppState::none);
  GetParam().arrange(facts, report);
  if (report.state != AppState::none) facts.report = &report;
  const Json status = pod_status(view_pod(pod), pod, facts);
  EXPECT_EQ(status["phase"], GetParam().phase);
  EXPECT_EQ(support::dump(status["containerStatuses"][0]["state"]),
            support::dump(*support::parse_json(GetParam().state)));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, PodStatusGolden,
    testing::Values(
        Golden{"Bound", [](Facts& f, AppReport&) { f.image = {}; }, "Pending",
               R"({"waiting":{"reason":"ContainerCreating"}})"},
        Golden{"Pulling", [](Facts& f, AppReport&) { f.image = {ImageProgress::State::pulling, "", ""}; },
               "Pending", R"({"waiting":{"reason":"ContainerCreating","message":"pulling the package"}})"},
        Golden{"PullFailed",
               [](Facts& f, AppReport&) { f.image = {ImageProgress::State::failed, "", "registry away"}; },
               "Pending", R"({"waiting":{"reason":"ErrImagePull","message":"registry away"}})"},
        Golden{"PullBackOff",
               [](Facts& f, AppReport&) { f.image = {ImageProgress::State::waiting, "", "registry away"}; },
               "Pending", R"({"waiting":{"reason":"ImagePullBackOff","message":"registry away"}})"},
        Golden{"Offline", [](Facts& f, AppReport&) { f.device_alive = false; }, "Pending",
               R"({"waiting":{"reason":"ContainerCreating","message":"device is offline"}})"},
        Golden{"Fetching", [](Facts&, AppReport& r) { r = app(AppState::fetching); }, "Pending",
               R"({"waiting":{"reason":"ContainerCreating","message":"fetching: 4096 of 65536 bytes"}})"},
        Golden{
            "Starting", [](Facts&, AppReport& r) { r = app(AppState::starting); }, "Pending",
            R"({"waiting":{"reason":"ContainerCreating","message":"instantiated, has not taken over yet"}})"},
        Golden{"Running",
               [](Facts& f, AppReport& r) {
                 r = app(AppState::running);
                 f.run.running = true;
                 f.run.started_ms = kNow;
               },
               "Running", R"({"running":{"startedAt":"2026-11-21T04:46:09Z"}})"},
        Golden{
            "CrashLoop",
            [](Facts& f, AppReport&) {
              f.run.ended = true;
              f.run.last = trapped();
              f.run.retry_ms = f.run.last->finished_ms + 10'000;
            },
            "Running",
            R"({"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s before app is started again: Trapped: unreachable in function `run` (index 7) at offset 0x1a2"}})"},
        Golden{
            "Completed",
            [](Facts& f, AppReport&) {
              f.run.ended = f.run.final = true;
              f.run.last = Termination{0, "Completed", "", kNow, kNow};
            },
            "Succeeded",
            R"({"terminated":{"exitCode":0,"reason":"Completed","startedAt":"2026-11-21T04:46:09Z","finishedAt":"2026-11-21T04:46:09Z"}})"},
        Golden{
            "FailedForGood",
            [](Facts& f, AppReport&) {
              f.run.ended = f.run.final = true;
              f.run.last = trapped();
            },
            "Failed",
            R"({"terminated":{"exitCode":134,"reason":"Trapped","message":"unreachable in function `run` (index 7) at offset 0x1a2","startedAt":"2026-11-21T04:46:07Z","finishedAt":"2026-11-21T04:46:08Z"}})"},
        Golden{
            "SlotBusy", [](Facts& f, AppReport&) { f.slot_holder = "default/newer"; }, "Pending",
            R"({"waiting":{"reason":"SlotBusy","message":"waiting for its turn: default/newer is newer and has the device"}})"},
        Golden{"StillAnswersBesideANewer",
               [](Facts& f, AppReport& r) {
                 r = app(AppState::running);
                 f.slot_holder = "default/newer";
                 f.run.running = true;
                 f.run.started_ms = kNow;
               },
               "Running", R"({"running":{"startedAt":"2026-11-21T04:46:09Z"}})"}),
    [](const auto& info) { return info.param.name; });

TEST(PodStatus, ACrashLoopTellsTheLastEndAndCountsRestarts) {
  const Json pod = *support::parse_json(kPod);
  Facts facts;
  facts.run.attempt = 2;
  facts.run.ended = true;
  facts.run.last = trapped();
  const Json container = pod_status(view_pod(pod), pod, facts)["containerStatuses"][0];
  EXPECT_EQ(container["restartCount"], 2);
  EXPECT_EQ(container["ready"], false);
  EXPECT_EQ(container["imageID"], "sha256:feed");
  EXPECT_EQ(text_at(container, {"lastState", "terminated", "reason"}), "Trapped");
}

TEST(PodStatus, NamesTheUnsupportedField) {
  Json pod = *support::parse_json(kPod);
  pod["spec"]["containers"][0]["command"] = Json::array({"/bin/sh"});
  const Json status = pod_status(view_pod(pod), pod, Facts());
  EXPECT_EQ(status["phase"], "Failed");
  EXPECT_EQ(status["reason"], "UnsupportedPodSpec");
  EXPECT_TRUE(text_at(status, {"message"}).starts_with("spec.containers[0].command: "));
}

TEST(PodStatus, IsAFixedPoint) {
  Json pod = *support::parse_json(kPod);
  Facts facts;
  facts.run.running = true;
  facts.run.started_ms = kNow;
  EXPECT_FALSE(same_status(pod, pod_status(view_pod(pod), pod, facts)));
  pod["status"] = pod_status(view_pod(pod), pod, facts);
  facts.now_ms = kNow + 60'000;
  EXPECT_TRUE(same_status(pod, pod_status(view_pod(pod), pod, facts))) << "time alone changes nothing";
  std::swap(pod["status"]["conditions"][0], pod["status"]["conditions"][2]);
  EXPECT_TRUE(same_status(pod, pod_status(view_pod(pod), pod, facts))) << "nor does the order of conditions";
  facts.device_alive = false;
  const Json offline = pod_status(view_pod(pod), pod, facts);
  EXPECT_FALSE(same_status(pod, offline));
  for (const Json& condition : offline["conditions"])
    if (condition["type"] == "Ready") EXPECT_EQ(condition["lastTransitionTime"], rfc3339(kNow + 60'000));
}

TEST(PodStatus, ForeignConditionsStay) {
  Json pod = *support::parse_json(kPod);
  pod["status"]["conditions"].push_back({{"type", "example.com/gate"}, {"status", "True"}});
  const Json status = pod_status(view_pod(pod), pod, Facts());
  EXPECT_EQ(status["conditions"].size(), 5u);
  EXPECT_EQ(text_at(status, {"conditions", "3", "lastTransitionTime"}), "2026-11-21T04:00:00Z");
}

TEST(PodStatus, APatchTakesAwayOldReasons) {
  const Json pod = *support::parse_json(kPod);
  const Json patch = pod_status_patch("u-1", pod_status(view_pod(pod), pod, Facts()));
  EXPECT_EQ(patch["metadata"]["uid"], "u-1");
  for (const Json& condition : patch["status"]["conditions"])
    EXPECT_TRUE(condition.contains("reason")) << condition["type"];
}

}  // namespace
}  // namespace pipit::gateway
