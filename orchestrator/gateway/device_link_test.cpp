#include "orchestrator/gateway/device_link.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "support/files.h"

namespace pipit::gateway {
namespace {

namespace fs = std::filesystem;

/// A gateway without broker, API server and workers.
struct DeviceLinkTest : testing::Test {
  const std::string folder = testing::TempDir() + "device-link" + std::to_string(getpid());
  const kube::Client client{kube::Access{}};
  Loop loop;
  Executor executor{0};
  Devices devices{"secret"};
  Images images{folder, {}};
  PodLogs logs{""};
  Events events{client, executor};
  Nodes nodes{client, executor, loop, {}};
  Pods pods{{}, {client, executor, loop, devices, images, logs, events, [](const std::string&, Bytes) {}}};

  DeviceLink link_at(const std::string& file) { return {{loop, devices, nodes, pods, logs}, file}; }
  static void hello(DeviceLink& link, i64 now_ms) {
    link::Hello said;
    said.device = "waiot-1";
    said.boot_id = 7;
    said.token = "secret";
    u8 buffer[512];
    const auto encoded = link::encode(said, buffer);
    ASSERT_TRUE(encoded.ok());
    link.receive("pipit/waiot-1/hello", *encoded, false, now_ms);
  }
  void TearDown() override { fs::remove_all(folder); }
};

TEST_F(DeviceLinkTest, AdmittedDevicesAreKnownAfterARestart) {
  DeviceLink link = link_at(folder + "/devices.json");
  hello(link, 1'000);
  link.tick(1'250);
  devices.forget("waiot-1");
  link_at(folder + "/devices.json");
  ASSERT_NE(devices.find("waiot-1"), nullptr);
  EXPECT_EQ(devices.find("waiot-1")->identity.boot_id, 7u);
  EXPECT_FALSE(devices.find("waiot-1")->alive) << "until it is heard of";
}

TEST_F(DeviceLinkTest, WhatCouldNotBeSavedIsSavedLater) {
  // A file where the folder should be: as little can be written there as on a full disk.
  ASSERT_TRUE(support::write_file(folder, as_bytes("in the way")).ok());
  DeviceLink link = link_at(folder + "/devices.json");
  hello(link, 1'000);
  link.tick(1'250);
  fs::remove(folder);
  link.tick(1'250 + StateFile::kRetryMs - 1);
  EXPECT_FALSE(support::exists(folder + "/devices.json")) << "not at every tick";
  link.tick(1'250 + StateFile::kRetryMs);
  EXPECT_TRUE(support::exists(folder + "/devices.json"));
  fs::remove(folder + "/devices.json");
  link.tick(1'000'000);
  EXPECT_FALSE(support::exists(folder + "/devices.json")) << "once it is saved there is nothing to do";
}

TEST_F(DeviceLinkTest, AFileThatIsNoListOfDevicesIsStartedWithout) {
  for (const char* text : {"", "{}", "[", "[7, null]"}) {
    ASSERT_TRUE(support::write_file(folder + "/devices.json", as_bytes(text)).ok());
    link_at(folder + "/devices.json");
    EXPECT_TRUE(devices.all().empty()) << text;
  }
}

}  // namespace
}  // namespace pipit::gateway
