#include <immintrin.h>

#include "nn/fast.h"
#include "nn/fast_x86.h"
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/shapes.h"

// Only what follows is compiled for AVX2; functions of the headers above stay fit for every processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

using Kernels = FastGemmKernels<Avx2>;
constexpr const FastKernel* kAll[] = {&Kernels::kConvF32, &Kernels::kConvI8, &Kernels::kFullF32,
                                      &Kernels::kFullI8};

}  // namespace

std::span<const FastKernel* const> avx2_gemm_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
