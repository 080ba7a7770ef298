#pragma once
#include "orchestrator/gateway/devices.h"
#include "orchestrator/gateway/machine_process.h"
#include "orchestrator/gateway/pod_spec.h"
#include "support/json.h"

namespace pipit::gateway {

/// A Pod's row among the summary's: what its machine has used, which is what the Pod costs this host.
support::Json pod_stats(const PodView& pod, const MachineProcess::Usage& usage, i64 now_ms);

/// A stats Summary: the kubelet's shape, with `pods` and one entry a device under "devices" that carries its
/// own counters.
support::Json device_stats(const Devices& devices, support::Json pods, i64 now_ms);

}  // namespace pipit::gateway
