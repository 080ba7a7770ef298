#pragma once
#include <string>

#include "orchestrator/gateway/run_state.h"

namespace pipit::gateway {

/// Where a Pod's package is.
struct ImageProgress {
  enum class State : u8 {
    unknown,
    pulling,
    ready,
    failed,
    waiting
  } state = State::unknown;  ///< waiting: to try again
  std::string digest;        ///< "sha256:…" of the OCI manifest, once ready
  std::string message;       ///< why it failed
};

/// Everything a Pod's status is made of, besides the Pod object itself.
struct PodFacts {
  bool device_known = false, device_alive = false;
  std::string device;
  std::string
      slot_holder;  ///< "namespace/name" of a newer Pod that has the device; empty when this one has it
  ImageProgress image;
  RunState run;
  const AppReport* report = nullptr;  ///< what the device says of the present attempt, or null
  std::string host_ip;
  i64 now_ms = 0;
};

/// The `status` a Pod should have. Pure. Times of what did not change are taken over from `pod`'s present
/// status, and so are conditions that are not the kubelet's; equal input gives an equal object.
support::Json pod_status(const PodView& view, const support::Json& pod, const PodFacts& facts);

/// Whether the parts of `pod`'s status that pod_status() makes already are as in `status`.
bool same_status(const support::Json& pod, const support::Json& status);

/// Body of the strategic-merge patch that gives the Pod of that uid this status; it fails with a conflict on
/// a successor of the same name.
support::Json pod_status_patch(const std::string& uid, support::Json status);

}  // namespace pipit::gateway
