#pragma once
#include "mewz/boot/command_line.h"
#include "mewz/files/memory_files.h"
#include "mewz/files/mounted_files.h"

namespace pipit::mewz {

/// Grants `root` as "/" and the host's directories that `command` names (mount=TAG:/PATH) to the application,
/// each under its path, which `root` gets as an empty directory; one named "/" takes the root's place, and
/// nofiles leaves it out.
/// Errors: not_found when the machine has no directory of a tag (Error::where counts mounts), out_of_memory,
/// or what a device or the host refuses.
Status attach_mounts(const CommandLine& command, MemoryFiles& root, MountedFiles& all);

}  // namespace pipit::mewz
