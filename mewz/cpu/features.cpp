#include "mewz/cpu/features.h"

#include "mewz/cpu/cpu.h"

namespace pipit::mewz {
namespace {

constexpr u64 kCr0WriteProtect = 1u << 16;
constexpr u64 kCr4GlobalPages = 1u << 7, kCr4Umip = 1u << 11, kCr4FsGsBase = 1u << 16, kCr4Xsave = 1u << 18,
              kCr4Smep = 1u << 20, kCr4Smap = 1u << 21;
constexpr u32 kXcrX87Sse = 3, kXcrAvx = 4, kXcrAvx512 = 0xE0;  // SDM volume 1 §13.3

bool bit(u32 word, u32 index) { return (word >> index & 1) != 0; }

/// What -march=x86-64-v2 lets the compiler use (x86-64 psABI §3.1.1), by bit of leaf 1's ECX.
constexpr struct {
  u32 bit;
  const char* missing;
} kRequired[] = {
    {0, "processor has no SSE3"},    {9, "processor has no SSSE3"},   {13, "processor has no CMPXCHG16B"},
    {19, "processor has no SSE4.1"}, {20, "processor has no SSE4.2"}, {23, "processor has no POPCNT"},
};

constexpr u32 kAllRequired = [] {
  u32 mask = 0;
  for (const auto& feature : kRequired) mask |= 1u << feature.bit;
  return mask;
}();

/// The first that `ecx` lacks.
[[gnu::cold, gnu::noinline]] Status missing_in(u32 ecx) {
  for (const auto& feature : kRequired)
    if (!bit(ecx, feature.bit)) return Error{Code::unsupported, feature.missing};
  return {};
}

void set_xcr0(u32 value) { asm volatile("xsetbv" ::"c"(0), "a"(value), "d"(0)); }

/// Lets vector registers be used; 512-bit ones only where all of their state is there.
void enable_vectors(const cpu::Cpuid& basic, const cpu::Cpuid& extended, CpuFeatures& out) {
  constexpr u32 kXsaveBit = 26, kAvxBit = 28, kAvx2Bit = 5;
  constexpr u32 kLevel3Basic = 1u << 12 | 1u << 22 | 1u << 29;                   // FMA, MOVBE, F16C
  constexpr u32 kLevel3Extended = 1u << 3 | 1u << 5 | 1u << 8;                   // BMI1, AVX2, BMI2
  constexpr u32 kLevel4 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;  // AVX-512 F, DQ, CD, BW, VL
  constexpr u32 kLzcntBit = 5, kVnniBit = 11;
  out.vector_state_bytes = 512;
  if (!bit(basic.ecx, kXsaveBit)) return;
  cpu::write_cr4(cpu::read_cr4() | kCr4Xsave);
  const u32 offered = cpu::cpuid(0xD).eax;
  u32 state = kXcrX87Sse;
  if (bit(basic.ecx, kAvxBit) && (offered & kXcrAvx) != 0) {
    state |= kXcrAvx;
    out.avx2 = bit(extended.ebx, kAvx2Bit);
    out.level3 = (basic.ecx & kLevel3Basic) == kLevel3Basic &&
                 (extended.ebx & kLevel3Extended) == kLevel3Extended &&
                 bit(cpu::cpuid(0x8000'0001).ecx, kLzcntBit);
    if ((extended.ebx & kLevel4) == kLevel4 && (offered & kXcrAvx512) == kXcrAvx512) {
      state |= kXcrAvx512;
      out.avx512 = true;
      out.avx512_vnni = bit(extended.ecx, kVnniBit);
    }
  }
  set_xcr0(state);
  out.vector_state_bytes = cpu::cpuid(0xD).ebx;
}

}  // namespace

Status enable_features(CpuFeatures& out) {
  out = {};
  const cpu::Cpuid basic = cpu::cpuid(1);
  const cpu::Cpuid extended = cpu::cpuid(0).eax >= 7 ? cpu::cpuid(7) : cpu::Cpuid{};
  if ((basic.ecx & kAllRequired) != kAllRequired) return missing_in(basic.ecx);
  const bool has_large_leaf = cpu::cpuid(0x8000'0000).eax >= 0x8000'0007;
  out.large_pages = bit(cpu::cpuid(0x8000'0001).edx, 26);
  out.invariant_tsc = has_large_leaf && bit(cpu::cpuid(0x8000'0007).edx, 8);
  out.rdrand = bit(basic.ecx, 30);
  out.hypervisor = bit(basic.ecx, 31);
  out.rdseed = bit(extended.ebx, 18);
  out.smep = bit(extended.ebx, 7);
  out.smap = bit(extended.ebx, 20);
  out.umip = bit(extended.ecx, 2);

  u64 cr4 = cpu::read_cr4() | kCr4GlobalPages;
  if (out.smep) cr4 |= kCr4Smep;
  if (out.smap) cr4 |= kCr4Smap;
  if (out.umip) cr4 |= kCr4Umip;
  if (bit(extended.ebx, 0)) cr4 |= kCr4FsGsBase;
  cpu::write_cr4(cr4);
  cpu::write_cr0(cpu::read_cr0() | kCr0WriteProtect);
  enable_vectors(basic, extended, out);
  return {};
}

}  // namespace pipit::mewz
