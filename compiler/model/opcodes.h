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

}  // namespace pipit::model
