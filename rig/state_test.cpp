#include "rig/state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "support/files.h"
#include "support/process.h"

namespace pipit::rig {
namespace {

std::string unique_name(const char* suffix) { return "rig-test-" + std::to_string(getpid()) + "-" + suffix; }

support::Process sleeper() {
  auto process = support::Process::start({"sleep", "600"}, {.log_file = "/dev/null", .detached = true});
  EXPECT_TRUE(process.ok());
  return std::move(*process);
}

TEST(State, NamesAreChecked) {
  for (const char* name : {"", "-a", "A", "a/b", "..", "a b"}) EXPECT_FALSE(State::open(name).ok()) << name;
  EXPECT_TRUE(State::open("a-1").ok());
}

TEST(State, DefaultNameDiffersByCheckout) {
  EXPECT_NE(State::default_name("/home/a/pipit"), State::default_name("/home/b/pipit"));
  EXPECT_TRUE(State::open(State::default_name("/home/a/My Pipit!")).ok());
  EXPECT_TRUE(State::open(State::default_name("/")).ok());
}

TEST(State, WhatACrashLeavesIsFoundAndEnded) {
  const std::string name = unique_name("crash");
  support::Process child = sleeper();
  {
    auto state = State::open(name);
    ASSERT_TRUE(state.ok());
    ASSERT_TRUE(state->claim().ok());
    ASSERT_TRUE(state->add_process("child", child.pid()).ok());
    ASSERT_TRUE(state->set_port("child", 20001).ok());
  }
  auto state = State::open(name);
  ASSERT_TRUE(state.ok());
  ASSERT_EQ(state->processes().size(), 1u);
  EXPECT_EQ(state->ports().at("child"), 20001);
  EXPECT_TRUE(state->processes()[0].alive());
  EXPECT_TRUE(state->held());
  EXPECT_FALSE(state->claim().ok()) << "a name that is up was taken";
  EXPECT_EQ(state->end_all(), 1);
  EXPECT_FALSE(child.running());
  EXPECT_FALSE(support::exists(state->path("state.json")));
  std::filesystem::remove_all(state->directory());
}

TEST(State, AnotherProcessUnderTheSameNumberIsNotOurs) {
  support::Process child = sleeper();
  ProcessRecord record = ProcessRecord::of("child", child.pid());
  record.start_time -= 1;
  EXPECT_FALSE(record.alive());
  record.end(0);
  EXPECT_TRUE(child.running());
  child.kill_now();
}

TEST(Ports, AreDifferent) {
  std::set<u16> ports;
  for (int i = 0; i < 50; ++i) {
    const auto port = choose_port();
    ASSERT_TRUE(port.ok());
    EXPECT_TRUE(ports.insert(*port).second);
  }
}

}  // namespace
}  // namespace pipit::rig
