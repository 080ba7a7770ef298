#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/gemm/layer.h"

// Only what follows is compiled for AVX2; functions of the headers above stay fit for every processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/gemm/winograd.h"
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

using Floats = FastFloatKernels<Avx2>;
using Kernels = FastIntegerKernels<Avx2>;
constexpr FastKernel kWinogradI8 = fast_kernel<FastI8<Avx2, WinogradConvI8>>(kConv2dI8);
constexpr FastKernel kWinogradDynamic = fast_kernel<FastDynamic<Avx2, WinogradConvI8>>(kDynamicConv2d);
constexpr const FastKernel* kAll[] = {&Floats::kConvF32,         &Floats::kFullF32, &kWinogradI8,
                                      &Kernels::kConvI8,         &Kernels::kFullI8, &Kernels::kConvAsymmetric,
                                      &Kernels::kFullAsymmetric, &kWinogradDynamic, &Kernels::kConvDynamic,
                                      &Kernels::kFullDynamic};

}  // namespace

std::span<const FastKernel* const> avx2_gemm_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
