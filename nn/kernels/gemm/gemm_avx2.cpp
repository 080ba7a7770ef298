#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/gemm/layer.h"

// Only what follows is compiled for AVX2; functions of the headers above stay fit for every processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/gemm/output_sum.h"
#include "nn/kernels/gemm/winograd.h"
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

using Floats = FastFloatKernels<Avx2>;
using Kernels = FastIntegerKernels<Avx2>;
constexpr FastKernel kWinogradI8 = fast_kernel<FastI8<Avx2, WinogradConvI8>>(kConv2dI8);
constexpr FastKernel kWinogradDynamic = fast_kernel<FastDynamic<Avx2, WinogradConvI8>>(kDynamicConv2d);
using WinogradAdd = FastI8Add<Avx2, WinogradConvI8>;
using ConvAdd = FastI8Add<Avx2, TiledConvI8>;
using WinogradDynamicAdd = FastDynamicAdd<Avx2, WinogradConvI8>;
using ConvDynamicAdd = FastDynamicAdd<Avx2, TiledConvI8>;
constexpr FastKernel kWinogradAdd = fast_add_kernel<WinogradAdd>(kConv2dI8, kAddI8);
constexpr FastKernel kConvAdd = fast_add_kernel<ConvAdd>(kConv2dI8, kAddI8);
constexpr FastKernel kWinogradDynamicAdd = fast_add_kernel<WinogradDynamicAdd>(kDynamicConv2d, kAddF32);
constexpr FastKernel kConvDynamicAdd = fast_add_kernel<ConvDynamicAdd>(kDynamicConv2d, kAddF32);
// The first that takes a node runs it: two operators at once before one, fewer products before more.
constexpr const FastKernel* kAll[] = {&kWinogradAdd,
                                      &kConvAdd,
                                      &kWinogradDynamicAdd,
                                      &kConvDynamicAdd,
                                      &Floats::kConvF32,
                                      &Floats::kFullF32,
                                      &kWinogradI8,
                                      &Kernels::kConvI8,
                                      &Kernels::kFullI8,
                                      &Kernels::kConvAsymmetric,
                                      &Kernels::kFullAsymmetric,
                                      &kWinogradDynamic,
                                      &Kernels::kConvDynamic,
                                      &Kernels::kFullDynamic};

}  // namespace

std::span<const FastKernel* const> avx2_gemm_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
