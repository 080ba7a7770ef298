#pragma once
#include "base/result.h"
#include "base/types.h"

/// What a PVH loader (QEMU, Firecracker, Cloud Hypervisor) tells the kernel: Xen's hvm_start_info, version 1
/// (xen/include/public/arch-x86/hvm/start_info.h).
namespace pipit::mewz {

struct MemoryRange {
  u64 start, bytes;
  u64 end() const { return start + bytes; }
};

struct StartInfo {
  static constexpr u32 kMaxRanges = 16;
  static constexpr u32 kMaxCommandLine = 2048;

  MemoryRange ram[kMaxRanges];  ///< usable, page aligned, in the loader's order
  u32 ram_count = 0;
  u64 ram_bytes = 0;     ///< of all of them
  MemoryRange module{};  ///< the initial RAM disk; no bytes without one
  char command_line[kMaxCommandLine];
  u32 command_line_bytes = 0;

  std::string_view arguments() const { return {command_line, command_line_bytes}; }
};

/// Copies what lies at `address` to `out`. Physical memory below `mapped_bytes` can be read as it lies;
/// whatever points beyond, overlaps its own end or is of another version is malformed.
Status read_start_info(u64 address, u64 mapped_bytes, StartInfo& out);

}  // namespace pipit::mewz
