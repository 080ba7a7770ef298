#include "nn/fixed_point.h"
#include "nn/kernels/quantize/quantize.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::Opcode;
using format::RescaleAttributes;

const char* verify_conversion(const Node& node, DType from, DType to) {
  if (!is(node.input(0), from) || !is(node.output(), to)) return "operator converts between the wrong types";
  if (!is_quantised(node.input(0)) || !is_quantised(node.output()))
    return "operator on an int8 tensor without a scale";
  return same_shape(node.input(0), node.output()) ? nullptr : "operator changes the shape";
}

const char* verify_requantize(const Node& node) {
  if (const char* wrong = verify_conversion(node, DType::i8, DType::i8)) return wrong;
  const auto& how = node.attributes<RescaleAttributes>();
  if (!is_valid(how.rescale)) return "requantize rescale factor is not normalised";
  return is_valid_clamp(how.clamp, DType::i8) ? nullptr : "requantize clamp is empty or out of range";
}

void run_quantize(const Node& node) {
  const format::TensorRecord& out = node.output();
  quantize_f32(node.data<f32>(0), elements(out), out.scale, out.zero_point, node.out<i8>());
}
void run_dequantize(const Node& node) {
  const format::TensorRecord& in = node.input(0);
  dequantize_i8(node.data<i8>(0), elements(in), in.scale, in.zero_point, node.out<f32>());
}
void run_requantize(const Node& node) {
  const auto& how = node.attributes<RescaleAttributes>();
  requantize_i8(node.data<i8>(0), elements(node.output()), node.input(0).zero_point, how.rescale,
                node.output().zero_point, how.clamp, node.out<i8>());
}

}  // namespace

constinit const Operator kQuantizeF32 = {
    Opcode::quantize, DType::f32,
    [](const Node& node) { return verify_conversion(node, DType::f32, DType::i8); }, run_quantize};
constinit const Operator kDequantizeI8 = {
    Opcode::dequantize, DType::i8,
    [](const Node& node) { return verify_conversion(node, DType::i8, DType::f32); }, run_dequantize};
constinit const Operator kRequantizeI8 = {Opcode::requantize, DType::i8, verify_requantize, run_requantize};

}  // namespace pipit::nn
