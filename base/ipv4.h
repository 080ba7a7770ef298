#pragma once
#include <array>

#include "base/types.h"

namespace pipit {

/// Reads "A.B.C.D", all of `text`; false, with `out` as it was, when it is no IPv4 address.
bool parse_ipv4(std::string_view text, std::array<u8, 4>& out);

}  // namespace pipit
