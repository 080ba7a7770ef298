#pragma once
/* AES for mbedTLS by the processor's instructions alone, and only to encrypt, which is all that GCM needs
   (tls/platform.cpp). Members as aesni.c wants them. */
#include <stdint.h>

typedef struct mbedtls_aes_context {
  int nr;       /* rounds */
  uint32_t* rk; /* round keys: lie in buf */
  uint32_t buf[60];
} mbedtls_aes_context;
