#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "support/process.h"
#include "tests/differential/differential.h"

namespace pipit::differential {
namespace {

namespace fs = std::filesystem;

u32 from_environment(const char* name, u32 fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : static_cast<u32>(std::strtoul(text, nullptr, 10));
}

/// Modules by the hundred: a Node process each, and little memory.
constexpr u32 kBatch = 100;

TEST(Differential, RandomModulesDoTheSameInEveryEngine) {
  for (const char* program : {"wasm-opt", "node"})
    if (const auto found = support::run({program, "--version"}); !found.ok() || found->exit_code != 0)
      GTEST_SKIP() << "needs " << program;
  const u32 first = from_environment("PIPIT_DIFFERENTIAL_SEED", 1);
  const u32 count = from_environment("PIPIT_DIFFERENTIAL_MODULES", 300);
  const std::string folder = PIPIT_DIFFERENTIAL_FOLDER;
  fs::create_directories(folder);
  u32 events = 0, traps = 0, differences = 0, unsupported = 0;
  for (u32 seed = first; seed < first + count;) {
    std::vector<support::Json> plans;
    const u32 batch = seed;
    for (; seed < first + count && plans.size() < kBatch; ++seed) {
      auto path = generate(seed, folder);
      ASSERT_TRUE(path.ok()) << path.error().text;
      auto one = plan(*path, seed);
      ASSERT_TRUE(one.ok()) << "seed " << seed << ": " << one.error().text;
      plans.push_back(std::move(*one));
    }
    const auto theirs = execute_in_v8(plans, folder);
    ASSERT_TRUE(theirs.ok()) << theirs.error().text;
    for (const wast::Backend& backend : wast::backends()) {
      for (u32 i = 0; i < plans.size(); ++i) {
        const auto ours = execute(plans[i], backend);
        if (!ours.ok() && ours.error().code == Code::not_found) {
          std::printf("not in %s: %s\n", backend.name, ours.error().text.c_str());
          break;
        }
        if (!ours.ok() && ours.error().code == Code::unsupported) {
          ++unsupported;
          continue;
        }
        ASSERT_TRUE(ours.ok()) << backend.name << ", seed " << batch + i << ": " << ours.error().text;
        const std::string text = difference(*ours, (*theirs)[i]);
        if (!text.empty()) ADD_FAILURE() << backend.name << ", seed " << batch + i << ", " << text;
        differences += !text.empty();
        events += static_cast<u32>(ours->size());
        for (const std::string& line : *ours) traps += line.find(" trap: ") != line.npos;
      }
    }
    for (u32 i = batch; i < seed && differences == 0; ++i)
      for (const char* ending : {".wasm", ".seed"}) fs::remove(folder + "/" + std::to_string(i) + ending);
  }
  std::printf(
      "%u modules in %zu engines: %u events, %u traps, %u differences; %u times a feature that an engine "
      "lacks\n",
      count, wast::backends().size(), events, traps, differences, unsupported);
  EXPECT_GT(events, count * 5) << "the modules must do something";
  EXPECT_GT(traps, count / 10);
}

TEST(Differential, ADifferenceIsSeen) {
  EXPECT_EQ(difference({"a", "b"}, {"a", "b"}), "");
  EXPECT_EQ(difference({"a", "b"}, {"a", "c"}), "event 1: b, in V8: c");
  EXPECT_EQ(difference({"a"}, {"a", "b"}), "event 1: nothing, in V8: b");
  EXPECT_EQ(difference({"a", "gave up"}, {"a", "b", "c"}), "");
  EXPECT_EQ(difference({"a", "x"}, {"b", "gave up"}), "event 0: a, in V8: b");
}

}  // namespace
}  // namespace pipit::differential
