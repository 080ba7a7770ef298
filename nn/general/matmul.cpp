// matmul: NumPy's, batches broadcast. einsum: sums products over the labels that the output lacks; ints[0] =
// rank of the output, ints[1] = number of labels, ints[2 + 2k], ints[3 + 2k] = the 8 labels (bytes, 0 … 15)
// of operand k's axes, the output after the last operand. lu: each matrix as L − I + U with rows exchanged
// and the sign of the exchanges in row 0, so that the determinant is the product of the diagonal.
#include <cmath>
#include <cstring>

#include "nn/general/general.h"

namespace pipit::nn::general {
namespace {

template <class T>
using Sum = std::conditional_t<kIsReal<T>, std::conditional_t<std::is_same_v<T, f64>, f64, f32>, T>;

/// The two matrices as [rows, depth] × [depth, columns], vectors given the axis they lack.
struct Shapes {
  Type a, b;
  bool row, column;  ///< the axis of 1 was added
};

Shapes shapes_of(const Call& call) {
  Shapes shapes{call[0].type, call[1].type, call[0].type.rank == 1, call[1].type.rank == 1};
  if (shapes.row) shapes.a = {shapes.a.dtype, 2, {1, shapes.a.dims[0]}};
  if (shapes.column) shapes.b = {shapes.b.dtype, 2, {shapes.b.dims[0], 1}};
  return shapes;
}

Type batch_of(const Type& type) {
  Type batch = type;
  batch.rank -= 2;
  return batch;
}

template <class T>
void multiply(const T* a, const T* b, T* out, u32 rows, u32 depth, u32 columns) {
  for (u32 i = 0; i < rows; ++i)
    for (u32 j = 0; j < columns; ++j) {
      Sum<T> sum = 0;
      for (u32 k = 0; k < depth; ++k)
        sum = plus(sum, times(Sum<T>(a[i * depth + k]), Sum<T>(b[k * columns + j])));
      out[i * columns + j] = T(sum);
    }
}

template <class T>
void matmul(const Call& call) {
  const Shapes shapes = shapes_of(call);
  const u32 rows = shapes.a.dims[shapes.a.rank - 2], depth = shapes.a.dims[shapes.a.rank - 1];
  const u32 columns = shapes.b.dims[shapes.b.rank - 1];
  const Type batch_a = batch_of(shapes.a), batch_b = batch_of(shapes.b);
  Type batch = batch_a;
  broadcast_onto(batch_b, batch);
  const Strides strides[2] = {broadcast_strides(batch_a, batch), broadcast_strides(batch_b, batch)};
  const u32 step_a = last_step(strides[0], batch), step_b = last_step(strides[1], batch);
  for_each_row(batch, strides, [&](u32 linear, const u32(&at)[2], u32 run) {
    for (u32 i = 0; i < run; ++i)
      multiply<T>(call[0].as<T>() + usize{at[0] + i * step_a} * rows * depth,
                  call[1].as<T>() + usize{at[1] + i * step_b} * depth * columns,
                  call.as<T>() + usize{linear + i} * rows * columns, rows, depth, columns);
  });
}

constexpr u32 kMaxLabels = 16;
u32 label_of(const Call& call, u32 operand, u32 axis) {
  return static_cast<u32>(call.at(2 + 2 * operand + axis / 4)) >> (axis % 4 * 8) & 0xFF;
}

/// The extent of every label, 0 for one nobody names.
const char* label_extents(const Call& call, u32 (&extents)[kMaxLabels], bool (&named)[kMaxLabels]) {
  for (u32 k = 0; k < call.inputs.size(); ++k)
    for (u32 axis = 0; axis < call[k].type.rank; ++axis) {
      const u32 label = label_of(call, k, axis);
      if (label >= kMaxLabels) return "einsum label out of range";
      const u32 extent = call[k].type.dims[axis];
      if (named[label] && extents[label] != extent && extent != 1 && extents[label] != 1)
        return "einsum label has two extents";
      if (!named[label] || extents[label] == 1) extents[label] = extent;
      named[label] = true;
    }
  return nullptr;
}

/// One loop a label; operand strides say how far each moves its operand.
template <class T>
void einsum(const Call& call) {
  const u32 operands = static_cast<u32>(call.inputs.size()), labels = static_cast<u32>(call.at(1));
  u32 extents[kMaxLabels] = {};
  bool named[kMaxLabels] = {};
  label_extents(call, extents, named);
  u32 steps[5][kMaxLabels] = {};
  for (u32 k = 0; k <= operands; ++k) {
    const Type& type = k < operands ? call[k].type : call.type;
    const Strides own = strides_of(type);
    for (u32 axis = 0; axis < type.rank; ++axis)
      if (type.dims[axis] != 1) steps[k][label_of(call, k, axis)] += own.of[axis];
  }
  using S = std::conditional_t<kIsReal<T>, f64, T>;
  u64 total = 1;
  for (u32 label = 0; label < labels; ++label) total *= extents[label];
  std::memset(call.out, 0, usize{call.type.count()} * sizeof(T));
  u32 index[kMaxLabels] = {}, at[5] = {};
  for (u64 i = 0; i < total; ++i) {
    S product = S(1);
    for (u32 k = 0; k < operands; ++k)
      product = times(product, static_cast<S>(Compute<T>(call[k].as<T>()[at[k]])));
    T& out = call.as<T>()[at[operands]];
    out = T(static_cast<Compute<T>>(plus(static_cast<S>(Compute<T>(out)), product)));
    for (u32 label = labels; label-- > 0;) {
      for (u32 k = 0; k <= operands; ++k) at[k] += steps[k][label];
      if (++index[label] < extents[label]) break;
      for (u32 k = 0; k <= operands; ++k) at[k] -= steps[k][label] * index[label];
      index[label] = 0;
    }
  }
}

template <class T>
void factorise(T* matrix, u32 n) {
  f64 sign = 1;
  for (u32 column = 0; column < n; ++column) {
    u32 pivot = column;
    for (u32 row = column + 1; row < n; ++row)
      if (std::fabs(f64(matrix[row * n + column])) > std::fabs(f64(matrix[pivot * n + column]))) pivot = row;
    if (f64(matrix[pivot * n + column]) == 0) continue;
    if (pivot != column) {
      sign = -sign;
      for (u32 k = 0; k < n; ++k) {
        const T swapped = matrix[pivot * n + k];
        matrix[pivot * n + k] = matrix[column * n + k];
        matrix[column * n + k] = swapped;
      }
    }
    for (u32 row = column + 1; row < n; ++row) {
      const f64 factor = f64(matrix[row * n + column]) / f64(matrix[column * n + column]);
      for (u32 k = column; k < n; ++k)
        matrix[row * n + k] =
            T(static_cast<Compute<T>>(f64(matrix[row * n + k]) - factor * f64(matrix[column * n + k])));
    }
  }
  for (u32 k = 0; k < n; ++k) matrix[k] = T(static_cast<Compute<T>>(sign * f64(matrix[k])));
}

}  // namespace

const char* infer_matmul(const Call& call, Type& out) {
  if (call[0].type.dtype != call[1].type.dtype) return "operands have different element types";
  if (!includes(Kinds::numbers, call[0].type.dtype)) return "matrices are not numbers";
  if (call[0].type.rank == 0 || call[1].type.rank == 0) return "needs matrices";
  const Shapes shapes = shapes_of(call);
  if (shapes.a.dims[shapes.a.rank - 1] != shapes.b.dims[shapes.b.rank - 2]) return "inner dimensions differ";
  out = batch_of(shapes.a);
  if (!broadcast_onto(batch_of(shapes.b), out) || out.rank + 2 > kMaxRank) return "batches do not broadcast";
  if (!shapes.row) out.dims[out.rank++] = shapes.a.dims[shapes.a.rank - 2];
  if (!shapes.column) out.dims[out.rank++] = shapes.b.dims[shapes.b.rank - 1];
  return nullptr;
}

void run_matmul(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { matmul<T>(call); });
}

