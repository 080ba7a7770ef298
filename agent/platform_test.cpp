// Servers replace one another: the supervisor with a platform that says how a trial goes.
#include "agent/platform.h"

#include <gtest/gtest.h>

#include "agent/tests/device.h"

namespace pipit::agent {
namespace {

using namespace testing;
using link::AppState;
using link::Reason;

class ScriptedPlatform final : public Platform {
 public:
  Status equip(u32 index, const wasm::ValidModule&, Bytes native, wasi::Context&,
               wasm::InstanceConfig&) override {
    EXPECT_FALSE(equipped[index]) << "twice without retire()";
    equipped[index] = true;
    native_bytes = native.size();
    return refuse ? Status(Error{Code::unsupported, "not for this machine"}) : Status();
  }
  void retire(u32 index, bool failed) override {
    EXPECT_TRUE(equipped[index]);
    equipped[index] = false;
    last_failed = failed;
  }
  Trial trial(u32) override { return now; }
  void take_over(u32 index) override { taken_over = index; }
  bool leaving(u32) override { return finishing; }

  bool equipped[2] = {}, refuse = false, last_failed = false, finishing = false;
  usize native_bytes = 0;
  u32 taken_over = 9;
  Trial now = Trial::none;
};

class PlatformTest : public ::testing::Test {
 protected:
  PlatformTest() : flash_(1 << 20, 4096), device_(flash_, blobs_, &platform_) {}
  /// A server that never reads a frame.
  Package server(const char* name) { return make_package({.name = name, .module = wasm("busy")}, blobs_); }
  void deploy_first() {
    platform_.now = Platform::Trial::running;
    device_.desire("uid-1", server("one"));
    device_.run(200);
    ASSERT_EQ(device_.status().active.instance, "uid-1") << "with nobody to go back to there is no trial";
    ASSERT_EQ(device_.status().active.state, AppState::running);
  }

  CutFlash flash_;
  Blobs blobs_;
  ScriptedPlatform platform_;
  TestDevice device_;
};

TEST_F(PlatformTest, ASuccessorTakesOverWhenItsTrialIsPassedAndTheOldOneFinishes) {
  deploy_first();
  device_.desire("uid-2", server("two"));
  device_.run(7000);
  EXPECT_EQ(device_.status().active.instance, "uid-1") << "no time ends a trial";
  EXPECT_EQ(device_.status().next.state, AppState::starting);
  platform_.finishing = true;
  platform_.now = Platform::Trial::passed;
  device_.run(5);
  EXPECT_EQ(device_.status().active.instance, "uid-2");
  EXPECT_EQ(device_.status().next.state, AppState::none) << "who is leaving is nobody's next";
  EXPECT_EQ(platform_.taken_over, 0u);
  device_.run(1000);
  EXPECT_TRUE(platform_.equipped[1]) << "it has something to finish";
  platform_.finishing = false;
  device_.run(2);
  EXPECT_FALSE(platform_.equipped[1]);
  EXPECT_FALSE(platform_.last_failed);
  EXPECT_EQ(device_.status().active.state, AppState::running);
}

TEST_F(PlatformTest, AFailedTrialLeavesTheOldOne) {
  deploy_first();
  device_.desire("uid-2", server("two"));
  device_.run(100);
  platform_.now = Platform::Trial::failed;
  device_.run(5);
  EXPECT_EQ(device_.status().next.reason, Reason::unresponsive);
  EXPECT_EQ(device_.status().active.instance, "uid-1");
  EXPECT_TRUE(platform_.equipped[1]);
  EXPECT_FALSE(platform_.equipped[0]);
  EXPECT_TRUE(platform_.last_failed);
}

TEST_F(PlatformTest, TheWayBackWhileTheOldOneIsStillLeaving) {
  deploy_first();
  platform_.now = Platform::Trial::passed;
  platform_.finishing = true;
  device_.desire("uid-2", server("two"));
  device_.run(200);
  ASSERT_EQ(device_.status().active.instance, "uid-2");
  device_.desire("uid-1", server("one"));
  device_.run(200);
  EXPECT_EQ(device_.status().active.instance, "uid-1") << "what is leaving is started anew";
}

TEST_F(PlatformTest, WhatThePlatformRefusesIsTheApplicationsFault) {
  deploy_first();
  platform_.refuse = true;
  device_.desire("uid-2", server("two"));
  device_.run(200);
  EXPECT_EQ(device_.status().next.reason, Reason::invalid_module);
  EXPECT_EQ(device_.status().next.message, "not for this machine");
  EXPECT_FALSE(platform_.equipped[0]);
}

TEST_F(PlatformTest, NativeCodeReachesThePlatform) {
  Package package = make_package({.module = wasm("busy"), .native = Buffer(100, 7)}, blobs_);
  device_.desire("uid-1", package);
  device_.run(200);
  EXPECT_EQ(platform_.native_bytes, 100u);
  device_.desire_nothing();
  EXPECT_FALSE(platform_.equipped[0]);
  EXPECT_FALSE(platform_.equipped[1]);
}

}  // namespace
}  // namespace pipit::agent
