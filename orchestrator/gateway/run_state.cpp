#include "orchestrator/gateway/run_state.h"

#include <algorithm>
#include <cstdio>

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::find;
using support::int_at;
using support::Json;
using support::text_at;

namespace {
constexpr i64 kFirstDelayMs = 10'000;
constexpr i64 kMostDelayMs = 300'000;
constexpr u32 kTrapExitCode = 134;    // what a shell shows of SIGABRT, and Wasm runtimes of a trap
constexpr u32 kKilledExitCode = 137;  // what a shell shows of SIGKILL

bool wants_restart(RestartPolicy policy, u32 exit_code) {
  return policy == RestartPolicy::always || (policy == RestartPolicy::on_failure && exit_code != 0);
}

void end_attempt(RunState& run, RestartPolicy policy, Termination termination) {
  run.running = false;
  run.ended = true;
  run.final = !wants_restart(policy, termination.exit_code);
  const bool trusted =
      termination.started_ms != 0 && termination.finished_ms - termination.started_ms >= kTrustedMs;
  if (trusted) run.failures = 0;
  run.retry_ms = termination.finished_ms + restart_delay_ms(run.failures++);
  run.last = std::move(termination);
}

Termination termination_of(const RunState& run, const AppReport& report, i64 now_ms) {
  Termination out;
  out.started_ms = run.started_ms != 0 ? run.started_ms : now_ms;
  out.finished_ms = now_ms;
  if (report.state == link::AppState::exited) {
    out.exit_code = report.exit_code;
    out.reason = report.exit_code == 0 ? "Completed" : "Error";
    out.message = report.message;
  } else {
    out.exit_code =
        report.reason == link::Reason::trapped ? kTrapExitCode : std::max(report.exit_code, u32{1});
    out.reason = link::reason_text(report.reason);
    out.message = failure_message(report);
  }
  return out;
}

std::optional<Termination> termination_from(const Json* json) {
  if (json == nullptr || !json->is_object()) return std::nullopt;
  Termination out;
  out.exit_code = static_cast<u32>(int_at(*json, {"exitCode"}));
  out.reason = text_at(*json, {"reason"});
  out.message = text_at(*json, {"message"});
  out.started_ms = parse_rfc3339(text_at(*json, {"startedAt"})).value_or(0);
  out.finished_ms = parse_rfc3339(text_at(*json, {"finishedAt"})).value_or(0);
  return out;
}
}  // namespace

std::string failure_message(const AppReport& report) {
  std::string text = report.message.empty() ? std::string(link::reason_text(report.reason)) : report.message;
  if (report.reason != link::Reason::trapped) return text;
  char where[64];
  std::snprintf(where, sizeof where, "(index %u) at offset 0x%x", report.trap_index, report.trap_offset);
  return text + " in function `" + (report.trap_func.empty() ? "?" : report.trap_func) + "` " + where;
}

i64 restart_delay_ms(u32 failures) {
  return std::min(kMostDelayMs, kFirstDelayMs << std::min(failures, u32{10}));
}

RunEvent observe(RunState& run, RestartPolicy policy, const AppReport* report, i64 now_ms) {
  using link::AppState;
  if (run.ended) return RunEvent::none;
  if (report == nullptr || report->attempt != run.attempt) {
    // Displaced by another Pod, or the device restarted and has not come to it yet.
    run.running = false;
    return RunEvent::none;
  }
  switch (report->state) {
    case AppState::running: {
      if (run.running) return RunEvent::none;
      run.running = true;
      run.started_ms = now_ms;
      return RunEvent::started;
    }
    case AppState::exited:
    case AppState::failed: {
      const bool failed = report->state == AppState::failed;
      end_attempt(run, policy, termination_of(run, *report, now_ms));
      return failed ? RunEvent::failed : RunEvent::exited;
    }
    default: run.running = false; return RunEvent::none;
  }
}

void end_with_machine(RunState& run, RestartPolicy policy, const std::string& message, i64 now_ms) {
  if (run.ended) return;
  end_attempt(
      run, policy,
      {kKilledExitCode, "MachineEnded", message, run.started_ms != 0 ? run.started_ms : now_ms, now_ms});
  run.retry_ms = now_ms;
}

bool retry_due(RunState& run, i64 now_ms) {
  if (!run.ended || run.final || now_ms < run.retry_ms) return false;
  ++run.attempt;
  run.ended = false;
  run.started_ms = 0;
  return true;
}

RunState resume_run(const Json& pod, RestartPolicy policy) {
  RunState run;
  const Json* container = find(pod, {"status", "containerStatuses", "0"});
  if (container == nullptr) return run;
  run.attempt = static_cast<u32>(std::clamp<i64>(int_at(*container, {"restartCount"}), 0, 1'000'000));
  run.failures = run.attempt;  // at most so many
  run.last = termination_from(find(*container, {"lastState", "terminated"}));
  if (const Json* running = find(*container, {"state", "running"})) {
    run.running = true;
    run.started_ms = parse_rfc3339(text_at(*running, {"startedAt"})).value_or(0);
  } else if (auto ended = termination_from(find(*container, {"state", "terminated"}))) {
    end_attempt(run, policy, std::move(*ended));
  } else if (text_at(*container, {"state", "waiting", "reason"}) == "CrashLoopBackOff" && run.last) {
    end_attempt(run, policy, Termination(*run.last));
  }
  return run;
}

}  // namespace pipit::gateway
