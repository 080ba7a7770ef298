#include "base/sha256_blocks.h"

namespace pipit {

void sha256_blocks(u32* state, const u8* at, usize blocks) { sha256_portable(state, at, blocks); }

}  // namespace pipit
