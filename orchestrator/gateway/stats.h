#pragma once
#include "orchestrator/gateway/devices.h"
#include "support/json.h"

namespace pipit::gateway {

/// A stats Summary: the kubelet's shape, with one entry a device under "devices" that carries its own
/// counters.
support::Json device_stats(const Devices& devices, i64 now_ms);

}  // namespace pipit::gateway
