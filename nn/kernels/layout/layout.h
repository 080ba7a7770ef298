#pragma once
#include <array>

#include "base/types.h"
#include "nn/tensor.h"

/// Operators that only move elements. They know the size of an element, not its type.
namespace pipit::nn {

using Dims = std::array<u32, kMaxRank>;

/// out[i0, i1, …] is the element of `in` at Σ ik × in_strides[k], strides counted in elements; rank ≥ 1.
void transpose(const u8* in, const Dims& in_strides, const Dims& out_dims, u32 rank, u32 element_bytes,
               u8* out);

/// `in` of in_dims at position `before` within `out` of out_dims, everything else filled with the low
/// element_bytes of `value`; rank ≥ 1.
void pad(const u8* in, const Dims& in_dims, const Dims& before, const Dims& out_dims, u32 rank,
         u32 element_bytes, u32 value, u8* out);

/// Copies `outer` runs of run_bytes from `in` to `out`, out_step bytes apart: one input of a concatenation.
void scatter_runs(const u8* in, u32 outer, u32 run_bytes, u32 out_step, u8* out);

}  // namespace pipit::nn
