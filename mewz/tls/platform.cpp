#include "mewz/tls/platform.h"

#include <mbedtls/aes.h>
#include <mbedtls/aesni.h>
#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

#include <algorithm>
#include <new>

#include "base/sha256.h"

namespace pipit::mewz {
namespace {

constinit ports::Clock* g_clock = nullptr;

mbedtls_time_t seconds_now(mbedtls_time_t* out) {
  const auto now = static_cast<mbedtls_time_t>(g_clock->realtime_ns() / 1'000'000'000);
  if (out != nullptr) *out = now;
  return now;
}

Sha256& hash_of(mbedtls_sha256_context* context) { return *reinterpret_cast<Sha256*>(context->words); }
static_assert(sizeof(Sha256) == sizeof(mbedtls_sha256_context) && alignof(Sha256) <= 8);

}  // namespace

Status start_mbedtls(ports::Clock& clock, MutBytes memory) {
  if (mbedtls_aesni_has_support(MBEDTLS_AESNI_AES) == 0)
    return Error{Code::unsupported, "tls: this processor has no AES instructions"};
  g_clock = &clock;
  mbedtls_platform_set_time(seconds_now);
  mbedtls_memory_buffer_alloc_init(memory.data(), memory.size());
  return {};
}

int random_for_mbedtls(void* entropy, unsigned char* out, size_t bytes) {
  static_cast<ports::Entropy*>(entropy)->fill({out, bytes});
  return 0;
}

}  // namespace pipit::mewz

/// The date in the Gregorian calendar, with March as a year's first month (Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms"). Certificates are compared by it to the second.
extern "C" tm* mbedtls_platform_gmtime_r(const mbedtls_time_t* time, tm* out) {
  using pipit::i64;
  const i64 now = *time;
  if (now < 0) return nullptr;
  const i64 days = now / 86400 + 719468, second = now % 86400;
  const i64 era = days / 146097, day_of_era = days % 146097;
  const i64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const i64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const i64 month = (5 * day_of_year + 2) / 153;  // 0: March
  *out = {};
  out->tm_mday = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  out->tm_mon = static_cast<int>(month < 10 ? month + 2 : month - 10);
  out->tm_year = static_cast<int>(year_of_era + era * 400 + (month >= 10 ? 1 : 0) - 1900);
  out->tm_hour = static_cast<int>(second / 3600);
  out->tm_min = static_cast<int>(second / 60 % 60);
  out->tm_sec = static_cast<int>(second % 60);
  return out;
}

// ---- SHA-256: mbedtls/sha256.h

extern "C" {

void mbedtls_sha256_init(mbedtls_sha256_context* context) { new (context->words) pipit::Sha256; }
void mbedtls_sha256_free(mbedtls_sha256_context* context) {
  if (context != nullptr) mbedtls_platform_zeroize(context, sizeof *context);
}
void mbedtls_sha256_clone(mbedtls_sha256_context* to, const mbedtls_sha256_context* from) { *to = *from; }
int mbedtls_sha256_starts_ret(mbedtls_sha256_context* context, int is224) {
  new (context->words) pipit::Sha256;
  return is224 == 0 ? 0 : MBEDTLS_ERR_SHA256_BAD_INPUT_DATA;
}
int mbedtls_sha256_update_ret(mbedtls_sha256_context* context, const unsigned char* data, size_t bytes) {
  pipit::mewz::hash_of(context).update({data, bytes});
  return 0;
}
int mbedtls_sha256_finish_ret(mbedtls_sha256_context* context, unsigned char out[32]) {
  const pipit::Sha256::Digest digest = pipit::mewz::hash_of(context).finish();
  std::copy(digest.begin(), digest.end(), out);
  return 0;
}
int mbedtls_sha256_ret(const unsigned char* data, size_t bytes, unsigned char out[32], int is224) {
  mbedtls_sha256_context context;
  const int result = mbedtls_sha256_starts_ret(&context, is224);
  if (result == 0) {
    mbedtls_sha256_update_ret(&context, data, bytes);
    mbedtls_sha256_finish_ret(&context, out);
  }
  mbedtls_sha256_free(&context);
  return result;
}

// ---- AES: mbedtls/aes.h

void mbedtls_aes_init(mbedtls_aes_context* context) { *context = {}; }
void mbedtls_aes_free(mbedtls_aes_context* context) {
  if (context != nullptr) mbedtls_platform_zeroize(context, sizeof *context);
}
int mbedtls_aes_setkey_enc(mbedtls_aes_context* context, const unsigned char* key, unsigned int bits) {
  if (bits != 128 && bits != 192 && bits != 256) return MBEDTLS_ERR_AES_INVALID_KEY_LENGTH;
  context->nr = static_cast<int>(bits / 32 + 6);
  context->rk = context->buf;
  return mbedtls_aesni_setkey_enc(reinterpret_cast<unsigned char*>(context->rk), key, bits);
}
int mbedtls_aes_setkey_dec(mbedtls_aes_context*, const unsigned char*, unsigned int) {
  return MBEDTLS_ERR_AES_FEATURE_UNAVAILABLE;
}
int mbedtls_aes_crypt_ecb(mbedtls_aes_context* context, int mode, const unsigned char in[16],
                          unsigned char out[16]) {
  if (mode != MBEDTLS_AES_ENCRYPT) return MBEDTLS_ERR_AES_FEATURE_UNAVAILABLE;
  return mbedtls_aesni_crypt_ecb(context, mode, in, out);
}

}  // extern "C"
