#include "nn/kernels/fully_connected/fully_connected.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::ClampAttributes;
using format::TensorRecord;

const char* verify(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = check_activations(node, 1, dtype)) return wrong;
  const TensorRecord& weights = node.input(1);
  if (weights.rank != 2) return "fully_connected weights are not of rank 2";
  const u32 outputs = weights.dims[0], inputs = weights.dims[1];
  const u32 batch = elements(node.input(0)) / inputs;
  if (elements(node.input(0)) != u64{batch} * inputs || elements(node.output()) != u64{batch} * outputs ||
      last_dim(node.output()) != outputs)
    return "fully_connected weights do not fit input and output";
  if (!is_valid_clamp(node.attributes<ClampAttributes>().clamp, dtype))
    return "fully_connected clamp is empty or out of range";
  return check_weights(node, dtype, outputs, inputs);
}

void run_f32(const Node& node) {
  const u32* weights = node.input(1).dims;
  fully_connected_f32({elements(node.input(0)) / weights[1], weights[1], weights[0], node.data<f32>(0),
                       node.data<f32>(1), node.data<f32>(2), node.attributes<ClampAttributes>().clamp,
                       node.out<f32>()});
}

void run_i8(const Node& node) {
  const u32* weights = node.input(1).dims;
  fully_connected_i8({elements(node.input(0)) / weights[1], weights[1], weights[0], node.data<i8>(0),
                      node.data<i8>(1), node.data<i32>(2), node.data<format::Rescale>(3),
                      node.output().zero_point, node.attributes<ClampAttributes>().clamp, node.out<i8>()});
}

}  // namespace

constinit const Operator kFullyConnectedF32 = {format::Opcode::fully_connected, DType::f32, verify, run_f32};
constinit const Operator kFullyConnectedI8 = {format::Opcode::fully_connected, DType::i8, verify, run_i8};

}  // namespace pipit::nn
