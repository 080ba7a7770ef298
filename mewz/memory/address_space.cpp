#include "mewz/memory/address_space.h"

#include "base/check.h"
#include "mewz/memory/translation.h"

namespace pipit::mewz {
namespace {

constexpr u64 kPresent = 1u << 0, kWrite = 1u << 1, kWriteThrough = 1u << 3, kNoCache = 1u << 4,
              kLarge = 1u << 7, kGlobal = 1u << 8, kNoExecute = u64{1} << 63;
constexpr u64 kAddressMask = 0x000F'FFFF'FFFF'F000;
constexpr u32 kRootLevel = 3, kEntries = 512;

constexpr usize page_bytes(u32 level) { return usize{4096} << (9 * level); }
constexpr u32 index_of(usize address, u32 level) { return address >> (12 + 9 * level) & (kEntries - 1); }

constexpr u64 flags_of(Access access) {
  switch (access) {
    case Access::read: return kPresent | kGlobal | kNoExecute;
    case Access::write: return kPresent | kGlobal | kNoExecute | kWrite;
    case Access::execute: return kPresent | kGlobal;
    case Access::device: return kPresent | kGlobal | kNoExecute | kWrite | kNoCache | kWriteThrough;
  }
  return 0;
}

bool is_page(u64 entry, u32 level) { return level == 0 || (entry & kLarge) != 0; }
u64* table_at(u64 entry) { return reinterpret_cast<u64*>(entry & kAddressMask); }

}  // namespace

Status AddressSpace::create(PageAllocator& pages, bool large_pages) {
  pages_ = &pages;
  largest_level_ = large_pages ? 2 : 1;
  root_ = pages.allocate_zeroed(0);
  if (root_ == 0) return Error{Code::out_of_memory, "no page for the page tables"};
  return {};
}

u64* AddressSpace::make_entry(usize virtual_address, u32 level) {
  u64* table = reinterpret_cast<u64*>(root_);
  for (u32 at = kRootLevel; at > level; --at) {
    u64& entry = table[index_of(virtual_address, at)];
    if (entry == 0) {
      const usize page = pages_->allocate_zeroed(0);
      if (page == 0) return nullptr;
      entry = page | kPresent | kWrite;  // what a page allows is decided by its own entry
    } else if (is_page(entry, at)) {
      return nullptr;
    }
    table = table_at(entry);
  }
  return &table[index_of(virtual_address, level)];
}

u64* AddressSpace::find_entry(usize virtual_address, u32& level) const {
  u64* table = reinterpret_cast<u64*>(root_);
  for (level = kRootLevel;; --level) {
    u64& entry = table[index_of(virtual_address, level)];
    if ((entry & kPresent) == 0) return nullptr;
    if (is_page(entry, level)) return &entry;
    table = table_at(entry);
  }
}

Status AddressSpace::map(usize virtual_address, u64 physical, usize bytes, Access access) {
  PIPIT_CHECK(((virtual_address | physical | bytes) & (page_bytes(0) - 1)) == 0);
  while (bytes != 0) {
    u32 level = largest_level_;
    while (level > 0 &&
           (((virtual_address | physical) & (page_bytes(level) - 1)) != 0 || bytes < page_bytes(level)))
      --level;
    u64* entry = make_entry(virtual_address, level);
    if (entry == nullptr) return Error{Code::out_of_memory, "no page for the page tables"};
    const u64 flags = flags_of(access) | (level > 0 ? kLarge : 0);
    do {  // to the table's end: only there a larger page may do
      if (*entry != 0)
        return Error{Code::already_exists, "address is mapped already",
                     static_cast<u32>(virtual_address >> 12)};
      *entry++ = physical | flags;
      virtual_address += page_bytes(level);
      physical += page_bytes(level);
      bytes -= page_bytes(level);
    } while (bytes >= page_bytes(level) && index_of(virtual_address, level) != 0);
  }
  return {};
}

void AddressSpace::unmap(usize virtual_address, usize bytes) {
  const usize end = virtual_address + bytes;
  while (virtual_address < end) {
    u32 level;
    u64* const entry = find_entry(virtual_address, level);
    if (entry != nullptr) {
      PIPIT_CHECK((virtual_address & (page_bytes(level) - 1)) == 0 &&
                  page_bytes(level) <= end - virtual_address);
      *entry = 0;
      translation::forget(virtual_address);
    }
    virtual_address += page_bytes(entry == nullptr ? 0 : level);
  }
}

void AddressSpace::protect(usize virtual_address, usize bytes, Access access) {
  const usize end = virtual_address + bytes;
  while (virtual_address < end) {
    u32 level;
    u64* const entry = find_entry(virtual_address, level);
    PIPIT_CHECK(entry != nullptr && (virtual_address & (page_bytes(level) - 1)) == 0 &&
                page_bytes(level) <= end - virtual_address);
    *entry = (*entry & kAddressMask) | flags_of(access) | (level > 0 ? kLarge : 0);
    translation::forget(virtual_address);
    virtual_address += page_bytes(level);
  }
}

AddressSpace::Mapping AddressSpace::find(usize virtual_address) const {
  u32 level;
  const u64* const entry = find_entry(virtual_address, level);
  if (entry == nullptr) return {0, 0};
  const usize inside = virtual_address & (page_bytes(level) - 1);
  return {(*entry & kAddressMask & ~u64{page_bytes(level) - 1}) + inside, page_bytes(level)};
}

}  // namespace pipit::mewz
