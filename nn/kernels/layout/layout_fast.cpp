#include <cstring>

#include "nn/fast_x86.h"
#include "nn/shapes.h"

/// Transposes that are a matrix transpose of every image, such as between channels first and channels last.
/// They need no instruction set, only an order in which the innermost loop has no index arithmetic.
namespace pipit::nn {
namespace {

/// batch × [rows, columns] → batch × [columns, rows].
struct MatrixTranspose {
  u32 batch, rows, columns;
};

/// Takes `perm` apart as identity on the outer axes, then a rotation of the others; false if it is none.
bool matrix_transpose(const Node& node, MatrixTranspose& found) {
  const format::TensorRecord& in = node.input(0);
  const u8* perm = node.attributes<format::TransposeAttributes>().perm;
  u32 outer = 0;
  while (outer < in.rank && perm[outer] == outer) ++outer;
  if (outer == in.rank) return false;
  const u32 turned = perm[outer] - outer, length = in.rank - outer;
  for (u32 i = 0; i < length; ++i)
    if (perm[outer + i] != outer + (i + turned) % length) return false;
  found = {1, 1, 1};
  for (u32 axis = 0; axis < in.rank; ++axis)
    (axis < outer ? found.batch : axis < outer + turned ? found.rows : found.columns) *= in.dims[axis];
  return true;
}

bool plan(const Node& node, FastKernel::Needs&) {
  MatrixTranspose unused;
  return matrix_transpose(node, unused);
}

template <class T>
void turn(const MatrixTranspose& m, const T* in, T* out) {
  constexpr u32 kBlock = 16;  // columns at a time, so that written lines stay in the cache
  for (u32 image = 0; image < m.batch;
       ++image, in += usize{m.rows} * m.columns, out += usize{m.rows} * m.columns)
    for (u32 first = 0; first < m.columns; first += kBlock) {
      const u32 end = first + kBlock < m.columns ? first + kBlock : m.columns;
      for (u32 row = 0; row < m.rows; ++row)
        for (u32 column = first; column < end; ++column)
          out[usize{column} * m.rows + row] = in[usize{row} * m.columns + column];
    }
}

template <class T>
void run(const Node& node, const u8*, u8*, Share) {
  MatrixTranspose m{};
  matrix_transpose(node, m);
  turn(m, node.data<T>(0), node.out<T>());
}

void pack_nothing(const Node&, u8*) {}

constexpr FastKernel kF32{&kTransposeF32, plan, pack_nothing, run<f32>};
constexpr FastKernel kI8{&kTransposeI8, plan, pack_nothing, run<i8>};
constexpr const FastKernel* kAll[] = {&kF32, &kI8};

}  // namespace

std::span<const FastKernel* const> layout_kernels() { return kAll; }

}  // namespace pipit::nn
