#pragma once
#include <span>

#include "nn/format.h"
#include "nn/general/types.h"

/// General operators: functions over tensors of any element type and rank, for what trained models contain
/// beside the layers that nn/kernels is tuned for. One shape rule a function serves three masters: the
/// compiler infers shapes with it, the loader verifies files with it, constant folding sizes results with it.
namespace pipit::nn::general {

/// No tensor of a model has more elements.
constexpr u64 kMaxElements = u64{1} << 28;

/// Element type and shape; row-major, outermost first.
struct Type {
  DType dtype = DType::f32;
  u32 rank = 0;
  u32 dims[kMaxRank] = {};

  u32 count() const;
  /// Product of dims[begin, end).
  u32 product(u32 begin, u32 end) const;
  friend bool operator==(const Type& a, const Type& b);
};
/// The type of a record in a model file.
Type type_of(const format::TensorRecord& record);

/// A tensor that is read. `data` is null while shapes are inferred.
struct Operand {
  Type type;
  const u8* data = nullptr;

  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data);
  }
  /// Element `index` as a number, whatever the element type.
  f64 real(u32 index) const;
  i64 integer(u32 index) const;
};

using Attributes = format::GeneralAttributes;

/// One application of a function.
struct Call {
  std::span<const Operand> inputs;
  const Attributes& attributes;
  Type type;          ///< of the output; not set while it is being inferred
  u8* out = nullptr;  ///< null while shapes are inferred

  const Operand& operator[](u32 index) const { return inputs[index]; }
  bool has(u32 index) const { return index < inputs.size(); }
  i32 at(u32 index) const { return attributes.ints[index]; }
  f32 real_at(u32 index) const { return attributes.reals[index]; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(out);
  }
};

/// One function of the table.
struct Function {
  u32 number;
  const char* name;
  u32 min_inputs, max_inputs;
  /// Sets `out` from the operands' types and the attributes. nullptr, or what is wrong; attributes and types
  /// are hostile. What it accepts, run() may trust, but for indices among the operands' values.
  const char* (*infer)(const Call& call, Type& out);
  void (*run)(const Call& call);
};

// clang-format off: it does not settle on a layout for rows without semicolons.
/// Numbers in files are never reused. What ints and reals mean is said where each function is written.
#define PIPIT_NN_FUNCTIONS(X) \
  X(1, unary, 1, 1) X(2, binary, 2, 2) X(3, where, 3, 3) X(4, cast, 1, 1) X(5, reduce, 1, 1) \
  X(6, arg_reduce, 1, 1) X(7, transpose, 1, 1) X(8, slice, 1, 1) X(9, pad, 1, 2) \
  X(10, tile, 1, 1) X(11, expand, 1, 1) X(12, concat, 1, 32) X(13, reshape, 1, 1) \
  X(14, trilu, 1, 2) X(15, eye, 1, 1) X(16, reverse_sequence, 2, 2) X(17, gather, 2, 2) \
  X(18, gather_elements, 2, 2) X(19, gather_nd, 2, 2) X(20, scatter_elements, 3, 3) \
  X(21, scatter_nd, 3, 3) X(22, one_hot, 2, 2) X(23, non_zero, 1, 1) X(24, range, 2, 2) \
  X(25, cumulative_sum, 2, 2) X(26, top_k, 1, 1) X(27, matmul, 2, 2) X(28, einsum, 1, 4) \
  X(29, conv, 2, 2) X(30, conv_transpose, 2, 2) X(31, pool, 1, 1) X(32, resize, 1, 2) \
  X(33, grid_sample, 2, 2) X(34, roi_align, 3, 3) X(35, local_response, 1, 1) \
  X(36, recurrent, 6, 8) X(37, lu, 1, 1) X(38, fourier, 1, 1) X(39, mel_weights, 3, 3) \
  X(40, non_max_suppression, 5, 5) X(41, quantize, 3, 3) X(42, dequantize, 3, 3) \
  X(43, unpool, 2, 2) X(44, tf_idf, 5, 5) X(45, unique, 1, 1) X(46, frame, 1, 1) \
  X(47, audio, 1, 6)
// clang-format on

enum class FunctionId : u32 {
#define X(number, name, fewest, most) name = number,
  PIPIT_NN_FUNCTIONS(X)
#undef X
};

/// nullptr for a number outside the table.
const Function* find_function(u32 number);

/// Checks the operand count, then infers and bounds the output. nullptr, or what is wrong.
const char* infer(const Call& call, Type& out);

// What several shape rules share.

/// NumPy broadcasting of the shapes; false where they do not fit. `out` starts as a shape or rank 0.
bool broadcast_onto(const Type& operand, Type& out);

/// Element strides of `operand` seen in `shape`, 0 along axes that repeat.
struct Strides {
  u32 of[kMaxRank] = {};
};
Strides broadcast_strides(const Type& operand, const Type& shape);
/// Row-major strides.
Strides strides_of(const Type& type);

/// Calls visit(linear) for every run of the last axis, with `offsets` moved by N sets of strides; `run`
/// elements each.
template <u32 N, class Row>
void for_each_row(const Type& shape, const Strides (&strides)[N], Row row) {
  const u32 count = shape.count();
  if (count == 0) return;
  const u32 last = shape.rank == 0 ? 0 : shape.rank - 1;
  const u32 run = shape.rank == 0 ? 1 : shape.dims[last];
  u32 index[kMaxRank] = {};
  u32 offsets[N] = {};
  for (u32 linear = 0; linear < count; linear += run) {
    row(linear, offsets, run);
    for (u32 axis = last; axis-- > 0;) {
      for (u32 n = 0; n < N; ++n) offsets[n] += strides[n].of[axis];
      if (++index[axis] < shape.dims[axis]) break;
      for (u32 n = 0; n < N; ++n) offsets[n] -= strides[n].of[axis] * index[axis];
      index[axis] = 0;
    }
  }
}
/// The step along the last axis.
inline u32 last_step(const Strides& strides, const Type& shape) {
  return shape.rank == 0 ? 0 : strides.of[shape.rank - 1];
}

/// Splits a row-major position into indices.
inline void unravel(const Type& type, u32 linear, u32 (&index)[kMaxRank]) {
  for (u32 axis = type.rank; axis-- > 0;) {
    index[axis] = type.dims[axis] == 0 ? 0 : linear % type.dims[axis];
    linear = type.dims[axis] == 0 ? 0 : linear / type.dims[axis];
  }
}

/// An axis attribute within [0, rank).
inline bool is_axis(i32 axis, u32 rank) { return axis >= 0 && static_cast<u32>(axis) < rank; }

#define X(number, name, fewest, most)                    \
  const char* infer_##name(const Call& call, Type& out); \
  void run_##name(const Call& call);
PIPIT_NN_FUNCTIONS(X)
#undef X

}  // namespace pipit::nn::general
