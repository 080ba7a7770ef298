#pragma once
#include "base/types.h"

namespace pipit::mewz {

/// Before lwIP sees `frame`: a peer that begins a new connection from the port of one that only waits for
/// stray segments is right to do so (RFC 1122 §4.2.2.13), so that one is forgotten. lwIP would answer with an
/// acknowledgement until the wait is over, two minutes. Address translators reuse ports within milliseconds.
void forget_closed_connection(Bytes frame);

}  // namespace pipit::mewz
