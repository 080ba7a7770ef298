#include "orchestrator/kube/paths.h"

#include <gtest/gtest.h>

#include "orchestrator/kube/error.h"

namespace pipit::kube {
namespace {

TEST(Paths, FollowTheApiConventions) {
  EXPECT_EQ(path_of(kNodes), "/api/v1/nodes");
  EXPECT_EQ(path_of(kNodes, "", "waiot-1", "status"), "/api/v1/nodes/waiot-1/status");
  EXPECT_EQ(path_of(kPods, "default", "fashion-x"), "/api/v1/namespaces/default/pods/fashion-x");
  EXPECT_EQ(path_of(kDaemonSets, "default", "fashion"),
            "/apis/apps/v1/namespaces/default/daemonsets/fashion");
}

TEST(Paths, NamesCannotLeaveTheirSegment) {
  EXPECT_EQ(path_of(kPods, "a/b", "../c?d"), "/api/v1/namespaces/a%2Fb/pods/..%2Fc%3Fd");
}

TEST(ApiError, KeepsReasonAndStatus) {
  const ApiError error =
      api_error(409, {{"reason", "AlreadyExists"}, {"message", "nodes \"x\" already exists"}}, "POST /x");
  EXPECT_TRUE(error.already_exists());
  EXPECT_FALSE(error.conflict());
  EXPECT_EQ(error.text, "POST /x: nodes \"x\" already exists (HTTP 409)");
  EXPECT_TRUE(api_error(409, {{"reason", "Conflict"}}, "x").conflict());
  EXPECT_TRUE(api_error(410, {{"message", 5}}, "x").gone());
  EXPECT_EQ(api_error(403, {}, "x").code, Code::denied);
}

}  // namespace
}  // namespace pipit::kube
