#pragma once
#include "wasi/guest.h"

/// Between the files of this room: who offers which host functions, and what a descriptor is.
namespace pipit::wasi {

using Functions = std::span<const wasm::HostFunction>;

Functions preview1_functions();  ///< arguments, clock, random, standard streams, poll
Functions file_functions();  ///< the rest of preview 1: files.cpp, or files_none.cpp on boards without files
Functions nn_functions();    ///< wasi_ephemeral_nn
Functions device_functions();  ///< pipit:sensor, pipit:telemetry

/// Identifies what HostTables offers: names, signatures and their order. Who wrote down a function's place in
/// these tables finds the same function there as long as the number is the same.
u64 tables_id();
// What it is of: fingerprint() of each of the tables above.
extern const u64 kPreview1Id, kFilesId, kSocketsId, kNnId, kDeviceId;

// The parts of preview 1 that differ between platforms with and without files.

/// Fills an untouched descriptor table with the standard streams and the granted directories.
void seed_descriptors(Context& context);
/// The descriptor, or nullptr (EBADF).
Descriptor* find_descriptor(Context& context, u32 fd);
Errno file_read(Call& call, Descriptor& file, MutBytes out, usize& count);
Errno file_write(Call& call, Descriptor& file, Bytes data, usize& count);
Errno file_seek(Call& call, Descriptor& file, i64 offset, u8 whence, u64& position);
Errno file_set_flags(Call& call, Descriptor& file, u16 fdflags);
/// Releases a descriptor of any kind.
Errno close_descriptor(Context& context, Descriptor& descriptor);
/// Name of a granted directory; badf for anything else.
Errno preopen_name(Context& context, const Descriptor& descriptor, std::string_view& name);

/// Preview 1 `rights`, bit numbers in the order of the witx.
namespace right {
constexpr u64 kDatasync = 1u << 0, kRead = 1u << 1, kSeek = 1u << 2, kSetFlags = 1u << 3, kSync = 1u << 4,
              kTell = 1u << 5, kWrite = 1u << 6, kAdvise = 1u << 7, kAllocate = 1u << 8,
              kCreateDirectory = 1u << 9, kCreateFile = 1u << 10, kLinkSource = 1u << 11,
              kLinkTarget = 1u << 12, kOpen = 1u << 13, kReaddir = 1u << 14, kReadlink = 1u << 15,
              kRenameSource = 1u << 16, kRenameTarget = 1u << 17, kPathStat = 1u << 18,
              kPathSetSize = 1u << 19, kPathSetTimes = 1u << 20, kStat = 1u << 21, kSetSize = 1u << 22,
              kSetTimes = 1u << 23, kSymlink = 1u << 24, kRemoveDirectory = 1u << 25, kUnlink = 1u << 26,
              kPoll = 1u << 27;
constexpr u64 kAll = (1u << 28) - 1;
constexpr u64 kDirectory = kAll & ~(kRead | kSeek | kTell | kWrite | kAllocate | kSetSize | kPoll);
constexpr u64 kStream = kRead | kWrite | kSetFlags | kStat | kPoll;
}  // namespace right

/// Preview 1 `filetype`.
namespace filetype {
constexpr u8 kCharacterDevice = 2, kDirectory = 3, kRegular = 4;
}

/// Guest arrays longer than this are refused (IOV_MAX).
constexpr u32 kMaxVectors = 1024;

}  // namespace pipit::wasi
