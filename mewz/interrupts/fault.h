#pragma once
#include <string_view>

#include "mewz/devices/power.h"
#include "mewz/interrupts/vectors.h"

/// The end of a kernel that cannot go on: what, where, and by which calls.
namespace pipit::mewz {

/// Prints the registers and the backtrace of what was interrupted, and stops the machine.
[[noreturn]] void report_fault(const InterruptFrame& frame, std::string_view what,
                               StopCode code = StopCode::kernel_fault);
/// The same for code that found out by itself: `frame_pointer` is its caller's.
[[noreturn]] void panic(std::string_view what, const void* frame_pointer,
                        StopCode code = StopCode::kernel_fault);

/// Asked at a fault of any kind: true when `frame` goes on with something else now.
using RecoverFault = bool (*)(InterruptFrame& frame);
void set_fault_recovery(RecoverFault recover);
/// For mewz_interrupt.
bool recover_fault(InterruptFrame& frame);

/// Told of what an application was doing, so that a report may say so; nullptr: nothing.
using DescribeApplication = void (*)();
void set_application_report(DescribeApplication describe);

}  // namespace pipit::mewz
