#pragma once
#include "wasi/tables.h"

/// Inside of preview 1's file calls.
namespace pipit::wasi {

/// Descriptor number `argument` of the call, when it is a file or directory and has all of `rights`.
Errno open_file(Call& call, u32 argument, u64 rights, ports::Files*& files, Descriptor*& descriptor);
/// Whether a preview 1 `fstflags` asks for at most one value a time stamp.
bool valid_time_flags(u32 flags);
Errno store_filestat(Call& call, u32 address, const ports::Files::Stat& stat);

Errno path_create_directory(Call& call);
Errno path_filestat_get(Call& call);
Errno path_filestat_set_times(Call& call);
Errno path_link(Call& call);
Errno path_open(Call& call);
Errno path_readlink(Call& call);
Errno path_remove_directory(Call& call);
Errno path_rename(Call& call);
Errno path_symlink(Call& call);
Errno path_unlink_file(Call& call);

}  // namespace pipit::wasi
