#include "orchestrator/kube/selector.h"

#include <gtest/gtest.h>

namespace pipit::kube {
namespace {

using support::Json;

struct Case {
  const char* selector;
  bool matches;
};

class Selector : public testing::TestWithParam<Case> {};

TEST_P(Selector, AgainstOneSetOfLabels) {
  const Json labels = {{"app", "fashion"}, {"tier", "edge"}, {"ram", "256"}};
  auto selector = support::parse_json(GetParam().selector);
  ASSERT_TRUE(selector.ok());
  EXPECT_EQ(matches_selector(*selector, labels), GetParam().matches) << GetParam().selector;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Selector,
    testing::Values(
        Case{R"({})", true}, Case{R"({"matchLabels":{"app":"fashion"}})", true},
        Case{R"({"matchLabels":{"app":"fashion","tier":"cloud"}})", false},
        Case{R"({"matchLabels":{"none":"x"}})", false},
        Case{R"({"matchExpressions":[{"key":"tier","operator":"In","values":["edge","fog"]}]})", true},
        Case{R"({"matchExpressions":[{"key":"tier","operator":"NotIn","values":["edge"]}]})", false},
        Case{
            R"({"matchExpressions":[{"key":"tier","operator":"Exists"},{"key":"x","operator":"DoesNotExist"}]})",
            true},
        Case{R"({"matchExpressions":[{"key":"ram","operator":"Gt","values":["128"]}]})", true},
        Case{R"({"matchExpressions":[{"key":"ram","operator":"Lt","values":["128"]}]})", false},
        Case{R"({"matchExpressions":[{"key":"app","operator":"Gt","values":["1"]}]})", false},
        Case{R"({"matchExpressions":[{"key":"tier","operator":"Near"}]})", false},
        Case{R"({"matchExpressions":7})", false}, Case{R"({"matchLabels":[]})", false},
        Case{R"([])", false}));

}  // namespace
}  // namespace pipit::kube
