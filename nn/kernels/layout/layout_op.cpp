#include <cstring>

#include "nn/fixed_point.h"
#include "nn/kernels/layout/layout.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::ConcatAttributes;
using format::Opcode;
using format::PadAttributes;
using format::TensorRecord;
using format::TransposeAttributes;

Dims dims_of(const TensorRecord& tensor) {
  Dims dims{};
  for (u32 axis = 0; axis < tensor.rank; ++axis) dims[axis] = tensor.dims[axis];
  return dims;
}

u32 element_bytes(const TensorRecord& tensor) { return dtype_bytes(static_cast<DType>(tensor.dtype)); }

/// Moving elements keeps their meaning.
const char* check_moved(const Node& node, u32 index, DType dtype) {
  if (!is(node.input(index), dtype) || !is(node.output(), dtype)) return "operator mixes element types";
  if (!same_quantisation(node.input(index), node.output())) return "operator changes the quantisation";
  return nullptr;
}

const char* verify_reshape(const Node& node) {
  if (const char* wrong = check_moved(node, 0, node.dtype())) return wrong;
  return node.input(0).bytes == node.output().bytes ? nullptr : "reshape changes the number of elements";
}

void run_reshape(const Node& node) {
  if (node.out<u8>() != node.data<u8>(0)) std::memcpy(node.out<u8>(), node.data<u8>(0), node.output().bytes);
}

const char* verify_transpose(const Node& node) {
  if (const char* wrong = check_moved(node, 0, node.dtype())) return wrong;
  const TensorRecord& in = node.input(0);
  const TensorRecord& out = node.output();
  const u8* perm = node.attributes<TransposeAttributes>().perm;
  if (in.rank == 0 || in.rank != out.rank) return "transpose changes the rank";
  u32 seen = 0;
  for (u32 axis = 0; axis < sizeof(TransposeAttributes::perm); ++axis) {
    if (axis >= in.rank) {
      if (perm[axis] != 0) return "transpose order has too many axes";
      continue;
    }
    if (perm[axis] >= in.rank || (seen >> perm[axis] & 1) != 0) return "transpose order is no permutation";
    seen |= 1u << perm[axis];
    if (out.dims[axis] != in.dims[perm[axis]]) return "transpose output shape does not follow from its order";
  }
  return nullptr;
}

void run_transpose(const Node& node) {
  const TensorRecord& in = node.input(0);
  const u8* perm = node.attributes<TransposeAttributes>().perm;
  Dims strides{};
  for (u32 axis = 0; axis < in.rank; ++axis) {
    strides[axis] = 1;
    for (u32 inner = perm[axis] + 1u; inner < in.rank; ++inner) strides[axis] *= in.dims[inner];
  }
  transpose(node.data<u8>(0), strides, dims_of(node.output()), in.rank, element_bytes(in), node.out<u8>());
}

const char* verify_pad(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = check_moved(node, 0, dtype)) return wrong;
  const TensorRecord& in = node.input(0);
  const TensorRecord& out = node.output();
  const auto& how = node.attributes<PadAttributes>();
  if (in.rank == 0 || in.rank != out.rank) return "pad changes the rank";
  for (u32 axis = 0; axis < kMaxRank; ++axis) {
    const u64 size = axis < in.rank ? u64{in.dims[axis]} + how.before[axis] + how.after[axis]
                                    : u64{how.before[axis]} + how.after[axis];
    if (size != out.dims[axis]) return "pad output shape does not follow from its widths";
  }
  const i32 value = static_cast<i32>(how.value);
  if (dtype == DType::i8 && (value < kInt8Min || value > kInt8Max)) return "pad value is out of range";
  return nullptr;
}

void run_pad(const Node& node) {
  const TensorRecord& in = node.input(0);
  const auto& how = node.attributes<PadAttributes>();
  Dims before{};
  for (u32 axis = 0; axis < in.rank; ++axis) before[axis] = how.before[axis];
  pad(node.data<u8>(0), dims_of(in), before, dims_of(node.output()), in.rank, element_bytes(in), how.value,
      node.out<u8>());
}

const char* verify_concat(const Node& node) {
  const TensorRecord& out = node.output();
  const u32 axis = node.attributes<ConcatAttributes>().axis;
  if (axis >= out.rank) return "concat axis exceeds the rank";
  u64 joined = 0;
  for (u32 index = 0; index < node.input_count(); ++index) {
    if (const char* wrong = check_moved(node, index, node.dtype())) return wrong;
    const TensorRecord& in = node.input(index);
    if (in.rank != out.rank) return "concat changes the rank";
    for (u32 other = 0; other < out.rank; ++other)
      if (other != axis && in.dims[other] != out.dims[other]) return "concat inputs differ beside their axis";
    joined += in.dims[axis];
  }
  return joined == out.dims[axis] ? nullptr : "concat output is not the sum of its inputs";
}

void run_concat(const Node& node) {
  const TensorRecord& out = node.output();
  const u32 axis = node.attributes<ConcatAttributes>().axis;
  u32 outer = 1;
  for (u32 before = 0; before < axis; ++before) outer *= out.dims[before];
  u8* at = node.out<u8>();
  for (u32 index = 0; index < node.input_count(); ++index) {
    const u32 run_bytes = node.input(index).bytes / outer;
    scatter_runs(node.data<u8>(index), outer, run_bytes, out.bytes / outer, at);
    at += run_bytes;
  }
}

}  // namespace

constinit const Operator kReshapeF32 = {Opcode::reshape, DType::f32, verify_reshape, run_reshape};
constinit const Operator kReshapeI8 = {Opcode::reshape, DType::i8, verify_reshape, run_reshape};
constinit const Operator kTransposeF32 = {Opcode::transpose, DType::f32, verify_transpose, run_transpose};
constinit const Operator kTransposeI8 = {Opcode::transpose, DType::i8, verify_transpose, run_transpose};
constinit const Operator kPadF32 = {Opcode::pad, DType::f32, verify_pad, run_pad};
constinit const Operator kPadI16 = {Opcode::pad, DType::i16, verify_pad, run_pad};
constinit const Operator kReshapeI16 = {Opcode::reshape, DType::i16, verify_reshape, run_reshape};
constinit const Operator kPadI8 = {Opcode::pad, DType::i8, verify_pad, run_pad};
constinit const Operator kConcatF32 = {Opcode::concat, DType::f32, verify_concat, run_concat};
constinit const Operator kConcatI8 = {Opcode::concat, DType::i8, verify_concat, run_concat};

}  // namespace pipit::nn
