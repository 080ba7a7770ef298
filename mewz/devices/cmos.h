#pragma once
#include "base/types.h"

namespace pipit::mewz {

/// Seconds since 1970 by the MC146818 clock, taken as UTC; 0 where there is none.
u64 read_cmos_time();

}  // namespace pipit::mewz
