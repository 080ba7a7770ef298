#include "mewz/entropy.h"

#include <algorithm>
#include <cstring>

#include "mewz/cpu/cpu.h"

namespace pipit::mewz {
namespace {

constinit KernelEntropy g_entropy;

/// One word of the processor's generator, which may be out of numbers for a moment (SDM volume 1 §7.3.17).
bool read_rdrand(u64& word) {
  for (u32 i = 0; i < 10; ++i) {
    bool ok;
    asm volatile("rdrand %0" : "=r"(word), "=@ccc"(ok));
    if (ok) return true;
  }
  return false;
}

}  // namespace

KernelEntropy& entropy() { return g_entropy; }

void KernelEntropy::init(bool rdrand) {
  rdrand_ = rdrand;
  u64 word = 0;
  seeded_ = rdrand && read_rdrand(word);
  std::memcpy(state_.data(), &word, sizeof word);
}

void KernelEntropy::feed(Bytes data) {
  Sha256 hash;
  hash.update(state_);
  hash.update(data);
  state_ = hash.finish();
  seeded_ = true;
}

void KernelEntropy::stir() {
  u64 words[5] = {cpu::read_tsc()};
  u32 got = 0;
  for (u32 i = 1; rdrand_ && i < std::size(words); ++i) got += read_rdrand(words[i]);
  seeded_ |= got != 0;
  Sha256 hash;
  hash.update(state_);
  hash.update({reinterpret_cast<const u8*>(words), sizeof words});
  state_ = hash.finish();
}

void KernelEntropy::fill(MutBytes out) {
  stir();
  for (u64 block = 0; !out.empty(); ++block) {
    Sha256 hash;
    hash.update(state_);
    hash.update({reinterpret_cast<const u8*>(&block), sizeof block});
    const Sha256::Digest digest = hash.finish();
    const usize size = std::min(out.size(), digest.size());
    std::memcpy(out.data(), digest.data(), size);
    out = out.subspan(size);
  }
  stir();
}

}  // namespace pipit::mewz
