#pragma once
#include <string>

#include "support/error.h"

namespace pipit::bench {

/// Instructions that the same native code takes for the same work.
struct NativeSpeed {
  double mewz = 0, linux_runner = 0;
  double difference() const { return mewz / linux_runner - 1; }
};

/// Counted exactly: in Mewz by QEMU's -icount, where the time stamp counter counts instructions; of the Linux
/// runner by valgrind. Either way the difference of two runs, so that what surrounds the work cancels out.
support::Result<NativeSpeed> native_speed(const std::string& folder);

}  // namespace pipit::bench
