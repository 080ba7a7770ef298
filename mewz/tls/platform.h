#pragma once
#include "base/result.h"
#include "ports/clock.h"
#include "ports/entropy.h"

namespace pipit::mewz {

/// Gives mbedTLS its clock and its memory (about 40 KB a connection), once, before anything else of it is
/// used. Errors: unsupported when the processor has no AES instructions, without which there is no cipher
/// here.
Status start_mbedtls(ports::Clock& clock, MutBytes memory);

/// For mbedTLS' f_rng: `entropy` is a ports::Entropy.
int random_for_mbedtls(void* entropy, unsigned char* out, size_t bytes);

}  // namespace pipit::mewz
