#pragma once
#include "base/types.h"

/// Inner products of contiguous vectors: where convolution and fully connected layers spend their time. An
/// instruction-set variant replaces dot_ref.cpp and must give the same bits.
namespace pipit::nn {

/// accumulator + Σ a[i] × b[i]. The caller guarantees that no partial sum leaves i32. No alignment is
/// assumed.
i32 dot_i8(i32 accumulator, const i8* a, const i8* b, u32 count);

/// Σ a[i].
i32 sum_i8(const i8* a, u32 count);

/// accumulator + a[0] × b[0] + a[1] × b[1] + …, rounded after every product and every sum, in this order.
f32 dot_f32(f32 accumulator, const f32* a, const f32* b, u32 count);

}  // namespace pipit::nn
