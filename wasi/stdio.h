#pragma once
#include "wasi/guest.h"

/// The descriptor calls that every C program makes; standard streams are answered here, files by files.cpp.
namespace pipit::wasi {

Errno fd_close(Call& call);
Errno fd_fdstat_get(Call& call);
Errno fd_fdstat_set_flags(Call& call);
Errno fd_prestat_get(Call& call);
Errno fd_prestat_dir_name(Call& call);
Errno fd_read(Call& call);
Errno fd_seek(Call& call);
Errno fd_write(Call& call);

}  // namespace pipit::wasi
