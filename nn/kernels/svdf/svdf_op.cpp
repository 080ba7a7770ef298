#include "nn/fixed_point.h"
#include "nn/kernels/svdf/svdf.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::Opcode;
using format::SvdfAttributes;
using format::TensorRecord;

enum Operand : u32 { kX, kFeature, kTime, kBias, kState };

bool is_matrix(const TensorRecord& tensor, u32 rows) {
  return tensor.rank == 2 && tensor.dims[0] == rows && is_constant(tensor);
}

const char* verify_shapes(const Node& node) {
  const TensorRecord& x = node.input(kX);
  const TensorRecord& out = node.output();
  const u32 filters = node.input(kFeature).dims[0], rank = node.attributes<SvdfAttributes>().rank;
  if (x.rank != 2 || out.rank != 2 || out.dims[0] != x.dims[0]) return "svdf is not of rows";
  if (!is_matrix(node.input(kFeature), filters) || node.input(kFeature).dims[1] != x.dims[1] ||
      !is_matrix(node.input(kTime), filters))
    return "svdf weights are not constants that fit the input";
  const u32 memory = node.input(kTime).dims[1];
  if (rank == 0 || filters % rank != 0 || out.dims[1] != filters / rank)
    return "svdf filters do not make the outputs";
  if (!is_constant(node.input(kBias)) || elements(node.input(kBias)) != out.dims[1])
    return "svdf bias is not one constant per output";
  const TensorRecord& state = node.input(kState);
  if (!is_state(state) || elements(state) != u64{x.dims[0]} * filters * memory)
    return "svdf state does not hold what its filters remember";
  if (x.dims[1] > format::kMaxAccumulation || u64{rank} * memory > format::kMaxAccumulation)
    return "svdf sums too many products";
  return nullptr;
}

SvdfShape shape_of(const Node& node) {
  const TensorRecord& x = node.input(kX);
  return {x.dims[0], x.dims[1], node.input(kTime).dims[0], node.input(kTime).dims[1],
          node.attributes<SvdfAttributes>().rank};
}

const char* verify_f32(const Node& node) {
  for (u32 i = 0; i < 5; ++i)
    if (!is(node.input(i), DType::f32)) return "svdf mixes element types";
  if (!is(node.output(), DType::f32)) return "svdf mixes element types";
  if (!is_valid_clamp(node.attributes<SvdfAttributes>().clamp, DType::f32)) return "svdf clamp is empty";
  return verify_shapes(node);
}

void run_f32(const Node& node) {
  svdf_f32({shape_of(node), node.data<f32>(kX), node.data<f32>(kFeature), node.data<f32>(kTime),
            node.data<f32>(kBias), node.state<f32>(kState), node.attributes<SvdfAttributes>().clamp,
            node.out<f32>()});
}

const char* verify_i8(const Node& node) {
  const TensorRecord& time = node.input(kTime);
  const TensorRecord& state = node.input(kState);
  if (!is(node.input(kFeature), DType::i8) || !is(node.output(), DType::i8) ||
      !is(node.input(kBias), DType::i32))
    return "svdf mixes element types";
  if ((!is(time, DType::i8) && !is(time, DType::i16)) || state.dtype != time.dtype)
    return "svdf state and time weights are not both int8 or both int16";
  // forget() fills a state byte by byte.
  if (is(state, DType::i16) && state.zero_point != 0) return "svdf state of int16 has a zero point";
  const auto& how = node.attributes<SvdfAttributes>();
  if (!is_valid(how.feature) || !is_valid(how.out)) return "svdf rescale factor is not normalised";
  return verify_shapes(node);
}

template <class T>
void run_integers(const Node& node) {
  const auto& how = node.attributes<SvdfAttributes>();
  svdf_i8<T>({shape_of(node), node.data<i8>(kX), node.input(kX).zero_point, node.data<i8>(kFeature),
              node.data<T>(kTime), node.data<i32>(kBias), node.state<T>(kState),
              node.input(kState).zero_point, how.feature, how.out, node.output().zero_point, node.out<i8>()});
}

void run_i8(const Node& node) {
  is(node.input(kState), DType::i8) ? run_integers<i8>(node) : run_integers<i16>(node);
}

}  // namespace

constinit const Operator kSvdfF32 = {Opcode::svdf, DType::f32, verify_f32, run_f32};
constinit const Operator kSvdfI8 = {Opcode::svdf, DType::i8, verify_i8, run_i8};

}  // namespace pipit::nn
