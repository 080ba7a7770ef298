// The real services, each started alone.
#include "rig/services.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/files.h"
#include "support/http.h"

namespace pipit::rig {
namespace {

class Services : public testing::Test {
 protected:
  void SetUp() override {
    auto state = State::open("rig-test-" + std::to_string(getpid()));
    ASSERT_TRUE(state.ok());
    state_.emplace(std::move(*state));
    ASSERT_TRUE(state_->claim().ok());
  }
  void TearDown() override {
    EXPECT_EQ(state_->end_all(), 0) << "a service outlived its object";
    std::filesystem::remove_all(state_->directory());
  }
  std::optional<State> state_;
};

TEST_F(Services, RegistryAnswers) {
  auto registry = Registry::start(*state_);
  ASSERT_TRUE(registry.ok()) << registry.error().text;
  support::HttpRequest request;
  request.url = "http://" + registry->host() + "/v2/";
  const auto response = support::http(request);
  ASSERT_TRUE(response.ok()) << response.error().text;
  EXPECT_EQ(response->status, 200);
}

TEST_F(Services, BrokerListensAndIsInTheStateFile) {
  auto broker = Broker::start(*state_);
  ASSERT_TRUE(broker.ok()) << broker.error().text;
  const auto seen = State::open(state_->name());
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->ports().at("mosquitto"), broker->port);
  EXPECT_EQ(seen->processes().size(), 1u);
}

TEST_F(Services, AServiceThatEndsSaysWhy) {
  auto service = Service::start(*state_, "liar", {"sh", "-c", "echo the disk is full; exit 3"});
  ASSERT_TRUE(service.ok());
  const auto status = service->wait([] { return false; }, 5000);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().text.find("the disk is full"), std::string::npos) << status.error().text;
}

TEST_F(Services, ControlPlaneIsReadyAndKnowsItsUsers) {
  const std::string binaries = std::string(PIPIT_SOURCE_DIR) + "/.cache/kubernetes";
  if (!support::exists(binaries + "/kube-apiserver")) GTEST_SKIP() << "no control plane in " << binaries;
  auto plane = ControlPlane::start(*state_, {.binaries = binaries});
  ASSERT_TRUE(plane.ok()) << plane.error().text;
  EXPECT_EQ(plane->broken(), nullptr);
  const auto can = [&](const std::string& config) {
    const auto output = support::run({"kubectl", "--kubeconfig", config, "auth", "can-i", "delete", "nodes"});
    return output.ok() && output->exit_code == 0;
  };
  EXPECT_TRUE(can(plane->admin_config()));
  EXPECT_FALSE(can(plane->gateway_config()));
}

}  // namespace
}  // namespace pipit::rig
