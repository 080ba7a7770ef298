#include <cstring>
#include <limits>

#include "nn/fixed_point.h"
#include "nn/kernels/svdf/svdf.h"
#include "nn/kernels/wide/wide.h"

namespace pipit::nn {
namespace {

template <class T>
T bounded(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

/// Every filter forgets its oldest value; the newest one's place is to be written.
template <class T>
void shift(T* state, const SvdfShape& shape) {
  const usize count = usize{shape.batch} * shape.filters * shape.memory;
  std::memmove(state, state + 1, (count - 1) * sizeof(T));
}

}  // namespace

void svdf_f32(const SvdfF32& layer) {
  const SvdfShape& shape = layer.shape;
  shift(layer.state, shape);
  const f32 low = layer.clamp.low_f32(), high = layer.clamp.high_f32();
  f32* state = layer.state;
  f32* out = layer.out;
  for (u32 n = 0; n < shape.batch; ++n) {
    const f32* x = layer.x + usize{n} * shape.inputs;
    for (u32 f = 0; f < shape.filters; ++f) {
      const f32* feature = layer.feature + usize{f} * shape.inputs;
      f32 sum = 0;
      for (u32 i = 0; i < shape.inputs; ++i) sum += feature[i] * x[i];
      state[usize{f} * shape.memory + shape.memory - 1] = sum;
    }
    const f32* time = layer.time;
    for (u32 unit = 0; unit < shape.filters / shape.rank; ++unit) {
      f32 total = layer.bias[unit];
      for (u32 r = 0; r < shape.rank; ++r) {
        f32 sum = 0;
        for (u32 m = 0; m < shape.memory; ++m) sum += *time++ * *state++;
        total += sum;
      }
      *out++ = bounded(total, low, high);
    }
  }
}

template <class T>
void svdf_i8(const SvdfI8<T>& layer) {
  constexpr i32 kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  constexpr i64 kMost = std::numeric_limits<i32>::max();
  const SvdfShape& shape = layer.shape;
  shift(layer.state, shape);
  T* state = layer.state;
  i8* out = layer.out;
  for (u32 n = 0; n < shape.batch; ++n) {
    const i8* x = layer.x + usize{n} * shape.inputs;
    for (u32 f = 0; f < shape.filters; ++f) {
      const i8* feature = layer.feature + usize{f} * shape.inputs;
      i32 sum = 0;
      for (u32 i = 0; i < shape.inputs; ++i) sum += feature[i] * (x[i] - layer.x_zero);
      const i32 value = bounded(rescale_twice(sum, layer.feature_factor), kLow, kHigh);
      state[usize{f} * shape.memory + shape.memory - 1] =
          static_cast<T>(bounded(value + layer.state_zero, kLow, kHigh));
    }
    const T* time = layer.time;
    for (u32 unit = 0; unit < shape.filters / shape.rank; ++unit) {
      i64 sum = layer.bias[unit];
      for (u32 m = 0; m < shape.rank * shape.memory; ++m) sum += i64{*time++} * (*state++ - layer.state_zero);
      const i32 value = rescale_twice(static_cast<i32>(bounded(sum, -kMost - 1, kMost)), layer.out_factor);
      *out++ = static_cast<i8>(bounded<i64>(i64{value} + layer.out_zero, kInt8Min, kInt8Max));
    }
  }
}
template void svdf_i8(const SvdfI8<i8>&);
template void svdf_i8(const SvdfI8<i16>&);

}  // namespace pipit::nn
