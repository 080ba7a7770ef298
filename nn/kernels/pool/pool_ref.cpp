#include "nn/fixed_point.h"
#include "nn/kernels/pool/pool.h"

namespace pipit::nn {
namespace {

template <class T>
T clamped(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

f32 quotient(f32 sum, u32 count, bool = false) { return sum / static_cast<f32>(count); }

/// To the nearest, halves away from zero or up.
i8 quotient(i32 sum, u32 count, bool half_up) {
  const i32 divisor = static_cast<i32>(count);
  const i32 half = divisor / 2;
  // A multiple of the divisor moves every sum (|sum| ≤ 128 × count) above zero, where truncation rounds down.
  if (half_up) return static_cast<i8>((sum + half + divisor * 256) / divisor - 256);
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the sum is of verified tensors
  return static_cast<i8>((sum >= 0 ? sum + half : sum - half) / divisor);
}

template <class T>
void max_pool(const Pool2d<T>& pool) {
  const WindowShape& shape = pool.shape;
  const u32 channels = shape.in_c;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32 pixel) {
    T* out = pool.output + usize{pixel} * channels;
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    for (u32 c = 0; c < channels; ++c)
      out[c] = pool.input[shape.pixel(image, y, rows.begin, x, columns.begin) * channels + c];
    for (u32 row = rows.begin; row < rows.end; ++row)
      for (u32 column = columns.begin; column < columns.end; ++column) {
        const T* in = pool.input + usize{shape.pixel(image, y, row, x, column)} * channels;
        for (u32 c = 0; c < channels; ++c)
          if (in[c] > out[c]) out[c] = in[c];
      }
    for (u32 c = 0; c < channels; ++c) out[c] = clamped(out[c], pool.low, pool.high);
  });
}

template <class T, class Sum>
void average_pool(const Pool2d<T>& pool) {
  const WindowShape& shape = pool.shape;
  const u32 channels = shape.in_c;
  const u32 taps = shape.kernel_h * shape.kernel_w;
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32 pixel) {
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    const u32 inside = rows.count() * columns.count();
    const u32 count = pool.count_include_pad ? taps : inside;
    for (u32 c = 0; c < channels; ++c) {
      Sum sum = static_cast<Sum>(count - inside) * pool.zero;
      for (u32 row = rows.begin; row < rows.end; ++row)
        for (u32 column = columns.begin; column < columns.end; ++column)
          sum += pool.input[shape.pixel(image, y, row, x, column) * channels + c];
      pool.output[pixel * channels + c] =
          clamped(quotient(sum, count, pool.round_half_up), pool.low, pool.high);
    }
  });
}

}  // namespace

void max_pool2d(const Pool2d<f32>& pool) { max_pool(pool); }
void max_pool2d(const Pool2d<i8>& pool) { max_pool(pool); }
void average_pool2d(const Pool2d<f32>& pool) { average_pool<f32, f32>(pool); }
void average_pool2d(const Pool2d<i8>& pool) { average_pool<i8, i32>(pool); }

void global_average_pool_f32(const GlobalPoolF32& pool) {
  const f32 low = pool.clamp.low_f32(), high = pool.clamp.high_f32();
  f32* out = pool.output;
  for (u32 n = 0; n < pool.batch; ++n)
    for (u32 c = 0; c < pool.channels; ++c) {
      const f32* in = pool.input + usize{n} * pool.pixels * pool.channels + c;
      f32 sum = 0;
      for (u32 pixel = 0; pixel < pool.pixels; ++pixel) sum += in[usize{pixel} * pool.channels];
      *out++ = clamped(quotient(sum, pool.pixels), low, high);
    }
}

void global_average_pool_i8(const GlobalPoolI8& pool) {
  i8* out = pool.output;
  for (u32 n = 0; n < pool.batch; ++n)
    for (u32 c = 0; c < pool.channels; ++c) {
      const i8* in = pool.input + usize{n} * pool.pixels * pool.channels + c;
      i32 sum = -pool.input_zero_point * static_cast<i32>(pool.pixels);
      for (u32 pixel = 0; pixel < pool.pixels; ++pixel) sum += in[usize{pixel} * pool.channels];
      *out++ = requantize(sum, pool.factor, pool.output_zero_point, pool.clamp);
    }
}

}  // namespace pipit::nn
