#include "orchestrator/gateway/devices.h"

#include <gtest/gtest.h>

namespace pipit::gateway {
namespace {

using Effect = Devices::Effect;

link::Hello hello(u64 boot, std::string_view token = "secret", std::string_view name = "waiot-1") {
  link::Hello out;
  out.device = name;
  out.boot_id = boot;
  out.board = "virt-rv32";
  out.arch = "riscv32";
  out.token = token;
  return out;
}

DeviceReport report(u64 boot, bool online = true) {
  DeviceReport out;
  out.online = online;
  out.boot_id = boot;
  return out;
}

struct DevicesTest : testing::Test {
  Devices devices{"secret"};
};

TEST_F(DevicesTest, AdmitsByTokenAndName) {
  EXPECT_TRUE(devices.hello("waiot-1", hello(1), 0).admitted);
  EXPECT_EQ(devices.hello("waiot-2", hello(1, "wrong", "waiot-2"), 0).reason, "device token is not valid");
  EXPECT_FALSE(devices.hello("waiot-2", hello(1, "", "waiot-2"), 0).admitted);
  EXPECT_FALSE(devices.hello("waiot-2", hello(1), 0).admitted) << "name is not the topic's";
  for (const char* bad : {"", "-a", "a-", "A", "a.b", "a/b", "a b"})
    EXPECT_FALSE(devices.hello(bad, hello(1, "secret", bad), 0).admitted) << bad;
  EXPECT_EQ(devices.all().size(), 1u);
  Devices open{""};
  EXPECT_FALSE(open.hello("waiot-1", hello(1, ""), 0).admitted) << "no token configured admits nobody";
}

TEST_F(DevicesTest, ATokenOfItsOwnAdmitsOneNameAlone) {
  devices.expect("waiot-1", "mine");
  EXPECT_EQ(devices.hello("waiot-1", hello(1), 0).reason, "device token is not valid") << "everybody's";
  EXPECT_EQ(devices.hello("waiot-2", hello(1, "mine", "waiot-2"), 0).reason, "device token is not valid");
  EXPECT_TRUE(devices.hello("waiot-1", hello(1, "mine"), 0).admitted);
  EXPECT_TRUE(devices.hello("waiot-2", hello(1, "secret", "waiot-2"), 0).admitted);
  devices.forget("waiot-1");
  EXPECT_FALSE(devices.hello("waiot-1", hello(2, "mine"), 0).admitted) << "a machine that is gone";
}

TEST_F(DevicesTest, ANameBelongsToItsLiveBoot) {
  ASSERT_TRUE(devices.hello("waiot-1", hello(1), 0).new_boot);
  const auto claimant = devices.hello("waiot-1", hello(2), 10'000);
  EXPECT_FALSE(claimant.admitted);
  EXPECT_EQ(claimant.reason, "name is held by another live device");
  EXPECT_EQ(devices.find("waiot-1")->identity.boot_id, 1u);
  const auto again = devices.hello("waiot-1", hello(1), 11'000);
  EXPECT_TRUE(again.admitted);
  EXPECT_FALSE(again.new_boot) << "a reconnect is no restart";
}

TEST_F(DevicesTest, WhatARefusedClaimantSaysIsNotHeard) {
  ASSERT_TRUE(devices.hello("waiot-1", hello(1), 0).admitted);
  ASSERT_FALSE(devices.hello("waiot-1", hello(2), 0).admitted);
  EXPECT_EQ(devices.status("waiot-1", report(2), false, 1), Effect::ignored);
  EXPECT_EQ(devices.status("waiot-1", report(2, false), false, 2), Effect::ignored) << "its last will";
  EXPECT_TRUE(devices.find("waiot-1")->alive);
}

TEST_F(DevicesTest, TheNameIsFreeOnceItsHolderIsGone) {
  ASSERT_TRUE(devices.hello("waiot-1", hello(1), 0).admitted);
  EXPECT_EQ(devices.status("waiot-1", report(1, false), false, 1'000), Effect::went_offline);
  EXPECT_TRUE(devices.hello("waiot-1", hello(2), 1'001).new_boot) << "restarted after its last will";
  EXPECT_FALSE(devices.hello("waiot-1", hello(3), 1'001 + Devices::kSilenceMs - 1).admitted);
  EXPECT_TRUE(devices.hello("waiot-1", hello(3), 1'001 + Devices::kSilenceMs).admitted)
      << "silent for too long";
}

TEST_F(DevicesTest, SilenceMeansOfflineAndAWordMeansOnline) {
  ASSERT_TRUE(devices.hello("waiot-1", hello(1), 0).admitted);
  EXPECT_EQ(devices.status("waiot-1", report(1), false, 10'000), Effect::updated);
  EXPECT_TRUE(devices.expire(39'999).empty());
  EXPECT_EQ(devices.expire(40'000), std::vector<std::string>{"waiot-1"});
  EXPECT_TRUE(devices.expire(50'000).empty()) << "said once";
  EXPECT_EQ(devices.find("waiot-1")->changed_ms, 40'000);
  EXPECT_EQ(devices.status("waiot-1", report(1), false, 60'000), Effect::came_online);
  EXPECT_EQ(devices.find("waiot-1")->changed_ms, 60'000);
}

TEST_F(DevicesTest, ARestartedGatewayHearsOfItsDevicesAgain) {
  devices.restore(identity_of(hello(7)), 1'000);
  EXPECT_FALSE(devices.find("waiot-1")->alive);
  EXPECT_EQ(devices.status("waiot-1", report(6), true, 1'001), Effect::ignored)
      << "retained by an earlier boot";
  EXPECT_EQ(devices.status("waiot-1", report(7), true, 1'002), Effect::came_online)
      << "else its will would be there";
  EXPECT_EQ(devices.status("waiot-1", report(7), true, 9'000), Effect::ignored)
      << "the same old word is no sign of life";
  EXPECT_EQ(devices.find("waiot-1")->last_seen_ms, 1'002);
}

TEST_F(DevicesTest, AnUnknownDeviceIsAskedForAHello) {
  EXPECT_EQ(devices.status("waiot-9", report(1), false, 0), Effect::unknown);
  EXPECT_EQ(devices.status("waiot-9", report(1), true, 0), Effect::ignored);
  EXPECT_EQ(devices.status("waiot-9", report(1, false), false, 0), Effect::ignored);
}

TEST(DeviceIdentityTest, SurvivesItsJson) {
  link::Hello said = hello(0xfedcba9876543210u);
  said.boot_count = 7;
  said.persistent = true;
  said.app_ram_bytes = 131072;
  const DeviceIdentity before = identity_of(said);
  const DeviceIdentity after = identity_from(to_json(before));
  EXPECT_EQ(to_json(after), to_json(before));
  EXPECT_EQ(after.boot_id, 0xfedcba9876543210u);
  EXPECT_EQ(identity_from(support::Json(7)).name, "");
}

TEST(DeviceReportTest, TheNewerAttemptOfAnInstanceIsMeant) {
  DeviceReport both;
  both.active.instance = both.next.instance = "uid";
  both.active.state = link::AppState::running;
  both.next.state = link::AppState::fetching;
  EXPECT_EQ(both.of("uid")->state, link::AppState::fetching);
  both.next.state = link::AppState::none;
  EXPECT_EQ(both.of("uid")->state, link::AppState::running);
  EXPECT_EQ(both.of("other"), nullptr);
}

}  // namespace
}  // namespace pipit::gateway
