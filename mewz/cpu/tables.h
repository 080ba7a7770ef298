#pragma once

namespace pipit::mewz {

/// Loads the kernel's segments and its task state with one stack a kind of exception, and the interrupt
/// descriptor table over interrupts/vectors.S.
void load_descriptor_tables();

}  // namespace pipit::mewz
