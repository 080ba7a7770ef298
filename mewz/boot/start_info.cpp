#include "mewz/boot/start_info.h"

#include <cstring>

namespace pipit::mewz {
namespace {

struct RawStartInfo {
  u32 magic, version, flags, module_count;
  u64 modules, command_line, rsdp, memory_map;
  u32 memory_map_entries, reserved;
};
struct RawModule {
  u64 address, bytes, command_line, reserved;
};
struct RawRange {
  u64 address, bytes;
  u32 type, reserved;
};
static_assert(sizeof(RawStartInfo) == 56 && sizeof(RawModule) == 32 && sizeof(RawRange) == 24);

constexpr u32 kMagic = 0x336E'C578;
constexpr u32 kTypeRam = 1;
constexpr u64 kPage = 4096, kAddressBits = 46;

/// `count` objects of the loader's at `address`, or nullptr when they are not all readable.
template <class T>
const T* peek(u64 address, u64 count, u64 mapped_bytes) {
  if (address == 0 || address >= mapped_bytes || count > (mapped_bytes - address) / sizeof(T)) return nullptr;
  return reinterpret_cast<const T*>(address);
}

bool plausible(u64 address, u64 bytes) {
  constexpr u64 kEnd = u64{1} << kAddressBits;
  return address < kEnd && bytes <= kEnd - address;
}

Status read_memory_map(const RawStartInfo& info, u64 mapped_bytes, StartInfo& out) {
  const auto* ranges = peek<RawRange>(info.memory_map, info.memory_map_entries, mapped_bytes);
  if (ranges == nullptr) return Error{Code::malformed, "start info: memory map is out of reach"};
  for (u32 i = 0; i < info.memory_map_entries; ++i) {
    RawRange range;
    std::memcpy(&range, ranges + i, sizeof range);
    if (range.type != kTypeRam) continue;
    if (!plausible(range.address, range.bytes))
      return Error{Code::malformed, "start info: a range of memory has no end", i};
    const u64 start = (range.address + kPage - 1) & ~(kPage - 1);
    const u64 end = (range.address + range.bytes) & ~(kPage - 1);
    if (end <= start) continue;
    if (out.ram_count == StartInfo::kMaxRanges)
      return Error{Code::out_of_range, "start info: more ranges of memory than the kernel keeps", i};
    out.ram[out.ram_count++] = {start, end - start};
    out.ram_bytes += end - start;
  }
  if (out.ram_count == 0) return Error{Code::malformed, "start info: no memory"};
  return {};
}

Status read_command_line(u64 address, u64 mapped_bytes, StartInfo& out) {
  if (address == 0) return {};
  for (u32 i = 0; i < StartInfo::kMaxCommandLine; ++i) {
    const char* at = peek<char>(address + i, 1, mapped_bytes);
    if (at == nullptr) return Error{Code::malformed, "start info: command line is out of reach"};
    if (*at == 0) {
      out.command_line_bytes = i;
      return {};
    }
    out.command_line[i] = *at;
  }
  return Error{Code::out_of_range, "command line is longer than 2047 characters"};
}

}  // namespace

Status read_start_info(u64 address, u64 mapped_bytes, StartInfo& out) {
  const auto* info = peek<RawStartInfo>(address, 1, mapped_bytes);
  if (info == nullptr) return Error{Code::malformed, "start info is out of reach"};
  RawStartInfo raw;
  std::memcpy(&raw, info, sizeof raw);
  if (raw.magic != kMagic) return Error{Code::malformed, "no PVH start info: boot with a PVH loader"};
  if (raw.version < 1) return Error{Code::unsupported, "start info has no memory map (version 0)"};
  TRY(read_memory_map(raw, mapped_bytes, out));
  TRY(read_command_line(raw.command_line, mapped_bytes, out));
  if (raw.module_count == 0) return {};
  const auto* module = peek<RawModule>(raw.modules, 1, mapped_bytes);
  if (module == nullptr) return Error{Code::malformed, "start info: module list is out of reach"};
  RawModule first;
  std::memcpy(&first, module, sizeof first);
  if (first.bytes == 0) return {};
  for (u32 i = 0; i < out.ram_count; ++i)
    if (first.address >= out.ram[i].start && first.address < out.ram[i].end() &&
        first.bytes <= out.ram[i].end() - first.address) {
      out.module = {first.address, first.bytes};
      return {};
    }
  return Error{Code::malformed, "start info: the initial RAM disk does not lie in memory"};
}

}  // namespace pipit::mewz
