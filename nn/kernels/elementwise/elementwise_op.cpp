#include "nn/fixed_point.h"
#include "nn/kernels/elementwise/elementwise.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::AddAttributes;
using format::ClampAttributes;
using format::Opcode;
using format::RescaleAttributes;
using format::TensorRecord;

/// Whether b, its leading 1s taken off, is the tail of a's shape.
bool repeats_along(const TensorRecord& a, const TensorRecord& b) {
  u32 skipped = 0;
  while (skipped < b.rank && b.dims[skipped] == 1) ++skipped;
  const u32 tail = b.rank - skipped;
  if (tail > a.rank) return false;
  for (u32 axis = 0; axis < tail; ++axis)
    if (b.dims[skipped + axis] != a.dims[a.rank - tail + axis]) return false;
  return true;
}

const char* verify_binary(const Node& node, DType dtype) {
  if (const char* wrong = check_activations(node, 2, dtype)) return wrong;
  if (!same_shape(node.input(0), node.output()))
    return "binary operator changes the shape of its first input";
  if (!repeats_along(node.input(0), node.input(1))) return "binary operator cannot repeat its second input";
  return nullptr;
}

const char* verify_clamp(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = check_activations(node, 1, dtype)) return wrong;
  if (!same_shape(node.input(0), node.output())) return "clamp changes the shape";
  if (!same_quantisation(node.input(0), node.output())) return "clamp changes the quantisation";
  return is_valid_clamp(node.attributes<ClampAttributes>().clamp, dtype) ? nullptr
                                                                         : "clamp is empty or out of range";
}

const char* verify_add(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = verify_binary(node, dtype)) return wrong;
  const auto& how = node.attributes<AddAttributes>();
  if (dtype == DType::i8) {
    if (!is_valid(how.a) || !is_valid(how.b) || !is_valid(how.out))
      return "add rescale factor is not normalised";
    if (how.a.shift > 0 || how.b.shift > 0) return "add rescale factor of an input is not below 1";
  }
  return is_valid_clamp(how.clamp, dtype) ? nullptr : "add clamp is empty or out of range";
}

const char* verify_mul(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = verify_binary(node, dtype)) return wrong;
  const auto& how = node.attributes<RescaleAttributes>();
  if (dtype == DType::i8 && !is_valid(how.rescale)) return "mul rescale factor is not normalised";
  return is_valid_clamp(how.clamp, dtype) ? nullptr : "mul clamp is empty or out of range";
}

ZeroPoints zero_points(const Node& node) {
  return {node.input(0).zero_point, node.input(1).zero_point, node.output().zero_point};
}

void run_clamp_f32(const Node& node) {
  clamp_f32(node.data<f32>(0), elements(node.output()), node.attributes<ClampAttributes>().clamp,
            node.out<f32>());
}
void run_clamp_i8(const Node& node) {
  clamp_i8(node.data<i8>(0), elements(node.output()), node.attributes<ClampAttributes>().clamp,
           node.out<i8>());
}
void run_add_f32(const Node& node) {
  add_f32(node.data<f32>(0), elements(node.output()), node.data<f32>(1), elements(node.input(1)),
          node.attributes<AddAttributes>().clamp, node.out<f32>());
}
void run_add_i8(const Node& node) {
  add_i8(node.data<i8>(0), elements(node.output()), node.data<i8>(1), elements(node.input(1)),
         zero_points(node), node.attributes<AddAttributes>(), node.out<i8>());
}
void run_mul_f32(const Node& node) {
  mul_f32(node.data<f32>(0), elements(node.output()), node.data<f32>(1), elements(node.input(1)),
          node.attributes<RescaleAttributes>().clamp, node.out<f32>());
}
void run_mul_i8(const Node& node) {
  mul_i8(node.data<i8>(0), elements(node.output()), node.data<i8>(1), elements(node.input(1)),
         zero_points(node), node.attributes<RescaleAttributes>(), node.out<i8>());
}

}  // namespace

constinit const Operator kClampF32 = {Opcode::clamp, DType::f32, verify_clamp, run_clamp_f32};
constinit const Operator kClampI8 = {Opcode::clamp, DType::i8, verify_clamp, run_clamp_i8};
constinit const Operator kAddF32 = {Opcode::add, DType::f32, verify_add, run_add_f32};
constinit const Operator kAddI8 = {Opcode::add, DType::i8, verify_add, run_add_i8};
constinit const Operator kMulF32 = {Opcode::mul, DType::f32, verify_mul, run_mul_f32};
constinit const Operator kMulI8 = {Opcode::mul, DType::i8, verify_mul, run_mul_i8};

}  // namespace pipit::nn
