#pragma once
#include "mewz/app/image.h"
#include "mewz/boot/command_line.h"

namespace pipit::mewz {

/// Finds the machine's disks and makes them readable as memory that comes from the disk where it is touched.
/// A disk with configuration (parse_config()) is read into `command`, any other is added to `sources`.
/// Errors: what a disk cannot, what a configuration says wrong, out_of_range for more disks than 4.
Status attach_disks(Sources& sources, CommandLine& command);

}  // namespace pipit::mewz
