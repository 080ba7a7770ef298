#pragma once
#include <span>

#include "nn/fast.h"

namespace pipit::nn::testing {

/// vnni_gemm_kernels() with its instructions emulated.
std::span<const FastKernel* const> simde_vnni_kernels();

}  // namespace pipit::nn::testing
