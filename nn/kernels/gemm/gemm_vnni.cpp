#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/gemm/layer.h"

// As gemm_avx2.cpp.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))), \
                             apply_to = function)
#include "nn/kernels/gemm/fast_gemm.h"
#include "nn/kernels/gemm/output_sum.h"
#include "nn/kernels/simd/avx512_vnni.h"

namespace pipit::nn {
namespace {

using Kernels = FastIntegerKernels<Avx512Vnni>;
using Sums = FastAddKernels<Avx512Vnni>;
// As gemm_avx2.cpp: two operators at once before one.
constexpr const FastKernel* kAll[] = {
    &Sums::kConv,        &Kernels::kConvI8,      &Kernels::kFullI8,
    &Sums::kConvDynamic, &Kernels::kConvDynamic, &Kernels::kFullDynamic,
};

}  // namespace

std::span<const FastKernel* const> vnni_gemm_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
