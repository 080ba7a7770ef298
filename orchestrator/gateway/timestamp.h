#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace pipit::gateway {

/// Milliseconds since 1970, of the system's clock. Everything that decides takes the time as an argument
/// instead.
i64 unix_ms();

/// "2026-11-21T04:46:09Z", metav1.Time
std::string rfc3339(i64 unix_ms);
/// "2026-11-21T04:46:09.123000Z", metav1.MicroTime
std::string rfc3339_micro(i64 unix_ms);
/// Reads both forms, and nanoseconds; UTC only.
std::optional<i64> parse_rfc3339(std::string_view text);

}  // namespace pipit::gateway
