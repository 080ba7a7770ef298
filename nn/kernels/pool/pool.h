#pragma once
#include "nn/kernels/window.h"

/// Pooling over NHWC images; out_c = in_c. Every window touches the image. Arithmetic as nn/format.h.
namespace pipit::nn {

template <class T>
struct Pool2d {
  WindowShape shape;
  const T* input;
  /// Average: padding counts as an element of value `zero` (f32: 0, i8: the zero point).
  bool count_include_pad;
  T zero;
  T low, high;
  T* output;
  bool round_half_up = false;  ///< i8 averages: halves towards +infinity instead of away from zero
};

void max_pool2d(const Pool2d<f32>& pool);
void max_pool2d(const Pool2d<i8>& pool);
void average_pool2d(const Pool2d<f32>& pool);
void average_pool2d(const Pool2d<i8>& pool);

/// Mean of `pixels` neighbouring pixels for each of `batch` images; input [batch, pixels, channels].
struct GlobalPoolF32 {
  u32 batch, pixels, channels;
  const f32* input;
  format::Clamp clamp;
  f32* output;
};
void global_average_pool_f32(const GlobalPoolF32& pool);

struct GlobalPoolI8 {
  u32 batch, pixels, channels;
  const i8* input;
  i32 input_zero_point;
  format::Rescale factor;
  i32 output_zero_point;
  format::Clamp clamp;
  i8* output;
};
void global_average_pool_i8(const GlobalPoolI8& pool);

}  // namespace pipit::nn
