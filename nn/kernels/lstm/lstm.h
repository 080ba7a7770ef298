#pragma once
#include "nn/format.h"

/// Long short-term memory over a sequence, without peepholes, projection or layer normalisation (Hochreiter
/// and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
///
///     i, f, o = sigmoid(W x + R h + b)    g = tanh(W x + R h + b)
///     c = f c + i g, within ±clip         h = o tanh(c)
///
/// for every step and batch; h and c stay for the next inference.
namespace pipit::nn {

enum Gate : u32 { kInputGate, kForgetGate, kCellGate, kOutputGate, kGates };

struct LstmShape {
  u32 steps, batch, inputs, units;
  bool time_major;  ///< x and out are [steps, batch, …]; else [batch, steps, …]

  /// Index of a step's row among the rows of x and out.
  u32 row(u32 step, u32 n) const { return time_major ? step * batch + n : n * steps + step; }
};

struct LstmF32 {
  LstmShape shape;
  const f32* x;
  const f32* weights;    ///< [gate, unit, input]
  const f32* recurrent;  ///< [gate, unit, unit]
  const f32* bias;       ///< [gate, unit]
  f32* hidden;           ///< [batch, unit], changed
  f32* cell;             ///< [batch, unit], changed
  f32 clip;              ///< 0 = none
  f32* out;              ///< must not overlap x or the states
};
void lstm_f32(const LstmF32& layer);

/// TensorFlow Lite's int8 activations with an int16 cell, bit for bit: gates in Q3.12, gate values in Q0.15,
/// factors rounded twice.
struct LstmI8 {
  LstmShape shape;
  const i8* x;
  const i8* weights;
  const i8* recurrent;
  const i32* bias;  ///< [2, gate, unit]: those of x and of the hidden state, zero points folded in
  i8* hidden;
  i16* cell;  ///< of scale 2^-cell_bits
  const format::LstmAttributes& how;
  i32 hidden_offset;  ///< added to every output
  i8* out;
};
void lstm_i8(const LstmI8& layer);

}  // namespace pipit::nn
