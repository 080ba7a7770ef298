#include "orchestrator/gateway/run_state.h"

#include <gtest/gtest.h>

namespace pipit::gateway {
namespace {

using link::AppState;

AppReport app(AppState state, u32 attempt = 0, u32 exit_code = 0) {
  AppReport out;
  out.instance = "u";
  out.state = state;
  out.attempt = attempt;
  out.exit_code = exit_code;
  if (state == AppState::failed) {
    out.reason = link::Reason::trapped;
    out.message = "unreachable";
    out.trap_func = "run";
    out.trap_index = 7;
    out.trap_offset = 0x1a2;
  }
  return out;
}

TEST(RunState, StartsOnceAndRemembersWhen) {
  RunState run;
  const AppReport starting = app(AppState::starting), running = app(AppState::running);
  EXPECT_EQ(observe(run, RestartPolicy::always, &starting, 1), RunEvent::none);
  EXPECT_EQ(observe(run, RestartPolicy::always, &running, 1000), RunEvent::started);
  EXPECT_EQ(observe(run, RestartPolicy::always, &running, 2000), RunEvent::none);
  EXPECT_EQ(run.started_ms, 1000);
}

TEST(RunState, AFailedStartSaysWhereAndBacksOff) {
  RunState run;
  i64 now = 0;
  i64 expected_delay = 10'000;
  for (u32 attempt = 0; attempt < 8; ++attempt) {
    const AppReport failed = app(AppState::failed, attempt);
    ASSERT_EQ(observe(run, RestartPolicy::always, &failed, now), RunEvent::failed);
    EXPECT_EQ(observe(run, RestartPolicy::always, &failed, now + 1), RunEvent::none) << "counted once";
    EXPECT_EQ(run.last->reason, "Trapped");
    EXPECT_EQ(run.last->exit_code, 134u);
    EXPECT_EQ(run.last->message, "unreachable in function `run` (index 7) at offset 0x1a2");
    EXPECT_EQ(run.retry_ms - now, expected_delay);
    EXPECT_FALSE(retry_due(run, run.retry_ms - 1));
    now = run.retry_ms;
    EXPECT_TRUE(retry_due(run, now));
    EXPECT_EQ(run.attempt, attempt + 1);
    expected_delay = std::min<i64>(expected_delay * 2, 300'000);
    const AppReport stale = app(AppState::failed, attempt);
    EXPECT_EQ(observe(run, RestartPolicy::always, &stale, now), RunEvent::none) << "of the attempt before";
  }
}

TEST(RunState, AnAttemptThatRanLongBeginsTheDelaysAnew) {
  RunState run;
  i64 now = 1;
  const auto attempt = [&](i64 lasts_ms) {
    const AppReport running = app(AppState::running, run.attempt),
                    failed = app(AppState::failed, run.attempt);
    EXPECT_EQ(observe(run, RestartPolicy::always, &running, now), RunEvent::started);
    EXPECT_EQ(observe(run, RestartPolicy::always, &failed, now += lasts_ms), RunEvent::failed);
    const i64 delay = run.retry_ms - now;
    now = run.retry_ms;
    EXPECT_TRUE(retry_due(run, now));
    return delay;
  };
  EXPECT_EQ(attempt(1'000), 10'000);
  EXPECT_EQ(attempt(kTrustedMs - 1), 20'000);
  EXPECT_EQ(attempt(kTrustedMs), 10'000);
  EXPECT_EQ(attempt(1'000), 20'000);
}

struct Policy {
  RestartPolicy policy;
  u32 exit_code;
  bool final;
};
class ExitPolicy : public testing::TestWithParam<Policy> {};
TEST_P(ExitPolicy, IsHonoured) {
  RunState run;
  const AppReport exited = app(AppState::exited, 0, GetParam().exit_code);
  EXPECT_EQ(observe(run, GetParam().policy, &exited, 5), RunEvent::exited);
  EXPECT_EQ(run.final, GetParam().final);
  EXPECT_EQ(run.last->reason, GetParam().exit_code == 0 ? "Completed" : "Error");
  EXPECT_EQ(retry_due(run, 1'000'000), !GetParam().final);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, ExitPolicy,
    testing::Values(Policy{RestartPolicy::always, 0, false}, Policy{RestartPolicy::always, 3, false},
                    Policy{RestartPolicy::on_failure, 0, true}, Policy{RestartPolicy::on_failure, 3, false},
                    Policy{RestartPolicy::never, 0, true}, Policy{RestartPolicy::never, 3, true}));

TEST(RunState, ResumesFromThePodsStatus) {
  const auto pod = support::parse_json(R"({"status":{"containerStatuses":[{"restartCount":3,
    "state":{"waiting":{"reason":"CrashLoopBackOff"}},
    "lastState":{"terminated":{"exitCode":134,"reason":"Trapped","message":"m","finishedAt":"1970-01-01T00:01:40Z"}}}]}})");
  RunState run = resume_run(*pod, RestartPolicy::always);
  EXPECT_EQ(run.attempt, 3u);
  EXPECT_TRUE(run.ended);
  EXPECT_EQ(run.retry_ms, 100'000 + 80'000);
  const auto running = support::parse_json(
      R"({"status":{"containerStatuses":[{"restartCount":1,"state":{"running":{"startedAt":"1970-01-01T00:01:40Z"}}}]}})");
  run = resume_run(*running, RestartPolicy::always);
  EXPECT_TRUE(run.running);
  EXPECT_EQ(run.started_ms, 100'000);
  EXPECT_EQ(resume_run(support::Json(), RestartPolicy::always).attempt, 0u);
}

}  // namespace
}  // namespace pipit::gateway
