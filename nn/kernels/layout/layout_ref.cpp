#include <cstring>

#include "nn/kernels/layout/layout.h"

namespace pipit::nn {
namespace {

/// The next index of a row-major walk over the first `rank` dims; false after the last.
bool advance(Dims& index, const Dims& dims, u32 rank) {
  for (u32 axis = rank; axis-- > 0;) {
    if (++index[axis] < dims[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

}  // namespace

void transpose(const u8* in, const Dims& in_strides, const Dims& out_dims, u32 rank, u32 element_bytes,
               u8* out) {
  Dims index{};
  do {
    u32 at = 0;
    for (u32 axis = 0; axis < rank; ++axis) at += index[axis] * in_strides[axis];
    for (u32 byte = 0; byte < element_bytes; ++byte) *out++ = in[at * element_bytes + byte];
  } while (advance(index, out_dims, rank));
}

void pad(const u8* in, const Dims& in_dims, const Dims& before, const Dims& out_dims, u32 rank,
         u32 element_bytes, u32 value, u8* out) {
  u32 out_bytes = element_bytes;
  for (u32 axis = 0; axis < rank; ++axis) out_bytes *= out_dims[axis];
  for (u32 byte = 0; byte < out_bytes; byte += element_bytes) std::memcpy(out + byte, &value, element_bytes);

  const u32 row_bytes = in_dims[rank - 1] * element_bytes;
  Dims index{};
  do {
    u32 at = 0;
    for (u32 axis = 0; axis < rank; ++axis) at = at * out_dims[axis] + before[axis] + index[axis];
    std::memcpy(out + usize{at} * element_bytes, in, row_bytes);
    in += row_bytes;
  } while (advance(index, in_dims, rank - 1));
}

void scatter_runs(const u8* in, u32 outer, u32 run_bytes, u32 out_step, u8* out) {
  for (u32 run = 0; run < outer; ++run)
    std::memcpy(out + usize{run} * out_step, in + usize{run} * run_bytes, run_bytes);
}

}  // namespace pipit::nn
