// nn/kernels/simd/avx512_vnni.h with every intrinsic by SIMDe, which defines in plain C what each instruction
// does: its meaning is checked by somebody else's reading of the manual, on processors that lack it.
#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

// What SIMDe 0.7.4 lacks.
#define _mm512_cvtepi32_ps each_to_f32
#define _mm512_srav_epi32 each_shifted
#define _mm512_cvtepi32_epi8 each_truncated
#define _mm512_cvtepi8_epi32 each_widened

#include "nn/testing/simde_vnni.h"

#define Avx512Vnni SimdeVnni  // another type than the processor's, whose kernels are linked beside these
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/gemm/output_sum.h"

namespace {

simde__m512 each_to_f32(simde__m512i x) {
  simde__m512_private out;
  const simde__m512i_private in = simde__m512i_to_private(x);
  for (int i = 0; i < 16; ++i) out.f32[i] = static_cast<float>(in.i32[i]);
  return simde__m512_from_private(out);
}

simde__m512i each_shifted(simde__m512i x, simde__m512i by) {
  simde__m512i_private out = simde__m512i_to_private(x);
  const simde__m512i_private count = simde__m512i_to_private(by);
  for (int i = 0; i < 16; ++i) out.i32[i] >>= count.u32[i] < 31 ? count.u32[i] : 31;
  return simde__m512i_from_private(out);
}

simde__m512i each_widened(simde__m128i x) {
  simde__m512i_private out;
  const simde__m128i_private in = simde__m128i_to_private(x);
  for (int i = 0; i < 16; ++i) out.i32[i] = in.i8[i];
  return simde__m512i_from_private(out);
}

simde__m128i each_truncated(simde__m512i x) {
  simde__m128i_private out;
  const simde__m512i_private in = simde__m512i_to_private(x);
  for (int i = 0; i < 16; ++i) out.i8[i] = static_cast<int8_t>(in.i32[i]);
  return simde__m128i_from_private(out);
}

}  // namespace

#include "nn/kernels/simd/avx512_vnni.h"

namespace pipit::nn::testing {

std::span<const FastKernel* const> simde_vnni_kernels() {
  using Kernels = FastIntegerKernels<SimdeVnni>;
  using Sums = FastAddKernels<SimdeVnni>;
  static constexpr const FastKernel* kAll[] = {
      &Sums::kConv,        &Kernels::kConvI8,      &Kernels::kFullI8,
      &Sums::kConvDynamic, &Kernels::kConvDynamic, &Kernels::kFullDynamic,
  };
  return kAll;
}

}  // namespace pipit::nn::testing
