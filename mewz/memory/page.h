#pragma once
#include "base/types.h"

namespace pipit::mewz {

/// The smallest page there is.
constexpr usize kPageBytes = 4096;

}  // namespace pipit::mewz
