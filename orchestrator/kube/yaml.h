#pragma once
#include <string>
#include <string_view>

#include "support/error.h"
#include "support/json.h"

namespace pipit::kube {

/// Reads one YAML document; every scalar becomes a JSON string, so that "1e3" or "no" stay what was written.
/// Refuses more than 64 levels or 100,000 nodes (aliases counted as often as they are used).
support::Result<support::Json> parse_yaml(std::string_view text);

}  // namespace pipit::kube
