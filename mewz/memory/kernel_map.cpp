#include "mewz/memory/kernel_map.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.h"
#include "mewz/cpu/cpu.h"
#include "mewz/cpu/stacks.h"

extern "C" const pipit::u8 _kernel_start[], _rodata_start[], _data_start[], _kernel_end[], _network_start[],
    _network_end[];

namespace pipit::mewz {
namespace {

constinit PageAllocator g_pages;
constinit AddressSpace g_space;

constexpr usize kBootMapped = usize{1} << 30;  // by start.S

usize at(const u8* symbol) { return reinterpret_cast<usize>(symbol); }
usize page_up(usize address) { return (address + kPageBytes - 1) & ~(kPageBytes - 1); }

/// Memory that nobody uses yet.
struct FreeMemory {
  static constexpr u32 kMost = StartInfo::kMaxRanges + 3;
  MemoryRange ranges[kMost];
  u32 count = 0;

  std::span<MemoryRange> all() { return {ranges, count}; }
  void add(u64 from, u64 to) {
    if (to > from) ranges[count++] = {from, to - from};
  }
};

MemoryRange network_memory() { return {at(_network_start), at(_network_end) - at(_network_start)}; }

/// What of RAM neither the first megabyte, the kernel, the network nor the RAM disk occupy.
Status find_free(const StartInfo& info, FreeMemory& out) {
  const MemoryRange network = network_memory(), disk = info.module;
  const bool disk_first = disk.start < network.start;
  if (disk_first ? disk.end() > network.start : disk.start < network.end() && disk.bytes != 0)
    return Error{Code::out_of_memory, "the initial RAM disk lies where the network has its memory"};
  const MemoryRange taken[] = {
      {0, at(_kernel_end)}, disk_first ? disk : network, disk_first ? network : disk};
  bool room = false;
  for (u32 i = 0; i < info.ram_count; ++i) {
    u64 from = info.ram[i].start;
    const u64 end = info.ram[i].end();
    room |= from <= at(_kernel_start) && end >= network.end();
    for (const MemoryRange& each : taken) {  // in the order in which they begin
      if (each.bytes == 0 || each.end() <= from || each.start >= end) continue;
      out.add(from, each.start & ~u64{kPageBytes - 1});
      from = page_up(each.end());
    }
    out.add(from, end);
  }
  if (!room) return Error{Code::out_of_memory, "too little memory for the kernel"};
  return {};
}

/// The kernel's own image, its stacks without the pages below them, and the network's memory.
Status map_image(AddressSpace& space) {
  TRY(space.map(at(_kernel_start), at(_kernel_start), at(_rodata_start) - at(_kernel_start),
                Access::execute));
  TRY(space.map(at(_rodata_start), at(_rodata_start), at(_data_start) - at(_rodata_start), Access::read));
  usize from = at(_data_start);
  for (const StackRange& stack : stack_ranges()) {
    const usize guard = stack.bottom - kPageBytes;
    if (guard < from) continue;
    TRY(space.map(from, from, guard - from, Access::write));
    from = stack.bottom;
  }
  TRY(space.map(from, from, at(_kernel_end) - from, Access::write));
  const MemoryRange network = network_memory();
  return space.map(network.start, network.start, network.bytes, Access::write);
}

/// The page allocator, its states at the beginning of the first memory they fit into.
Status start_allocator(const StartInfo& info, std::span<MemoryRange> free) {
  u64 end = 0;
  for (u32 i = 0; i < info.ram_count; ++i) end = std::max(end, info.ram[i].end());
  const usize bytes = page_up(PageAllocator::state_bytes(0, end));
  for (MemoryRange& range : free) {
    if (range.bytes < bytes || range.start + bytes > kBootMapped) continue;
    auto* const memory = reinterpret_cast<u8*>(range.start);
    std::memset(memory, 0, bytes);
    g_pages.init(0, end, memory);
    range = {range.start + bytes, range.bytes - bytes};
    return {};
  }
  return Error{Code::out_of_memory, "too little memory for the page allocator"};
}

}  // namespace

PageAllocator& pages() { return g_pages; }
AddressSpace& address_space() { return g_space; }

Status take_memory(const StartInfo& info, bool large_pages) {
  FreeMemory free, mapped;
  TRY(find_free(info, free));
  mapped = free;
  TRY(start_allocator(info, free.all()));
  // Page tables must lie where start.S's tables reach; so only that memory at first.
  for (const MemoryRange& range : free.all())
    if (range.start < kBootMapped) g_pages.add(range.start, std::min<u64>(range.end(), kBootMapped));
  TRY(g_space.create(g_pages, large_pages));
  TRY(map_image(g_space));
  if (info.module.bytes != 0) {
    const u64 start = info.module.start & ~u64{kPageBytes - 1};
    TRY(g_space.map(start, start, page_up(info.module.end()) - start, Access::read));
  }
  for (const MemoryRange& range : mapped.all())
    TRY(g_space.map(range.start, range.start, range.bytes, Access::write));
  cpu::write_cr3(g_space.root());
  for (const MemoryRange& range : free.all())
    if (range.end() > kBootMapped) g_pages.add(std::max<u64>(range.start, kBootMapped), range.end());
  return {};
}

Status map_device(u64 physical, usize bytes) {
  const usize start = physical & ~u64{kPageBytes - 1};
  const usize end = page_up(physical + bytes);
  for (usize page = start; page < end; page += kPageBytes)
    if (g_space.find(page).bytes == 0) TRY(g_space.map(page, page, kPageBytes, Access::device));
  return {};
}

}  // namespace pipit::mewz
