#pragma once
#include <optional>
#include <string>

#include "orchestrator/gateway/device.h"
#include "orchestrator/gateway/pod_spec.h"

namespace pipit::gateway {

/// How one attempt ended, in Kubernetes' terms.
struct Termination {
  u32 exit_code = 0;
  std::string reason, message;
  i64 started_ms = 0, finished_ms = 0;
};

/// A Pod's attempts to run: the present one, how the last ended, when the next may begin.
struct RunState {
  u32 attempt = 0;  ///< also the restart count
  bool running = false;
  i64 started_ms = 0;               ///< of the present attempt, once it ran
  bool ended = false;               ///< the present attempt ended
  std::optional<Termination> last;  ///< the attempt that ended last
  i64 retry_ms = 0;                 ///< when the next attempt begins; only while `ended` and not `final`
  u32 failures = 0;                 ///< attempts that ended, since one ran long enough to be trusted again
  bool final = false;               ///< restartPolicy wants no other attempt
};

/// "trapped: unreachable in function `run` (index 7) at offset 0x1a2": what a Pod's message says of a failed
/// start.
std::string failure_message(const AppReport& report);

/// 10 s, 20 s, 40 s … 5 min.
i64 restart_delay_ms(u32 failures);
/// An attempt that ran so long begins the delays anew, as with the kubelet.
constexpr i64 kTrustedMs = 600'000;

enum class RunEvent { none, started, exited, failed };

/// Takes in what the device says of this Pod's instance (null: nothing); reports of earlier attempts are not
/// heard.
RunEvent observe(RunState& run, RestartPolicy policy, const AppReport* report, i64 now_ms);

/// The machine under the Pod ended: an attempt that runs, or was about to, ends with it. The next one may
/// begin at once, since the machine's own start is what waits.
void end_with_machine(RunState& run, RestartPolicy policy, const std::string& message, i64 now_ms);

/// Begins the next attempt if its time has come; true when it did.
bool retry_due(RunState& run, i64 now_ms);

/// Takes up where an earlier gateway left a Pod: from status.containerStatuses[0].
RunState resume_run(const support::Json& pod, RestartPolicy policy);

}  // namespace pipit::gateway
