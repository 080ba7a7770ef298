#include "orchestrator/gateway/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "orchestrator/gateway/loop.h"

namespace pipit::gateway {
namespace {

using namespace std::chrono_literals;

TEST(Executor, JobsOfAKeyKeepTheirOrderAndNeverOverlap) {
  constexpr int kKeys = 5, kJobs = 200;
  std::vector<int> seen[kKeys];
  std::atomic<int> busy[kKeys] = {}, overlaps = 0, done = 0;
  Executor executor(4);
  for (int job = 0; job < kJobs; ++job)
    for (int key = 0; key < kKeys; ++key)
      ASSERT_TRUE(executor.submit(std::to_string(key), [&, key, job] {
        if (busy[key]++ != 0) ++overlaps;
        seen[key].push_back(job);
        --busy[key];
        ++done;
      }));
  for (int i = 0; i < 1000 && done < kKeys * kJobs; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(overlaps, 0);
  for (const auto& order : seen) {
    ASSERT_EQ(order.size(), static_cast<usize>(kJobs));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
}

TEST(Executor, ASlowKeyDoesNotHoldUpAnother) {
  std::atomic<bool> release = false, other = false;
  Executor executor(2);
  executor.submit("slow", [&] {
    while (!release) std::this_thread::sleep_for(1ms);
  });
  executor.submit("slow", [] {});
  executor.submit("fast", [&] { other = true; });
  for (int i = 0; i < 1000 && !other; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(other);
  release = true;
}

TEST(Executor, TakesNothingAfterItsEnd) {
  Executor executor(1);
  executor.stop();
  EXPECT_FALSE(executor.submit("x", [] { FAIL(); }));
}

TEST(Loop, AskWaitsForItsTurnAndGivesUp) {
  Loop loop;
  std::atomic<bool> stop = false, blocked = false, go_on = false;
  std::thread runner([&] { loop.run(5, [] {}, [&] { return stop.load(); }); });
  int value = 0;
  EXPECT_TRUE(loop.ask([&] { value = 7; }, 1000));
  EXPECT_EQ(value, 7);
  loop.post([&] {
    blocked = true;
    while (!go_on) std::this_thread::sleep_for(1ms);
  });
  while (!blocked) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(loop.ask([&] { value = 8; }, 20));
  go_on = true;
  EXPECT_TRUE(loop.ask([] {}, 1000));
  EXPECT_EQ(value, 7) << "an abandoned question is not asked later";
  stop = true;
  runner.join();
}

}  // namespace
}  // namespace pipit::gateway
