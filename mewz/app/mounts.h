#pragma once
#include "mewz/boot/command_line.h"
#include "mewz/files/memory_files.h"
#include "mewz/files/mounted_files.h"

namespace pipit::mewz {

/// Grants `root` as "/", the host's directories that `command` names (mount=TAG:/PATH) and its directories in
/// memory (tmpfs=/PATH,BYTES) to the application, each under its path, which `root` gets as an empty
/// directory; one of the host's named "/" takes the root's place. `root` may be null. Errors: not_found when
/// the machine has no directory of a tag (Error::where counts mounts), out_of_memory, or what a device or the
/// host refuses.
Status attach_mounts(const CommandLine& command, MemoryFiles* root, MountedFiles& all);

}  // namespace pipit::mewz
