#include "nn/fixed_point.h"
#include "nn/kernels/lstm/lstm.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::LstmAttributes;
using format::Opcode;
using format::TensorRecord;

enum Operand : u32 { kX, kWeights, kRecurrent, kBias, kHidden, kCell };

bool is_stack(const TensorRecord& tensor, u32 units, u32 columns) {
  return is_constant(tensor) && tensor.rank == 3 && tensor.dims[0] == kGates && tensor.dims[1] == units &&
         tensor.dims[2] == columns;
}

LstmShape shape_of(const Node& node) {
  const TensorRecord& x = node.input(kX);
  const bool time_major = node.attributes<LstmAttributes>().time_major != 0;
  return {x.dims[time_major ? 0 : 1], x.dims[time_major ? 1 : 0], x.dims[2], node.output().dims[2],
          time_major};
}

const char* verify_shapes(const Node& node, u32 biases) {
  const TensorRecord& x = node.input(kX);
  const TensorRecord& out = node.output();
  if (node.attributes<LstmAttributes>().time_major > 1) return "lstm flag is neither 0 nor 1";
  if (x.rank != 3 || out.rank != 3 || x.dims[0] != out.dims[0] || x.dims[1] != out.dims[1])
    return "lstm input and output are not sequences of one length";
  const LstmShape shape = shape_of(node);
  if (!is_stack(node.input(kWeights), shape.units, shape.inputs) ||
      !is_stack(node.input(kRecurrent), shape.units, shape.units))
    return "lstm weights are not constants that fit";
  if (!is_constant(node.input(kBias)) || elements(node.input(kBias)) != u64{biases} * kGates * shape.units)
    return "lstm bias is not one constant per gate and unit";
  for (u32 operand : {kHidden, kCell})
    if (!is_state(node.input(operand)) || elements(node.input(operand)) != u64{shape.batch} * shape.units)
      return "lstm state does not hold its units";
  if (shape.inputs > format::kMaxAccumulation || shape.units > format::kMaxAccumulation)
    return "lstm sums too many products";
  return nullptr;
}

const char* verify_f32(const Node& node) {
  for (u32 i = 0; i < 6; ++i)
    if (!is(node.input(i), DType::f32)) return "lstm mixes element types";
  if (!is(node.output(), DType::f32)) return "lstm mixes element types";
  return verify_shapes(node, 1);
}

void run_f32(const Node& node) {
  lstm_f32({shape_of(node), node.data<f32>(kX), node.data<f32>(kWeights), node.data<f32>(kRecurrent),
            node.data<f32>(kBias), node.state<f32>(kHidden), node.state<f32>(kCell),
            node.attributes<LstmAttributes>().clip, node.out<f32>()});
}

const char* verify_i8(const Node& node) {
  if (!is(node.input(kWeights), DType::i8) || !is(node.input(kRecurrent), DType::i8) ||
      !is(node.input(kBias), DType::i32) || !is(node.input(kHidden), DType::i8) ||
      !is(node.input(kCell), DType::i16) || !is(node.output(), DType::i8))
    return "lstm mixes element types";
  if (!same_quantisation(node.input(kHidden), node.output()) || node.input(kCell).zero_point != 0)
    return "lstm states are not quantised as its output";
  const auto& how = node.attributes<LstmAttributes>();
  if (how.cell_bits < 9 || how.cell_bits > 15) return "lstm cell scale is not within 2^-15 and 2^-9";
  if (how.quantized_clip < 0 || how.quantized_clip > 32767) return "lstm clip is out of range";
  for (u32 gate = 0; gate < kGates; ++gate)
    if (!is_valid(how.input[gate]) || !is_valid(how.recurrent[gate]))
      return "lstm rescale factor is not normalised";
  if (!is_valid(how.hidden)) return "lstm rescale factor is not normalised";
  if (const char* wrong = verify_shapes(node, 2)) return wrong;
  for (u32 i = 0; i < elements(node.input(kBias)); ++i) {
    const i32 bias = node.data<i32>(kBias)[i];
    if (bias < -format::kMaxBias || bias > format::kMaxBias) return "lstm bias leaves its products no room";
  }
  return nullptr;
}

/// TensorFlow Lite subtracts the zero point where its quantisation would have it added, and models are judged
/// by what it computes.
void run_i8(const Node& node) {
  lstm_i8({shape_of(node), node.data<i8>(kX), node.data<i8>(kWeights), node.data<i8>(kRecurrent),
           node.data<i32>(kBias), node.state<i8>(kHidden), node.state<i16>(kCell),
           node.attributes<LstmAttributes>(), -node.output().zero_point, node.out<i8>()});
}

}  // namespace

constinit const Operator kLstmF32 = {Opcode::lstm, DType::f32, verify_f32, run_f32};
constinit const Operator kLstmI8 = {Opcode::lstm, DType::i8, verify_i8, run_i8};

}  // namespace pipit::nn
