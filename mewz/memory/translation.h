#pragma once
#include "base/types.h"

/// The processor's cache of page tables. The kernel links translation_cpu.cpp; tests on Linux, whose tables
/// no processor uses, an empty one.
namespace pipit::mewz::translation {

/// Forgets what was known of the page at `address`.
void forget(usize address);

}  // namespace pipit::mewz::translation