const char* infer_einsum(const Call& call, Type& out) {
  const u32 operands = static_cast<u32>(call.inputs.size());
  if (call.at(0) < 0 || call.at(0) > static_cast<i32>(kMaxRank) || call.at(1) < 0 ||
      call.at(1) > static_cast<i32>(kMaxLabels))
    return "einsum with too many labels";
  u32 extents[kMaxLabels] = {};
  bool named[kMaxLabels] = {};
  for (const Operand& operand : call.inputs)
    if (operand.type.dtype != call[0].type.dtype || !includes(Kinds::numbers, operand.type.dtype))
      return "operands have different element types";
  if (const char* wrong = label_extents(call, extents, named)) return wrong;
  u64 total = 1;
  for (u32 label = 0; label < kMaxLabels; ++label) {
    if (named[label] != (label < static_cast<u32>(call.at(1))))
      return "einsum labels are not numbered from 0";
    if (named[label]) total *= extents[label];
    if (total > u64{1} << 40) return "einsum has too many products";
  }
  out.dtype = call[0].type.dtype;
  out.rank = static_cast<u32>(call.at(0));
  u32 seen = 0;
  for (u32 axis = 0; axis < out.rank; ++axis) {
    const u32 label = label_of(call, operands, axis);
    if (label >= kMaxLabels || !named[label] || (seen >> label & 1) != 0)
      return "einsum output label is not an operand's";
    seen |= 1u << label;
    out.dims[axis] = extents[label];
  }
  return nullptr;
}

void run_einsum(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { einsum<T>(call); });
}

const char* infer_lu(const Call& call, Type& out) {
  out = call[0].type;
  if (out.rank < 2 || out.dims[out.rank - 1] != out.dims[out.rank - 2] || !includes(Kinds::real, out.dtype))
    return "needs square matrices of real numbers";
  return nullptr;
}

void run_lu(const Call& call) {
  const u32 n = call.type.dims[call.type.rank - 1];
  with_type<Kinds::real>(call.type.dtype, [&]<class T> {
    copy_bytes(call.out, call[0].data, usize{call.type.count()} * sizeof(T));
    for (u32 i = 0, count = call.type.product(0, call.type.rank - 2); i < count; ++i)
      factorise(call.as<T>() + usize{i} * n * n, n);
  });
}

}  // namespace pipit::nn::general
