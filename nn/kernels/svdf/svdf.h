#pragma once
#include "nn/format.h"

/// A fully connected layer whose weights are split into features and time (singular value decomposition
/// filter): Nakkiran et al., "Compressing deep neural networks using a rank-constrained topology", 2015. Each
/// filter multiplies the newest input, remembers its last `memory` values, and `rank` filters make one
/// output:
///
///     state[n,f] = state[n,f] shifted by one, then feature[f] · x[n]
///     out[n,u] = bias[u] + Σ of rank filters f: time[f] · state[n,f]
///
/// Integers follow TensorFlow Lite: products in 32 bits, factors rounded twice (rescale_twice), a state of
/// the time weights' type. A sum over time that exceeds 32 bits saturates.
namespace pipit::nn {

struct SvdfShape {
  u32 batch, inputs, filters, memory, rank;
};

struct SvdfF32 {
  SvdfShape shape;
  const f32* x;        ///< [batch, inputs]
  const f32* feature;  ///< [filters, inputs]
  const f32* time;     ///< [filters, memory], oldest first
  const f32* bias;     ///< [filters / rank]
  f32* state;          ///< [batch, filters, memory], changed
  format::Clamp clamp;
  f32* out;  ///< [batch, filters / rank]
};
void svdf_f32(const SvdfF32& layer);

/// State and time weights of type T, i8 or i16. No clamp but the output's type, as in TensorFlow Lite, where
/// a ReLU is the output's zero point.
template <class T>
struct SvdfI8 {
  SvdfShape shape;
  const i8* x;
  i32 x_zero;
  const i8* feature;
  const T* time;
  const i32* bias;
  T* state;
  i32 state_zero;
  format::Rescale feature_factor, out_factor;
  i32 out_zero;
  i8* out;
};
template <class T>
void svdf_i8(const SvdfI8<T>& layer);

}  // namespace pipit::nn
