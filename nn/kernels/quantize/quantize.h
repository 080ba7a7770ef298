#pragma once
#include "base/types.h"
#include "nn/format.h"

/// Between real numbers and int8, and from one int8 scale to another. Arithmetic as nn/format.h.
namespace pipit::nn {

/// saturate(round_half_even(in / scale) + zero_point); NaN gives −128. scale > 0.
void quantize_f32(const f32* in, u32 count, f32 scale, i32 zero_point, i8* out);
/// scale × (in − zero_point).
void dequantize_i8(const i8* in, u32 count, f32 scale, i32 zero_point, f32* out);
/// clamp(output_zero_point + rescale(in − input_zero_point)); `out` may be `in`.
void requantize_i8(const i8* in, u32 count, i32 input_zero_point, format::Rescale factor,
                   i32 output_zero_point, format::Clamp clamp, i8* out);

}  // namespace pipit::nn
