#include "nn/kernels/wide/wide.h"

#include "base/endian.h"
#include "nn/kernels/c99/c99.h"

namespace pipit::nn {
namespace c99 {
namespace {
#include "nn/kernels/c99/quantize_wide.c"
#include "nn/kernels/c99/requantize_wide.c"

// One name for each, told apart by their types.
REQUANTIZE_WIDE(requantized, i8, i16, -32768, 32767)
REQUANTIZE_WIDE(requantized, i8, i32, INT32_MIN, INT32_MAX)
REQUANTIZE_WIDE(requantized, i16, i8, -128, 127)
REQUANTIZE_WIDE(requantized, i16, i16, -32768, 32767)
REQUANTIZE_WIDE(requantized, i16, i32, INT32_MIN, INT32_MAX)
REQUANTIZE_WIDE(requantized, i32, i8, -128, 127)
REQUANTIZE_WIDE(requantized, i32, i16, -32768, 32767)
REQUANTIZE_WIDE(requantized, i32, i32, INT32_MIN, INT32_MAX)
QUANTIZE_WIDE(quantized, i16, -32768, 32767)
QUANTIZE_WIDE(quantized, i32, INT32_MIN, INT32_MAX)
}  // namespace
}  // namespace c99

namespace {

constexpr i32 kInt16Min = -32768, kInt16Max = 32767;
constexpr i64 kInt32Min = -(i64{1} << 31), kInt32Max = (i64{1} << 31) - 1;

template <class T>
T bounded(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

i16 output_of(const WideConv2d& conv, u32 channel, i64 sum) {
  return static_cast<i16>(
      bounded(rescale_wide(sum, conv.factors[channel]), conv.clamp.low_i32(), conv.clamp.high_i32()));
}

i64 bias_of(const WideConv2d& conv, u32 channel) { return load_le<i64>(conv.bias + usize{channel} * 8); }

i64 dot(const i16* a, const i8* b, u32 count) {
  i64 sum = 0;
  for (u32 i = 0; i < count; ++i) sum += i64{a[i]} * b[i];
  return sum;
}

}  // namespace

i32 rescale_wide(i64 acc, format::Rescale factor) {
  const i64 multiplier = factor.multiplier < 0x7FFF0000 ? (factor.multiplier + (1 << 15)) >> 16 : 0x7FFF;
  const i32 total = 15 - factor.shift;
  // A factor of 2^15 and more cannot be shifted right; nothing the compiler writes has one.
  if (total <= 0) return 0;
  return static_cast<i32>(
      bounded((acc * multiplier + (i64{1} << (total - 1))) >> total, kInt32Min, kInt32Max));
}

i32 rescale_twice(i32 x, format::Rescale factor) { return c99::rescale_twice(x, c99::pairs(&factor)); }

void conv2d_wide(const WideConv2d& conv) {
  const WindowShape& shape = conv.shape;
  i16* out = conv.output;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    const i8* weights = conv.weights;
    for (u32 o = 0; o < shape.out_c; ++o, weights += usize{shape.kernel_h} * shape.kernel_w * shape.in_c) {
      i64 sum = bias_of(conv, o);
      for (u32 row = rows.begin; row < rows.end; ++row)
        for (u32 column = columns.begin; column < columns.end; ++column)
          sum += dot(conv.input + usize{shape.pixel(image, y, row, x, column)} * shape.in_c,
                     weights + (usize{row} * shape.kernel_w + column) * shape.in_c, shape.in_c);
      *out++ = output_of(conv, o, sum);
    }
  });
}

void transpose_conv2d_wide(const WideConv2d& conv) {
  const WindowShape& shape = conv.shape;
  i16* out = conv.output;
  // Which input an output pixel meets under a tap: none where the stride does not divide.
  const auto source = [](u32 at, u32 pad, u32 tap, u32 stride, u32 extent) -> i32 {
    const i32 place = static_cast<i32>(at + pad) - static_cast<i32>(tap);
    if (place < 0 || place % static_cast<i32>(stride) != 0) return -1;
    const i32 index = place / static_cast<i32>(stride);
    return index < static_cast<i32>(extent) ? index : -1;
  };
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32) {
    for (u32 o = 0; o < shape.out_c; ++o) {
      i64 sum = bias_of(conv, o);
      for (u32 row = 0; row < shape.kernel_h; ++row) {
        const i32 in_y = source(y, shape.window.pad_top, row, shape.window.stride_h, shape.in_h);
        if (in_y < 0) continue;
        for (u32 column = 0; column < shape.kernel_w; ++column) {
          const i32 in_x = source(x, shape.window.pad_left, column, shape.window.stride_w, shape.in_w);
          if (in_x < 0) continue;
          const usize pixel =
              (usize{image} * shape.in_h + static_cast<u32>(in_y)) * shape.in_w + static_cast<u32>(in_x);
          const usize tap = (usize{o} * shape.kernel_h + row) * shape.kernel_w + column;
          sum += dot(conv.input + pixel * shape.in_c, conv.weights + tap * shape.in_c, shape.in_c);
        }
      }
      *out++ = output_of(conv, o, sum);
    }
  });
}

void add_wide(const i16* a, u32 count, const i16* b, u32 b_count, bool subtract,
              const format::AddAttributes& how, i16* out) {
  constexpr i32 kHeadroom = 1 << 15;
  for (u32 i = 0; i < count; ++i) {
    const i32 x = rescale_twice(a[i] * kHeadroom, how.a),
              y = rescale_twice(b[i % b_count] * kHeadroom, how.b);
    const i32 sum = rescale_twice(subtract ? x - y : x + y, how.out);
    out[i] = static_cast<i16>(bounded(sum, how.clamp.low_i32(), how.clamp.high_i32()));
  }
}

void leaky_relu_wide(const i16* in, u32 count, format::Rescale positive, format::Rescale negative, i16* out) {
  for (u32 i = 0; i < count; ++i)
    out[i] = static_cast<i16>(
        bounded(rescale_twice(in[i], in[i] >= 0 ? positive : negative), kInt16Min, kInt16Max));
}

template <class From, class To>
void requantize_wide(const From* in, u32 count, i32 from_zero, format::Rescale factor, i32 to_zero, To* out) {
  c99::requantized(in, static_cast<i32>(count), from_zero, c99::pairs(&factor), to_zero, out);
}
template void requantize_wide(const i8*, u32, i32, format::Rescale, i32, i16*);
template void requantize_wide(const i8*, u32, i32, format::Rescale, i32, i32*);
template void requantize_wide(const i16*, u32, i32, format::Rescale, i32, i8*);
template void requantize_wide(const i16*, u32, i32, format::Rescale, i32, i16*);
template void requantize_wide(const i16*, u32, i32, format::Rescale, i32, i32*);
template void requantize_wide(const i32*, u32, i32, format::Rescale, i32, i8*);
template void requantize_wide(const i32*, u32, i32, format::Rescale, i32, i16*);
template void requantize_wide(const i32*, u32, i32, format::Rescale, i32, i32*);

template <class To>
void quantize_wide(const f32* in, u32 count, f32 scale, i32 zero, To* out) {
  c99::quantized(in, static_cast<i32>(count), scale, zero, out);
}
template void quantize_wide(const f32*, u32, f32, i32, i16*);
template void quantize_wide(const f32*, u32, f32, i32, i32*);

}  // namespace pipit::nn
