// `pipit up --once`, as a user runs it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "rig/state.h"
#include "support/files.h"
#include "support/json.h"
#include "support/process.h"

namespace pipit {
namespace {

using support::int_at;
using support::Json;

constexpr int kImages = 500;

i64 feed_at(const Json& device, std::initializer_list<std::string_view> path, std::string_view key) {
  const Json* feed = support::find(device, path);
  return feed == nullptr ? -1 : int_at(*feed, {key}, -1);
}

void expect_clean(const Json& device, std::initializer_list<std::string_view> path) {
  EXPECT_GT(feed_at(device, path, "sent"), 0);
  EXPECT_EQ(feed_at(device, path, "answered"), feed_at(device, path, "sent"));
  EXPECT_EQ(feed_at(device, path, "lost"), 0);
  EXPECT_EQ(feed_at(device, path, "duplicates"), 0);
  EXPECT_EQ(feed_at(device, path, "different"), 0);
}

/// The stack that was measured while the application ran and was replaced, held to the board's budget file.
void expect_stack_within_budget(const Json& device) {
  const auto check = support::run({std::string(PIPIT_CHECKOUT) + "/budgets/check",
                                   std::string(support::text_at(device, {"board"})), "--stack-peak",
                                   std::to_string(int_at(device, {"stackPeakBytes"}))});
  ASSERT_TRUE(check.ok()) << check.error().text;
  EXPECT_EQ(check->exit_code, 0) << check->err;
}

TEST(Up, RunsTheMainJobOnTwoBoardsAndAMachine) {
  const std::string name = "e2e-up-" + std::to_string(getpid());
  const auto output = support::run(
      {PIPIT_PROGRAM, "up", "--once", "--output=json", "--name", name, "--images", std::to_string(kImages)},
      "", {std::string("PIPIT_ROOT=") + PIPIT_CHECKOUT});
  ASSERT_TRUE(output.ok()) << output.error().text;
  std::fprintf(stderr, "%s", output->err.c_str());
  const auto parsed = support::parse_json(output->out);
  ASSERT_TRUE(parsed.ok()) << output->out;
  const Json& report = *parsed;
  EXPECT_EQ(output->exit_code, 0);
  EXPECT_TRUE(support::bool_at(report, {"ok"})) << support::dump(report, 2);
  EXPECT_GE(report.value("fp32Percent", 0.0), 90.0);
  EXPECT_LE(report.value("fp32Percent", 0.0) - report.value("int8Percent", 0.0), 0.5);

  const Json* devices = support::find(report, {"devices"});
  ASSERT_NE(devices, nullptr);
  ASSERT_EQ(devices->size(), 3u);
  for (const auto& [device_name, device] : devices->items()) {
    SCOPED_TRACE(device_name);
    EXPECT_EQ(feed_at(device, {"feed"}, "sent"), kImages);
    expect_clean(device, {"feed"});
    EXPECT_GE(feed_at(device, {"feed"}, "correct"), kImages * 88 / 100);
    expect_clean(device, {"handover", "feed"});
    EXPECT_FALSE(support::bool_at(device, {"handover", "restarted"}, true));
    EXPECT_GT(int_at(device, {"handover", "instructions"}), 0);
    expect_clean(device, {"trap", "feed"});
    EXPECT_NE(support::text_at(device, {"trap", "message"}).find("start_camera"), std::string::npos);
    EXPECT_GT(int_at(device, {"sensorQueue"}), 0);
    if (support::text_at(device, {"board"}) == "mewz") continue;  // not a microcontroller
    const i64 memory = int_at(device, {"staticBytes"}) + int_at(device, {"stackPeakBytes"});
    EXPECT_GT(memory, 0);
    EXPECT_LE(memory, 256 * 1024);
    expect_stack_within_budget(device);
  }
  // Everything it started is gone.
  const auto state = rig::State::open(name);
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->processes().empty());
  EXPECT_FALSE(support::exists(state->path("state.json")));
  // What it wrote stays where it can be looked at, unless there is nothing to look for.
  if (!HasFailure()) std::filesystem::remove_all(state->directory());
}

}  // namespace
}  // namespace pipit
