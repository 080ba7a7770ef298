#include "base/sha256_in_eight.h"

namespace pipit {

Sha256::Digest sha256_in_eight(Bytes head, Bytes data) {
  return detail::sha256_in_eight_portable(head, data);
}

}  // namespace pipit
