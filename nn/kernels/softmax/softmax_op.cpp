#include "nn/kernels/softmax/softmax.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::Opcode;

const char* verify(const Node& node) {
  if (const char* wrong = check_activations(node, 1, node.dtype())) return wrong;
  return same_shape(node.input(0), node.output()) ? nullptr : "softmax changes the shape";
}

void run_f32(const Node& node) {
  const u32 columns = last_dim(node.output());
  softmax_f32(node.data<f32>(0), elements(node.output()) / columns, columns, node.out<f32>());
}
void run_i8(const Node& node) {
  const format::TensorRecord& out = node.output();
  const u32 columns = last_dim(out);
  softmax_i8(node.data<i8>(0), elements(out) / columns, columns, node.input(0).scale, out.scale,
             out.zero_point, node.out<i8>());
}

}  // namespace

constinit const Operator kSoftmaxF32 = {Opcode::softmax, DType::f32, verify, run_f32};
constinit const Operator kSoftmaxI8 = {Opcode::softmax, DType::i8, verify, run_i8};

}  // namespace pipit::nn
