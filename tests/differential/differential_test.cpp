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

bool lacks_programs() {
  for (const char* program : {"wasm-opt", "wat2wasm", "node"})
    if (const auto found = support::run({program, "--version"}); !found.ok() || found->exit_code != 0)
      return true;
  return false;
}

struct Counts {
  u32 events = 0, traps = 0, differences = 0, unsupported = 0;
};

/// Runs the plans, of seeds from `batch` on, in one of our engines; `what` names it in failures.
void compare(const std::vector<support::Json>& plans, const std::vector<Trace>& theirs, u32 batch,
             const wast::Backend& backend, const std::string& what, Counts& counts) {
  for (u32 i = 0; i < plans.size(); ++i) {
    const auto ours = execute(plans[i], backend);
    if (!ours.ok() && ours.error().code == Code::not_found) {
      std::printf("not in %s: %s\n", what.c_str(), ours.error().text.c_str());
      return;
    }
    if (!ours.ok() && ours.error().code == Code::unsupported) {
      ++counts.unsupported;
      continue;
    }
    ASSERT_TRUE(ours.ok()) << what << ", seed " << batch + i << ": " << ours.error().text;
    const std::string text = difference(*ours, theirs[i]);
    if (!text.empty()) ADD_FAILURE() << what << ", seed " << batch + i << ", " << text;
    counts.differences += !text.empty();
    counts.events += static_cast<u32>(ours->size());
    for (const std::string& line : *ours) counts.traps += line.find(" trap: ") != line.npos;
  }
}

/// Modules made by seed, compared with V8.
struct Sweep {
  const char* what;
  /// Environment variable with how many modules, and how many without it.
  const char* variable;
  u32 modules;
  /// Makes the module of a seed in `folder` and says what to call in it.
  support::Result<support::Json> (*plan)(u32 seed, const std::string& folder);
  /// Compares `plans` in one engine, compiled in one way or in many.
  void (*compare)(const std::vector<support::Json>& plans, const std::vector<Trace>& theirs, u32 batch,
                  const wast::Backend& backend, Counts& counts);
  /// What a module leaves in the folder: before its seed, and after.
  const char* stem;
  std::vector<const char*> endings;
};

/// Events and traps a module has at least, on average.
struct Least {
  double events, traps;
};

void run(const Sweep& sweep, Least least) {
  const u32 first = from_environment("PIPIT_DIFFERENTIAL_SEED", 1);
  const u32 count = from_environment(sweep.variable, sweep.modules);
  const std::string folder = PIPIT_DIFFERENTIAL_FOLDER;
  fs::create_directories(folder);
  Counts counts;
  for (u32 seed = first; seed < first + count;) {
    std::vector<support::Json> plans;
    const u32 batch = seed;
    for (; seed < first + count && plans.size() < kBatch; ++seed) {
      auto one = sweep.plan(seed, folder);
      ASSERT_TRUE(one.ok()) << "seed " << seed << ": " << one.error().text;
      plans.push_back(std::move(*one));
    }
    const auto theirs = execute_in_v8(plans, folder);
    ASSERT_TRUE(theirs.ok()) << theirs.error().text;
    for (const wast::Backend& backend : wast::backends())
      sweep.compare(plans, *theirs, batch, backend, counts);
    for (u32 i = batch; i < seed && counts.differences == 0; ++i)
      for (const char* ending : sweep.endings)
        fs::remove(folder + "/" + sweep.stem + std::to_string(i) + ending);
  }
  std::printf("%u modules %s: %u events, %u traps, %u differences; %u times a feature that an engine lacks\n",
              count, sweep.what, counts.events, counts.traps, counts.differences, counts.unsupported);
  EXPECT_GT(counts.events, count * least.events) << "the modules must do something";
  EXPECT_GT(counts.traps, count * least.traps);
}

support::Result<support::Json> plan_random(u32 seed, const std::string& folder) {
  auto path = generate(seed, folder);
  if (!path.ok()) return path.error();
  return plan(*path, seed);
}

TEST(Differential, RandomModulesDoTheSameInEveryEngine) {
  if (lacks_programs()) GTEST_SKIP() << "needs wasm-opt, wat2wasm and node";
  const auto once = [](const auto& plans, const auto& theirs, u32 batch, const auto& backend,
                       Counts& counts) { compare(plans, theirs, batch, backend, backend.name, counts); };
  run({"in every engine", "PIPIT_DIFFERENTIAL_MODULES", 300, plan_random, once, "", {".wasm", ".seed"}},
      {5, 0.1});
}

/// What decides which loops have versions, and how wide they become.
constexpr const char* kNativeOptions[] = {"-O3", "-O3 --checks=software", "-O3 --cpu=native",
                                          "-O3 --cpu=native --checks=software"};

TEST(Differential, NestsOfLoopsDoTheSameHoweverTheyAreCompiled) {
  if (lacks_programs()) GTEST_SKIP() << "needs wasm-opt, wat2wasm and node";
  const auto all = [](const auto& plans, const auto& theirs, u32 batch, const auto& backend, Counts& counts) {
    if (!backend.guarded) return compare(plans, theirs, batch, backend, backend.name, counts);
    for (const char* options : kNativeOptions) {
      setenv("PIPIT_AOT_OPTIONS", options, 1);
      compare(plans, theirs, batch, backend, std::string(backend.name) + " " + options, counts);
      unsetenv("PIPIT_AOT_OPTIONS");
    }
  };
  run({"of nests", "PIPIT_DIFFERENTIAL_NESTS", 6, plan_nests, all, "nests-", {".wasm", ".wat"}}, {500, 10});
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
