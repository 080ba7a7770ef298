// Where every exception and interrupt arrives.
#include "mewz/cpu/cpu.h"
#include "mewz/cpu/stacks.h"
#include "mewz/interrupts/apic.h"
#include "mewz/interrupts/fault.h"
#include "mewz/interrupts/watchdog.h"
#include "mewz/memory/kernel_map.h"

namespace pipit::mewz {
namespace {

constexpr u64 kPagePresent = 1;  // in the error code: not a missing page, but a forbidden access

/// A page fault in one of the pages below the stacks, or a double fault because of it.
bool overflowed_stack(usize address) {
  for (const StackRange& range : stack_ranges())
    if (address < range.bottom && address >= range.bottom - kPageBytes) return true;
  return false;
}

}  // namespace

extern "C" void mewz_interrupt(InterruptFrame* frame) {
  if (handle_interrupt(static_cast<u32>(frame->vector))) {
    if (frame->vector == vector::kTimer) watchdog::check(*frame);
    return;
  }
  if (frame->vector == vector::kNonMaskable) return watchdog::beat(*frame);
  const bool page_fault = frame->vector == vector::kPageFault;
  const usize address = cpu::read_cr2();
  if (page_fault && (frame->error & kPagePresent) == 0 && commit_fault(address)) return;
  if ((page_fault || frame->vector == vector::kGeneralProtection) && recover_fault(*frame)) return;
  const bool overflow = (page_fault || frame->vector == vector::kDoubleFault) && overflowed_stack(address);
  report_fault(*frame, overflow ? "stack overflow" : "unexpected exception");
}

}  // namespace pipit::mewz
