#include "nn/fast_x86.h"

namespace pipit::nn {
namespace {

constexpr u32 kMostKernels = 32;

/// Filled by the first call, which C++ lets only one thread make.
struct Chosen {
  const FastKernel* kernels[kMostKernels];
  u32 count = 0;

  Chosen() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      add(avx2_gemm_kernels());
      add(avx2_depthwise_kernels());
      add(avx2_dynamic_kernels());
      add(avx2_elementwise_kernels());
      add(avx2_pool_kernels());
    }
    add(layout_kernels());
  }
  void add(std::span<const FastKernel* const> more) {
    for (const FastKernel* kernel : more)
      if (count < kMostKernels) kernels[count++] = kernel;
  }
};

}  // namespace

std::span<const FastKernel* const> fast_kernels() {
  static const Chosen chosen;
  return {chosen.kernels, chosen.count};
}

}  // namespace pipit::nn
