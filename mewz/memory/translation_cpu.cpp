#include "mewz/cpu/cpu.h"
#include "mewz/memory/translation.h"

namespace pipit::mewz::translation {

void forget(usize address) { cpu::invalidate_page(address); }

}  // namespace pipit::mewz::translation
