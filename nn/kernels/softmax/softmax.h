#pragma once
#include "base/types.h"

/// Softmax over rows of `columns` elements; `out` may be `in`. Sums run in order, in single precision.
namespace pipit::nn {

/// e^x for x ≤ 0, relative error below 2e-7; 0 below −87 and for NaN. Only IEEE operations, so that every
/// platform gives the same bits, which a C library's expf does not promise.
f32 exp_negative(f32 x);

void softmax_f32(const f32* in, u32 rows, u32 columns, f32* out);
/// exp of scale × (q − row maximum); quotients quantised with out_scale and out_zero_point.
void softmax_i8(const i8* in, u32 rows, u32 columns, f32 scale, f32 out_scale, i32 out_zero_point, i8* out);

}  // namespace pipit::nn
