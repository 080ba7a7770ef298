#include "waiot/drivers/plic.h"

namespace pipit::waiot {
namespace {

// Specification 1.0.0, chapter 3; context 0.
constexpr u32 kPriority = 0x00'0000;
constexpr u32 kEnable = 0x00'2000;
constexpr u32 kThreshold = 0x20'0000;
constexpr u32 kClaimComplete = 0x20'0004;

}  // namespace

void Plic::enable(u32 source) const {
  registers_.write(kPriority + 4 * source, 1);
  const u32 word = kEnable + 4 * (source / 32);
  registers_.write(word, registers_.read(word) | 1u << source % 32);
  registers_.write(kThreshold, 0);
}

u32 Plic::claim() const { return registers_.read(kClaimComplete); }
void Plic::complete(u32 source) const { registers_.write(kClaimComplete, source); }

}  // namespace pipit::waiot
