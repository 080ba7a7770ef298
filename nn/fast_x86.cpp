#include "nn/fast_x86.h"

namespace pipit::nn {
namespace {

constexpr u32 kMostKernels = 48;

/// Filled by the first call, which C++ lets only one thread make.
struct Chosen {
  const FastKernel* kernels[kMostKernels];
  u32 count = 0;

  Chosen() {
    if (has_vnni()) add(vnni_gemm_kernels());  // before AVX2's: the first that takes a node runs it
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

bool has_vnni() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

std::span<const FastKernel* const> fast_kernels() {
  static const Chosen chosen;
  return {chosen.kernels, chosen.count};
}

}  // namespace pipit::nn
