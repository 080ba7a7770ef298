#pragma once
#include <span>

#include "nn/fast.h"

/// The fast kernels by family and instruction set; nn/fast_x86.cpp asks the processor which it may use.
namespace pipit::nn {

std::span<const FastKernel* const> avx2_depthwise_kernels();
std::span<const FastKernel* const> avx2_dynamic_kernels();
std::span<const FastKernel* const> avx2_elementwise_kernels();
std::span<const FastKernel* const> avx2_gemm_kernels();
std::span<const FastKernel* const> avx2_pool_kernels();
/// int8 products by AVX-512 VNNI.
std::span<const FastKernel* const> vnni_gemm_kernels();
bool has_vnni();
std::span<const FastKernel* const> layout_kernels();  ///< any processor

}  // namespace pipit::nn
