#include <openssl/sha.h>

#include "support/files.h"
#include "support/hex.h"

namespace pipit::support {

std::string sha256_hex(Bytes data) {
  u8 digest[SHA256_DIGEST_LENGTH];
  SHA256(data.data(), data.size(), digest);
  return hex(digest);
}

}  // namespace pipit::support
