#include <cstring>

#include "nn/kernels/lstm/lstm.h"
#include "nn/kernels/lstm/q15.h"
#include "nn/kernels/softmax/softmax.h"
#include "nn/kernels/wide/wide.h"

namespace pipit::nn {
namespace {

f32 sigmoid(f32 x) {
  const f32 power = exp_negative(x < 0 ? x : -x);
  return x < 0 ? power / (1.0f + power) : 1.0f / (1.0f + power);
}

/// Near 0 the quotient of differences would lose its digits: there the first terms of Taylor's series.
f32 hyperbolic_tangent(f32 x) {
  const f32 magnitude = x < 0 ? -x : x;
  if (magnitude < 0.1f) {
    const f32 square = x * x;
    return x + x * square * (-0.333333333f + square * (0.133333333f - square * 0.053968254f));
  }
  const f32 power = exp_negative(-2.0f * magnitude);
  const f32 value = (1.0f - power) / (1.0f + power);
  return x < 0 ? -value : value;
}

i32 saturated(i32 value, i32 low, i32 high) { return value < low ? low : value > high ? high : value; }
i32 to_i16(i32 value) { return saturated(value, -32768, 32767); }

/// x / 2^bits, half rounded away from zero, kept in 16 bits as TensorFlow Lite does.
i32 shifted(i32 x, u32 bits) {
  const i32 mask = static_cast<i32>((i64{1} << bits) - 1);
  const i32 threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return static_cast<i16>((x >> bits) + ((x & mask) > threshold ? 1 : 0));
}

i32 dot(const i8* a, const i8* b, u32 count, i32 sum) {
  for (u32 i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// Calls step(row of x and out, batch) in the order of time.
template <class Step>
void for_each_step(const LstmShape& shape, Step step) {
  for (u32 n = 0; n < shape.batch; ++n)
    for (u32 t = 0; t < shape.steps; ++t) step(shape.row(t, n), n);
}

}  // namespace

void lstm_f32(const LstmF32& layer) {
  const LstmShape& shape = layer.shape;
  for_each_step(shape, [&](u32 row, u32 n) {
    const f32* x = layer.x + usize{row} * shape.inputs;
    f32* hidden = layer.hidden + usize{n} * shape.units;
    f32* out = layer.out + usize{row} * shape.units;
    const auto gate = [&](u32 which, u32 unit) {
      const usize at = usize{which} * shape.units + unit;
      f32 sum = layer.bias[at];
      const f32* weights = layer.weights + at * shape.inputs;
      for (u32 i = 0; i < shape.inputs; ++i) sum += weights[i] * x[i];
      const f32* recurrent = layer.recurrent + at * shape.units;
      for (u32 i = 0; i < shape.units; ++i) sum += recurrent[i] * hidden[i];
      return sum;
    };
    for (u32 unit = 0; unit < shape.units; ++unit) {
      f32& cell = layer.cell[usize{n} * shape.units + unit];
      cell = sigmoid(gate(kForgetGate, unit)) * cell +
             sigmoid(gate(kInputGate, unit)) * hyperbolic_tangent(gate(kCellGate, unit));
      if (layer.clip > 0) cell = cell < -layer.clip ? -layer.clip : cell > layer.clip ? layer.clip : cell;
      out[unit] = sigmoid(gate(kOutputGate, unit)) * hyperbolic_tangent(cell);
    }
    std::memcpy(hidden, out, shape.units * sizeof(f32));
  });
}

void lstm_i8(const LstmI8& layer) {
  const LstmShape& shape = layer.shape;
  const format::LstmAttributes& how = layer.how;
  const i32* recurrent_bias = layer.bias + usize{kGates} * shape.units;
  for_each_step(shape, [&](u32 row, u32 n) {
    const i8* x = layer.x + usize{row} * shape.inputs;
    i8* hidden = layer.hidden + usize{n} * shape.units;
    i8* out = layer.out + usize{row} * shape.units;
    const auto gate = [&](u32 which, u32 unit) {
      const usize at = usize{which} * shape.units + unit;
      const i32 input = dot(layer.weights + at * shape.inputs, x, shape.inputs, layer.bias[at]);
      const i32 recurrent = dot(layer.recurrent + at * shape.units, hidden, shape.units, recurrent_bias[at]);
      const i64 sum = i64{to_i16(rescale_twice(input, how.input[which]))} +
                      rescale_twice(recurrent, how.recurrent[which]);
      return static_cast<i16>(sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum);
    };
    for (u32 unit = 0; unit < shape.units; ++unit) {
      i16& cell = layer.cell[usize{n} * shape.units + unit];
      const i32 kept = shifted(q15::sigmoid(gate(kForgetGate, unit)) * cell, 15);
      const i32 added = shifted(q15::sigmoid(gate(kInputGate, unit)) * q15::tanh(gate(kCellGate, unit), 3),
                                30 - how.cell_bits);
      i32 sum = to_i16(kept + added);
      if (how.quantized_clip > 0) sum = saturated(sum, -how.quantized_clip, how.quantized_clip);
      cell = static_cast<i16>(sum);
      const i32 product = q15::sigmoid(gate(kOutputGate, unit)) * q15::tanh(cell, 15 - how.cell_bits);
      const i64 value = i64{rescale_twice(product, how.hidden)} + layer.hidden_offset;
      out[unit] = static_cast<i8>(value < -128 ? -128 : value > 127 ? 127 : value);
    }
    std::memcpy(hidden, out, shape.units);
  });
}

}  // namespace pipit::nn
