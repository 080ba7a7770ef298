#include "orchestrator/gateway/handover.h"

#include <gtest/gtest.h>

namespace pipit::gateway {
namespace {

using support::Json;

Json parse(const char* text) {
  auto json = support::parse_json(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

struct Case {
  const char* name;
  const char* kind;
  const char* workload;
  const char* node;
  i64 siblings;
  bool keep;
};

constexpr const char* kNode = R"({"metadata":{"name":"n1","labels":{"pipit.dev/class":"mcu"}}})";
constexpr const char* kCordoned = R"({"metadata":{"name":"n1"},"spec":{"unschedulable":true}})";

class HandOverTable : public testing::TestWithParam<Case> {};

TEST_P(HandOverTable, Decides) {
  const Case& c = GetParam();
  const HandOver decision =
      decide_hand_over(controller_facts(c.kind, "u", parse(c.workload), parse(c.node)), c.siblings);
  EXPECT_EQ(decision.keep, c.keep) << decision.why;
  EXPECT_STRNE(decision.why, "");
}

INSTANTIATE_TEST_SUITE_P(
    Cases, HandOverTable,
    testing::Values(
        Case{"BarePod", "", "null", kNode, 0, false},
        Case{"Job", "Job", R"({"metadata":{"uid":"u"}})", kNode, 0, false},
        Case{"DaemonSet", "DaemonSet", R"({"metadata":{"uid":"u"},"spec":{}})", kNode, 0, true},
        Case{"DaemonSetGone", "DaemonSet", "null", kNode, 0, false},
        Case{"DaemonSetOfThatNameIsAnother", "DaemonSet", R"({"metadata":{"uid":"v"},"spec":{}})", kNode, 0,
             false},
        Case{"DaemonSetGoing", "DaemonSet",
             R"({"metadata":{"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"}})", kNode, 0, false},
        Case{"DaemonSetIgnoresCordon", "DaemonSet", R"({"metadata":{"uid":"u"},"spec":{}})", kCordoned, 0,
             true},
        Case{
            "DaemonSetSelectorTakesNode", "DaemonSet",
            R"({"metadata":{"uid":"u"},"spec":{"template":{"spec":{"nodeSelector":{"pipit.dev/class":"mcu"}}}}})",
            kNode, 0, true},
        Case{
            "DaemonSetSelectorMovedOn", "DaemonSet",
            R"({"metadata":{"uid":"u"},"spec":{"template":{"spec":{"nodeSelector":{"pipit.dev/class":"vm"}}}}})",
            kNode, 0, false},
        Case{"DaemonSetAffinityByName", "DaemonSet",
             R"({"metadata":{"uid":"u"},"spec":{"template":{"spec":{"affinity":{"nodeAffinity":{
                "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                {"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]}]}}}}}}})",
             kNode, 0, false},
        Case{"DaemonSetAffinityTermsAreAlternatives", "DaemonSet",
             R"({"metadata":{"uid":"u"},"spec":{"template":{"spec":{"affinity":{"nodeAffinity":{
                "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                {"matchExpressions":[{"key":"x","operator":"Exists"}]},
                {"matchExpressions":[{"key":"pipit.dev/class","operator":"In","values":["mcu"]}]}]}}}}}}})",
             kNode, 0, true},
        Case{"NodeGone", "DaemonSet", R"({"metadata":{"uid":"u"},"spec":{}})", "null", 0, false},
        Case{"DeploymentWantsOneMore", "Deployment", R"({"metadata":{"uid":"u"},"spec":{"replicas":2}})",
             kNode, 1, true},
        Case{"DeploymentHasAll", "Deployment", R"({"metadata":{"uid":"u"},"spec":{"replicas":2}})", kNode, 2,
             false},
        Case{"DeploymentScaledToZero", "Deployment", R"({"metadata":{"uid":"u"},"spec":{"replicas":0}})",
             kNode, 0, false},
        Case{"DeploymentOnCordonedNode", "Deployment", R"({"metadata":{"uid":"u"},"spec":{"replicas":2}})",
             kCordoned, 1, false},
        Case{"ReplicaSetAlone", "ReplicaSet", R"({"metadata":{"uid":"u"},"spec":{"replicas":1}})", kNode, 0,
             true},
        Case{"HostileWorkload", "Deployment", R"([1,2])", R"("node")", 0, false},
        Case{"HostileSpec", "DaemonSet",
             R"({"metadata":{"uid":"u"},"spec":{"template":{"spec":{"nodeSelector":7}}}})", kNode, 0, false}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace pipit::gateway
