#pragma once
#include "base/types.h"

/// What the firmware's RAM is used for. The stack lies at the bottom of RAM, so that an overflow leaves RAM
/// and faults instead of overwriting data.
namespace pipit::waiot::memory {

/// Fills data and bss and paints the stack; start.S calls it before anything else runs.
extern "C" void waiot_prepare_memory();

u32 ram_bytes();
/// Everything the linker placed but the stack: data, bss, arenas, network pools.
u32 static_bytes();
u32 stack_bytes();
/// Most of the stack ever used: what is no longer painted.
u32 stack_peak_bytes();

/// Eight words that a reset leaves alone (and a power-up leaves undefined).
extern u32 g_survivors[8];

}  // namespace pipit::waiot::memory
