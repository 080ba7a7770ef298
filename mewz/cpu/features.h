#pragma once
#include "base/result.h"

namespace pipit::mewz {

/// What the processor has of what the kernel uses (CPUID, Intel SDM volume 2A).
struct CpuFeatures {
  bool avx2, avx512, avx512_vnni;  ///< with state that was enabled; AVX-512 with F, BW, CD, DQ and VL
  bool level3;                     ///< x86-64-v3: AVX2, BMI, FMA, F16C, LZCNT, MOVBE
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
