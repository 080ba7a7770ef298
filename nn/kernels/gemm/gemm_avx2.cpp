#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/gemm/layer.h"

// Only what follows is compiled for AVX2; functions of the headers above stay fit for every processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/gemm/output_sum.h"
#include "nn/kernels/gemm/winograd.h"
#include "nn/kernels/simd/avx2_paired.h"

namespace pipit::nn {
namespace {

using Floats = FastFloatKernels<Avx2>;
using Kernels = FastIntegerKernels<Avx2>;
constexpr FastKernel kWinogradI8 = fast_kernel<FastI8<Avx2, WinogradConvI8>>(kConv2dI8);
constexpr FastKernel kWinogradDynamic = fast_kernel<FastDynamic<Avx2, WinogradConvI8>>(kDynamicConv2d);
using Pairs = FastIntegerKernels<Avx2Paired>;
constexpr FastKernel kWinogradAdd = fast_add_kernel<FastI8Add<Avx2, WinogradConvI8>>(kConv2dI8, kAddI8);
constexpr FastKernel kWinogradDynamicAdd =
    fast_add_kernel<FastDynamicAdd<Avx2, WinogradConvI8>>(kDynamicConv2d, kAddF32);
using Sums = FastAddKernels<Avx2>;
using PairSums = FastAddKernels<Avx2Paired>;

// The first that takes a node runs it: two operators at once before one, fewer multiplications before more.
constexpr const FastKernel* kAll[] = {
    &kWinogradAdd,          &PairSums::kConv,          &Sums::kConv,
    &kWinogradI8,           &Pairs::kConvI8,           &Kernels::kConvI8,
    &Kernels::kFullI8,      &Kernels::kConvAsymmetric, &Kernels::kFullAsymmetric,
    &kWinogradDynamicAdd,   &PairSums::kConvDynamic,   &Sums::kConvDynamic,
    &kWinogradDynamic,      &Pairs::kConvDynamic,      &Kernels::kConvDynamic,
    &Kernels::kFullDynamic, &Floats::kConvF32,         &Floats::kFullF32,
};

}  // namespace

std::span<const FastKernel* const> avx2_gemm_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
