#pragma once
#include "nn/kernels/window.h"

/// Dynamic quantisation: float activations become int8 while the model runs, by the range each row has just
/// then; weights are int8 with a scale per output channel; the result is float. A row is one image of a
/// batch, or one vector of a fully connected layer.
namespace pipit::nn {

/// How a row was quantised: real = scale × (q − zero_point); the zero point is a whole number.
struct RowScale {
  f32 scale;
  f32 zero_point;
};

/// A row's zero point as an integer, whatever bits the arena holds.
inline i32 zero_point_of(const RowScale& row) {
  if (!(row.zero_point >= -128.0f)) return 0;
  return row.zero_point > 127.0f ? 0 : static_cast<i32>(row.zero_point);
}

/// The least and the greatest of a row's values and zero.
struct RowRange {
  f32 low, high;
  void widen(const RowRange& other) {
    if (other.low < low) low = other.low;
    if (other.high > high) high = other.high;
  }
};

/// The scale of a row whose values lie between `low` ≤ 0 and `high` ≥ 0.
RowScale row_scale(f32 low, f32 high, bool symmetric);
/// The scale of each of `rows` rows of `columns` values: symmetric, 127 = the largest magnitude; else the
/// range with zero in it over −128 … 127. A row of zeros gets {1, 0}. Values that are no numbers count as
/// zero.
void dynamic_scale(const f32* in, u32 rows, u32 columns, bool symmetric, RowScale* out);
/// saturate(round_half_even(x / scale) + zero_point), as ONNX rounds; what is no number gives the lowest.
void dynamic_quantize(const f32* in, u32 rows, u32 columns, const RowScale* scales, i8* out);

/// output = clamp(bias + rows[n].scale × weight_scales[o] × Σ (q − zero_point) × w); padding is real zero.
/// weight_sums[o] = Σ w of the channel. At most format::kMaxAccumulation products.
struct DynamicConv2d {
  WindowShape shape;
  const i8* input;
  const RowScale* rows;  ///< by image
  const i8* weights;     ///< as conv2d or depthwise_conv2d
  const f32* weight_scales;
  const i32* weight_sums;
  const f32* bias;
  format::Clamp clamp;
  f32* output;
};
void dynamic_conv2d(const DynamicConv2d& conv);
void dynamic_depthwise_conv2d(const DynamicConv2d& conv);

struct DynamicFullyConnected {
  u32 batch, inputs, outputs;
  const i8* input;
  const RowScale* rows;
  const i8* weights;
  const f32* weight_scales;
  const i32* weight_sums;
  const f32* bias;
  format::Clamp clamp;
  f32* output;
};
void dynamic_fully_connected(const DynamicFullyConnected& layer);

}  // namespace pipit::nn
