#pragma once
#include "base/result.h"

namespace pipit::mewz {

/// What the processor has of what the kernel uses (CPUID, Intel SDM volume 2A).
struct CpuFeatures {
  bool avx2, avx512;  ///< with state that was enabled
  bool rdrand, rdseed;
  bool smep, smap, umip;  ///< enabled where there
  bool large_pages;       ///< of 1 GB
  bool invariant_tsc;
  bool hypervisor;
  u32 vector_state_bytes;  ///< of an XSAVE area; 512 without XSAVE
};

/// Checks that the processor is what the kernel was compiled for (x86-64-v2) and enables what protects it and
/// what inference computes with. unsupported names what is missing.
Status enable_features(CpuFeatures& out);

}  // namespace pipit::mewz
