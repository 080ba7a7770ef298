#include <algorithm>

#include "nn/kernels/c99/c99.h"
#include "nn/kernels/lstm/lstm.h"
#include "nn/kernels/softmax/softmax.h"

namespace pipit::nn {
namespace c99 {
namespace {
// clang-format off: each stands on those before it
#include "nn/kernels/c99/q15.c"
#include "nn/kernels/c99/lstm_shape.c"
#include "nn/kernels/c99/lstm_f32.c"
#include "nn/kernels/c99/lstm_i8.c"
// clang-format on

lstm_shape shape_of(const LstmShape& s) {
  const auto number = [](u32 value) { return static_cast<i32>(value); };
  return {number(s.steps), number(s.batch), number(s.inputs), number(s.units), s.time_major ? 1 : 0};
}
}  // namespace
}  // namespace c99

void lstm_f32(const LstmF32& layer) {
  const c99::lstm_shape shape = c99::shape_of(layer.shape);
  c99::lstm_f32(&shape, layer.x, layer.weights, layer.recurrent, layer.bias, layer.clip, layer.hidden,
                layer.cell, layer.out);
}

void lstm_i8(const LstmI8& layer) {
  const c99::lstm_shape shape = c99::shape_of(layer.shape);
  const format::LstmAttributes& how = layer.how;
  constexpr usize kHiddenFactor = 8;
  format::Rescale factors[kHiddenFactor + 1];
  std::copy_n(how.input, kGates, factors);
  std::copy_n(how.recurrent, kGates, factors + kGates);
  factors[kHiddenFactor] = how.hidden;
  c99::lstm_i8(&shape, layer.x, layer.weights, layer.recurrent, layer.bias, c99::pairs(factors),
               static_cast<i32>(how.cell_bits), how.quantized_clip, layer.hidden_offset, layer.hidden,
               layer.cell, layer.out);
}

}  // namespace pipit::nn
