#pragma once
/* SHA-256 for mbedTLS by base/sha256.h (tls/platform.cpp). */
#include <stdint.h>

typedef struct mbedtls_sha256_context {
  uint64_t words[13];
} mbedtls_sha256_context;
