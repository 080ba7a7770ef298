#include "mewz/memory/kernel_map.h"

#include <algorithm>

#include "base/check.h"
#include "mewz/cpu/cpu.h"
#include "mewz/cpu/stacks.h"

extern "C" const pipit::u8 _kernel_start[], _rodata_start[], _data_start[], _kernel_end[];

namespace pipit::mewz {
namespace {

constinit PageAllocator g_pages;
constinit AddressSpace g_space;

constexpr usize kBootMapped = usize{1} << 30;  // by start.S

usize at(const u8* symbol) { return reinterpret_cast<usize>(symbol); }
usize page_up(usize address) { return (address + kPageBytes - 1) & ~(kPageBytes - 1); }

/// What of [start, end) neither the kernel, the RAM disk, the first megabyte nor the states occupy, piece by
/// piece.
template <class Use>
void each_free(const StartInfo& info, MemoryRange states, Use use) {
  const MemoryRange taken[] = {{0, at(_kernel_end)}, info.module, states};
  for (u32 i = 0; i < info.ram_count; ++i) {
    u64 from = info.ram[i].start;
    while (from < info.ram[i].end()) {
      u64 to = info.ram[i].end();
      u64 next = to;
      for (const MemoryRange& each : taken) {
        if (each.bytes == 0 || each.end() <= from) continue;
        if (each.start <= from) {
          to = from;  // inside one: go on behind it
          next = std::min<u64>(page_up(each.end()), info.ram[i].end());
          break;
        }
        if (each.start < to) to = next = each.start & ~u64{kPageBytes - 1};
      }
      if (to > from) use(MemoryRange{from, to - from});
      if (next <= from) break;
      from = next;
    }
  }
}

/// The kernel's own image, and its stacks without the pages below them.
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
  return space.map(from, from, at(_kernel_end) - from, Access::write);
}

Status start_allocator(const StartInfo& info, MemoryRange& states) {
  u64 end = 0;
  for (u32 i = 0; i < info.ram_count; ++i) end = std::max(end, info.ram[i].end());
  const usize bytes = page_up(PageAllocator::state_bytes(0, end));
  MemoryRange place{};
  each_free(info, {}, [&](MemoryRange range) {
    if (place.bytes == 0 && range.bytes >= bytes && range.start + bytes <= kBootMapped)
      place = {range.start, bytes};
  });
  if (place.bytes == 0) return Error{Code::out_of_memory, "too little memory for the page allocator"};
  auto* const memory = reinterpret_cast<u8*>(place.start);
  std::fill_n(memory, bytes, u8{0});
  g_pages.init(0, end, memory);
  states = place;
  return {};
}

}  // namespace

PageAllocator& pages() { return g_pages; }
AddressSpace& address_space() { return g_space; }

Status take_memory(const StartInfo& info, bool large_pages) {
  MemoryRange states{};
  TRY(start_allocator(info, states));
  // Page tables must lie where start.S's tables reach; so only that memory at first.
  each_free(info, states, [](MemoryRange range) {
    const u64 end = std::min<u64>(range.end(), kBootMapped);
    if (end > range.start) g_pages.add(range.start, end);
  });
  TRY(g_space.create(g_pages, large_pages));
  TRY(map_image(g_space));
  if (info.module.bytes != 0) {
    const u64 start = info.module.start & ~u64{kPageBytes - 1};
    TRY(g_space.map(start, start, page_up(info.module.end()) - start, Access::read));
  }
  Status status;
  each_free(info, {}, [&](MemoryRange range) {
    if (status.ok()) status = g_space.map(range.start, range.start, range.bytes, Access::write);
  });
  TRY(std::move(status));
  cpu::write_cr3(g_space.root());
  each_free(info, states, [](MemoryRange range) {
    if (range.end() > kBootMapped) g_pages.add(std::max<u64>(range.start, kBootMapped), range.end());
  });
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
