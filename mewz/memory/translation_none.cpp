// For tests on Linux: no processor uses their page tables.
#include "mewz/memory/translation.h"

namespace pipit::mewz::translation {

void forget(usize) {}

}  // namespace pipit::mewz::translation
