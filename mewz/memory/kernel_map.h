#pragma once
#include "base/result.h"
#include "mewz/boot/start_info.h"
#include "mewz/memory/address_space.h"

/// The kernel's own address space: everything as it lies physically (docs/mewz.md has the map), code
/// read-only, data not executable, a hole below every stack, nothing at the first megabyte; and reservations
/// far above.
namespace pipit::mewz {

/// The one allocator and the one address space.
PageAllocator& pages();
AddressSpace& address_space();

/// Takes over memory from the loader. `large_pages`: the processor has pages of 1 GB. out_of_memory when the
/// machine has too little to start in.
Status take_memory(const StartInfo& info, bool large_pages);

/// Makes a device's registers usable, where they lie. May be called again for the same page.
Status map_device(u64 physical, usize bytes);

/// Address space that gets memory where it is touched, zeroed, from page faults: 64 KB at a time, 2 MB where
/// much is used. What lies behind its end, and the 2 GB in front of it, is never mapped.
class Reservation {
 public:
  /// Pages of 4 KB only, so that what they allow can be changed one by one, or larger ones too.
  enum class Pages : u8 { any, small };
  /// out_of_memory when all of them are in use.
  static Result<Reservation*> create(usize bytes, Pages sizes = Pages::any);
  /// From now on memory that is touched gets its contents from `fill`, in the fault, and cannot be written:
  /// `out` is the piece of memory() at `offset`, as it lies physically, 64 KB or 2 MB that may reach beyond
  /// the end. An error ends the machine. Neither `fill` nor what it calls may touch a reservation.
  using Fill = Status (*)(void* context, u64 offset, MutBytes out);
  void fill_from(Fill fill, void* context) {
    fill_ = fill;
    fill_context_ = context;
  }
  /// The one whose memory begins at `base`, or nullptr.
  static Reservation* at(const u8* base);
  u8* base() const { return reinterpret_cast<u8*>(base_); }
  /// Gives all memory back.
  void release();
  MutBytes memory() const { return {reinterpret_cast<u8*>(base_), limit_}; }
  /// From now on touching memory() beyond this many bytes is a fault; at most what was created.
  void set_limit(usize bytes) { limit_ = bytes; }
  /// Nothing of it can be written any more; what was not touched so far becomes a fault.
  void seal();
  usize committed_bytes() const { return committed_; }

 private:
  friend bool commit_fault(usize address);
  bool commit(usize address);
  usize base_ = 0, bytes_ = 0, limit_ = 0, committed_ = 0;
  Pages sizes_ = Pages::any;
  Fill fill_ = nullptr;
  void* fill_context_ = nullptr;
};

/// From the page fault handler: true when `address` lies in a reservation and has memory now. Stops the
/// machine when there is none left.
bool commit_fault(usize address);

}  // namespace pipit::mewz
