#pragma once
#include <optional>

#include "compiler/model/graph.h"
#include "nn/format.h"

namespace pipit::model {

/// The engine's operator that executes one of ours; none for those that lowering must have removed.
inline std::optional<nn::format::Opcode> opcode_of(Op op) {
  using nn::format::Opcode;
  switch (op) {
    case Op::conv: return Opcode::conv2d;
    case Op::depthwise_conv: return Opcode::depthwise_conv2d;
    case Op::fully_connected: return Opcode::fully_connected;
    case Op::max_pool: return Opcode::max_pool2d;
    case Op::average_pool: return Opcode::average_pool2d;
    case Op::global_average_pool: return Opcode::global_average_pool;
    case Op::clamp: return Opcode::clamp;
    case Op::add: return Opcode::add;
    case Op::mul: return Opcode::mul;
    case Op::identity:
    case Op::reshape: return Opcode::reshape;
    case Op::transpose: return Opcode::transpose;
    case Op::quantize: return Opcode::quantize;
    case Op::dequantize: return Opcode::dequantize;
    case Op::requantize: return Opcode::requantize;
    case Op::softmax: return Opcode::softmax;
    case Op::pad: return Opcode::pad;
    case Op::concat: return Opcode::concat;
    case Op::sign_flip: return Opcode::sign_flip;
    case Op::lookup: return Opcode::lookup;
    case Op::general: return Opcode::general;
    case Op::custom: return Opcode::custom;
    case Op::transpose_conv: return Opcode::transpose_conv2d_wide;
    case Op::sub_wide: return Opcode::sub_wide;
    case Op::leaky_relu_wide: return Opcode::leaky_relu_wide;
    case Op::strided_slice: return Opcode::strided_slice;
    case Op::svdf: return Opcode::svdf;
    case Op::lstm: return Opcode::lstm;
    case Op::dynamic_scale: return Opcode::dynamic_scale;
    case Op::dynamic_quantize: return Opcode::dynamic_quantize;
    case Op::dynamic_conv: return Opcode::dynamic_conv2d;
    case Op::dynamic_depthwise_conv: return Opcode::dynamic_depthwise_conv2d;
    case Op::dynamic_fully_connected: return Opcode::dynamic_fully_connected;
    case Op::batch_norm:
    case Op::reduce_mean:
    case Op::gemm:
    case Op::matmul:
    case Op::sub:
    case Op::div:
    case Op::gather:
    case Op::slice:
    case Op::cast: return std::nullopt;
  }
  return std::nullopt;
}

/// The same for a node: a layer whose int8 weights have a zero point, or of int16 activations, is another
/// operator of the engine.
inline std::optional<nn::format::Opcode> opcode_of(const Graph& graph, const Node& node) {
  using nn::format::Opcode;
  const auto opcode = opcode_of(node.op);
  const auto is_wide = [](DType dtype) { return dtype == DType::i16 || dtype == DType::i32; };
  if (is_wide(graph[node.inputs[0]].dtype)) {
    if (node.op == Op::conv) return Opcode::conv2d_wide;
    if (node.op == Op::add) return Opcode::add_wide;
  }
  const bool is_between = is_wide(graph[node.inputs[0]].dtype) || is_wide(graph[node.output].dtype);
  if (node.op == Op::requantize && is_between) return Opcode::requantize_wide;
  if (node.op == Op::quantize && is_between) return Opcode::quantize_wide;
  if (!opcode || node.inputs.size() < 2 || graph[node.output].dtype != DType::i8) return opcode;
  const auto& weights = graph[node.inputs[1]].quantization;
  if (!weights || weights->per_channel() || weights->zero_points.empty() || weights->zero_points[0] == 0)
    return opcode;
  switch (node.op) {
    case Op::conv: return Opcode::conv2d_asymmetric;
    case Op::depthwise_conv: return Opcode::depthwise_conv2d_asymmetric;
    case Op::fully_connected: return Opcode::fully_connected_asymmetric;
    default: return opcode;
  }
}

}  // namespace pipit::model
