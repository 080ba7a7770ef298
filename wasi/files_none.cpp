// Preview 1's file calls on a board without files: linked instead of files.cpp and paths.cpp. Every call
// exists, so that one module links everywhere; only the standard streams are open.
#include "wasi/tables.h"

namespace pipit::wasi {
namespace {

using Kind = Descriptor::Kind;

/// Calls on a descriptor.
Errno no_file(Call& call) {
  return find_descriptor(call.context, call.arg(0)) == nullptr ? Errno::badf : Errno::notsup;
}
/// Calls below a directory, of which none can be open.
Errno no_directory(Call&) { return Errno::badf; }

constexpr char kModule[] = "wasi_snapshot_preview1";
constexpr wasm::HostFunction kFunctions[] = {
    {kModule, "fd_advise", "iIIi:i", entry<no_file>},
    {kModule, "fd_allocate", "iII:i", entry<no_file>},
    {kModule, "fd_datasync", "i:i", entry<no_file>},
    {kModule, "fd_fdstat_set_rights", "iII:i", entry<no_file>},
    {kModule, "fd_filestat_get", "ii:i", entry<no_file>},
    {kModule, "fd_filestat_set_size", "iI:i", entry<no_file>},
    {kModule, "fd_filestat_set_times", "iIIi:i", entry<no_file>},
    {kModule, "fd_pread", "iiiIi:i", entry<no_file>},
    {kModule, "fd_pwrite", "iiiIi:i", entry<no_file>},
    {kModule, "fd_readdir", "iiiIi:i", entry<no_file>},
    {kModule, "fd_renumber", "ii:i", entry<no_file>},
    {kModule, "fd_sync", "i:i", entry<no_file>},
    {kModule, "fd_tell", "ii:i", entry<no_file>},
    {kModule, "path_create_directory", "iii:i", entry<no_directory>},
    {kModule, "path_filestat_get", "iiiii:i", entry<no_directory>},
    {kModule, "path_filestat_set_times", "iiiiIIi:i", entry<no_directory>},
    {kModule, "path_link", "iiiiiii:i", entry<no_directory>},
    {kModule, "path_open", "iiiiiIIii:i", entry<no_directory>},
    {kModule, "path_readlink", "iiiiii:i", entry<no_directory>},
    {kModule, "path_remove_directory", "iii:i", entry<no_directory>},
    {kModule, "path_rename", "iiiiii:i", entry<no_directory>},
    {kModule, "path_symlink", "iiiii:i", entry<no_directory>},
    {kModule, "path_unlink_file", "iii:i", entry<no_directory>},
};

/// Nothing writes to them: every call that could is one of those above. Not const, because platforms with
/// files hand out descriptors that change.
Descriptor streams[] = {
    {.kind = Kind::input, .filetype = filetype::kCharacterDevice, .rights = right::kStream},
    {.kind = Kind::output, .filetype = filetype::kCharacterDevice, .rights = right::kStream},
    {.kind = Kind::error, .filetype = filetype::kCharacterDevice, .rights = right::kStream},
};

}  // namespace

Functions file_functions() { return kFunctions; }
extern constinit const u64 kFilesId = fingerprint(kFunctions);
void seed_descriptors(Context&) {}
Descriptor* find_descriptor(Context&, u32 fd) { return fd < 3 ? &streams[fd] : nullptr; }
Errno file_read(Call&, Descriptor&, MutBytes, usize&) { return Errno::badf; }
Errno file_write(Call&, Descriptor&, Bytes, usize&) { return Errno::badf; }
Errno file_seek(Call&, Descriptor&, i64, u8, u64&) { return Errno::badf; }
Errno file_set_flags(Call&, Descriptor&, u16) { return Errno::badf; }
Errno close_descriptor(Context&, Descriptor&) { return Errno::success; }
Errno preopen_name(Context&, const Descriptor&, std::string_view&) { return Errno::badf; }

}  // namespace pipit::wasi
