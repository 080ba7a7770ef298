#include <bit>

#include "nn/fixed_point.h"
#include "nn/kernels/softmax/softmax.h"

namespace pipit::nn {

// Range reduction to |r| ≤ ln 2 / 2 with ln 2 in two parts, then the minimax polynomial of Cephes' expf
// (Moshier).
f32 exp_negative(f32 x) {
  constexpr f32 kLog2e = 1.44269504088896341f;
  constexpr f32 kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr f32 kRound = 12582912.0f;  // 1.5 × 2^23, see quantize_value
  if (!(x > -87.0f)) return 0;
  const f32 n = (x * kLog2e + kRound) - kRound;
  const f32 r = (x - n * kLn2High) - n * kLn2Low;
  f32 p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const f32 mantissa = (p * (r * r) + r) + 1.0f;
  const f32 power = std::bit_cast<f32>(static_cast<u32>(static_cast<i32>(n) + 127) << 23);
  return mantissa * power;
}

void softmax_f32(const f32* in, u32 rows, u32 columns, f32* out) {
  for (u32 row = 0; row < rows; ++row, in += columns, out += columns) {
    f32 highest = in[0];
    for (u32 i = 1; i < columns; ++i)
      if (in[i] > highest) highest = in[i];
    f32 sum = 0;
    for (u32 i = 0; i < columns; ++i) {
      out[i] = exp_negative(in[i] - highest);
      sum += out[i];
    }
    for (u32 i = 0; i < columns; ++i) out[i] = out[i] / sum;
  }
}

void softmax_i8(const i8* in, u32 rows, u32 columns, f32 scale, f32 out_scale, i32 out_zero_point, i8* out) {
  for (u32 row = 0; row < rows; ++row, in += columns, out += columns) {
    i8 highest = in[0];
    for (u32 i = 1; i < columns; ++i)
      if (in[i] > highest) highest = in[i];
    const auto power = [&](i8 q) { return exp_negative(scale * static_cast<f32>(q - highest)); };
    f32 sum = 0;
    for (u32 i = 0; i < columns; ++i) sum += power(in[i]);
    // The powers are computed twice rather than kept: a row has no scratch memory.
    for (u32 i = 0; i < columns; ++i) out[i] = quantize_value(power(in[i]) / sum, out_scale, out_zero_point);
  }
}

}  // namespace pipit::nn
