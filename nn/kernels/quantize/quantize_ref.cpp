#include "nn/fixed_point.h"
#include "nn/kernels/quantize/quantize.h"

namespace pipit::nn {

void quantize_f32(const f32* in, u32 count, f32 scale, i32 zero_point, i8* out) {
  for (u32 i = 0; i < count; ++i) out[i] = quantize_value(in[i], scale, zero_point);
}

void dequantize_i8(const i8* in, u32 count, f32 scale, i32 zero_point, f32* out) {
  for (u32 i = 0; i < count; ++i) out[i] = scale * static_cast<f32>(in[i] - zero_point);
}

void requantize_i8(const i8* in, u32 count, i32 input_zero_point, format::Rescale factor,
                   i32 output_zero_point, format::Clamp clamp, i8* out) {
  for (u32 i = 0; i < count; ++i)
    out[i] = requantize(in[i] - input_zero_point, factor, output_zero_point, clamp);
}

}  // namespace pipit::nn
