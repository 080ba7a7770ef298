#include "nn/kernels/conv2d/conv2d.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::Conv2dAttributes;
using format::TensorRecord;

WindowShape shape_of(const Node& node) {
  const u32* weights = node.input(1).dims;
  return window_shape(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window);
}

const char* verify(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = check_activations(node, 1, dtype)) return wrong;
  const TensorRecord& weights = node.input(1);
  const auto& attributes = node.attributes<Conv2dAttributes>();
  if (weights.rank != 4) return "conv2d weights are not of rank 4";
  if (const char* wrong = check_window(node, weights.dims[1], weights.dims[2], attributes.window))
    return wrong;
  if (weights.dims[0] != node.output().dims[3] || weights.dims[3] != node.input(0).dims[3])
    return "conv2d weights do not fit the channels";
  if (!is_valid_clamp(attributes.clamp, dtype)) return "conv2d clamp is empty or out of range";
  return check_weights(node, dtype, weights.dims[0], elements(weights) / weights.dims[0]);
}

void run_f32(const Node& node) {
  conv2d_f32({shape_of(node), node.data<f32>(0), node.data<f32>(1), node.data<f32>(2),
              node.attributes<Conv2dAttributes>().clamp, node.out<f32>()});
}

void run_i8(const Node& node) {
  conv2d_i8({shape_of(node), node.data<i8>(0), node.input(0).zero_point, node.data<i8>(1), node.data<i32>(2),
             node.data<format::Rescale>(3), node.output().zero_point,
             node.attributes<Conv2dAttributes>().clamp, node.out<i8>()});
}

}  // namespace

constinit const Operator kConv2dF32 = {format::Opcode::conv2d, DType::f32, verify, run_f32};
constinit const Operator kConv2dI8 = {format::Opcode::conv2d, DType::i8, verify, run_i8};

}  // namespace pipit::nn
