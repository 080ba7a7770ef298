#pragma once
#include "mewz/boot/start_info.h"
#include "mewz/cpu/features.h"

namespace pipit::mewz {

/// What start-up leaves behind.
struct Machine {
  StartInfo info;
  CpuFeatures cpu;
  u64 main_tsc;  ///< time stamp of mewz_main's first instruction
};

/// From the loader's hands to a kernel with memory, interrupts and time. Stops the machine, with a line that
/// says why, when it is not one that Mewz can run on.
Machine& boot(u64 start_info_address);
/// One line: version, the image's digest, memory, processor. The application's line comes with it, once there
/// is time (app/application.h).
void describe(const Machine& machine);

}  // namespace pipit::mewz
