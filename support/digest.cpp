#include <openssl/sha.h>

#include "support/files.h"

namespace pipit::support {

std::string sha256_hex(Bytes data) {
  u8 digest[SHA256_DIGEST_LENGTH];
  SHA256(data.data(), data.size(), digest);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const u8 byte : digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

}  // namespace pipit::support
