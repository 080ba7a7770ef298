#pragma once
#include "base/types.h"

namespace pipit::mewz {

/// How a machine ends when it is not by the application's own exit code. Shells know 134 as "aborted"; the
/// others are BSD's sysexits(3).
enum class StopCode : u32 {
  bad_input = 65,      ///< no application, or one that cannot run
  misconfigured = 78,  ///< command line, machine or processor
  kernel_fault = 70,
  out_of_memory = 71,
  input_output = 74,  ///< a disk failed
  watchdog = 75,
  trap = 134,  ///< the application trapped
};

/// Says "mewz: exit <code>", and ends the machine: through isa-debug-exit where there is one (QEMU's own exit
/// code is then the low seven bits of `code` shifted left by one, plus one), else by a reset.
[[noreturn]] void stop(u32 code);
[[noreturn]] inline void stop(StopCode code) { stop(static_cast<u32>(code)); }

}  // namespace pipit::mewz
