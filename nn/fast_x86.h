#pragma once
#include <span>

#include "nn/fast.h"

/// The kernels of each x86-64 instruction set; nn/fast_x86.cpp asks the processor which it may use.
namespace pipit::nn {

std::span<const FastKernel* const> avx2_gemm_kernels();

}  // namespace pipit::nn
