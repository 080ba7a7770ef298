#pragma once
#include <string>
#include <string_view>

#include "support/error.h"

namespace pipit::kube {

/// RFC 4648 base64 with padding; line breaks are skipped, anything else is malformed.
support::Result<std::string> decode_base64(std::string_view text);

}  // namespace pipit::kube
