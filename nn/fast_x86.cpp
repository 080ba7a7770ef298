#include "nn/fast_x86.h"

namespace pipit::nn {

std::span<const FastKernel* const> fast_kernels() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_gemm_kernels();
  return {};
}

}  // namespace pipit::nn
