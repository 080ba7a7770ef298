// What gemm_avx2.cpp has, for programs with a limit on their size: without Winograd's transforms and without
// layers that are quantised while they run, which take the portable kernels.
#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/gemm/layer.h"

// Only what follows is compiled for AVX2; functions of the headers above stay fit for every processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

struct SmallAvx2 : Avx2 {
  static constexpr bool kSmallCode = true;
};
using Floats = FastFloatKernels<SmallAvx2>;
using Integers = FastIntegerKernels<SmallAvx2>;
constexpr const FastKernel* kAll[] = {&Floats::kConvF32,          &Floats::kFullF32,
                                      &Integers::kConvI8,         &Integers::kFullI8,
                                      &Integers::kConvAsymmetric, &Integers::kFullAsymmetric};

}  // namespace

std::span<const FastKernel* const> avx2_gemm_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
