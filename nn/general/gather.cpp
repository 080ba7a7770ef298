// Functions that find elements by index. Negative indices count from the end; one outside its axis, which
// only data can bring, reads or writes the nearest end. gather, gather_elements, scatter_elements: along axis
// ints[0]; gather_nd: ints[0] batch axes; scatter_*: ints[1] = Scatter; one_hot: a new axis ints[0] of depth
// ints[1], values [off, on]; non_zero: [rank + 1, count] of which row 0 holds the number found and the others
// their indices; range: start + i × delta, ints[0] elements.
#include <cstring>

#include "nn/general/general.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

u32 bounded(i64 index, u32 extent) {
  if (index < 0) index += extent;
  return index < 0 ? 0 : index >= extent ? extent - 1 : static_cast<u32>(index);
}

bool is_index(DType type) { return type == DType::i64 || type == DType::i32; }

const char* check_axis(const Call& call) {
  if (!is_axis(call.at(0), call[0].type.rank)) return "axis is outside the input's rank";
  return is_index(call[1].type.dtype) ? nullptr : "indices are not int32 or int64";
}

const char* check_elements(const Call& call) {
  if (const char* wrong = check_axis(call)) return wrong;
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  if (indices.rank != x.rank) return "indices have another rank than the data";
  for (u32 axis = 0; axis < x.rank; ++axis)
    if (axis != static_cast<u32>(call.at(0)) && indices.dims[axis] > x.dims[axis])
      return "indices reach beyond the data";
  if (indices.count() != 0 && x.count() == 0) return "no element to find";
  return nullptr;
}

/// Position in `data` of element `i` of the indices, along the axis.
u32 element_at(const Call& call, const Strides& strides, u32 i) {
  const u32 axis = static_cast<u32>(call.at(0));
  u32 index[kMaxRank];
  unravel(call[1].type, i, index);
  index[axis] = bounded(call[1].integer(i), call[0].type.dims[axis]);
  u32 at = 0;
  for (u32 k = 0; k < call[0].type.rank; ++k) at += index[k] * strides.of[k];
  return at;
}

template <class T>
void scatter(Scatter kind, T& to, T from) {
  using C = Compute<T>;
  const C a = to, b = from;
  if constexpr (std::is_same_v<T, Bool>) {
    to = kind == Scatter::add || kind == Scatter::maximum ? a || b : kind == Scatter::replace ? b : a && b;
  } else {
    switch (kind) {
      case Scatter::add: to = T(plus(a, b)); break;
      case Scatter::multiply: to = T(times(a, b)); break;
      case Scatter::minimum: to = T(b < a ? b : a); break;
      case Scatter::maximum: to = T(b > a ? b : a); break;
      default: to = from;
    }
  }
}

const char* check_scatter(const Call& call) {
  if (call.at(1) < 0 || call.at(1) >= static_cast<i32>(Scatter::count_)) return "scatter of an unknown kind";
  return call[2].type.dtype == call[0].type.dtype ? nullptr : "updates have another element type";
}

void copy_data(const Call& call) {
  copy_bytes(call.out, call[0].data, usize{call.type.count()} * dtype_bytes(call.type.dtype));
}

/// Start of the slice that tuple `i` names, tuples being `width` indices behind `batch` axes.
u32 slice_at(const Call& call, const Strides& strides, u32 batch, u32 width, u32 i, u32 batch_offset) {
  u32 at = batch_offset;
  for (u32 k = 0; k < width; ++k)
    at += bounded(call[1].integer(i * width + k), call[0].type.dims[batch + k]) * strides.of[batch + k];
  return at;
}

const char* check_tuples(const Call& call, u32 batch) {
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  if (!is_index(indices.dtype)) return "indices are not int32 or int64";
  if (indices.rank == 0 || x.rank == 0 || batch >= indices.rank || batch >= x.rank)
    return "indices have too small a rank";
  const u32 width = indices.dims[indices.rank - 1];
  if (width > x.rank - batch) return "indices are longer than the data's rank";
  for (u32 axis = 0; axis < batch; ++axis)
    if (indices.dims[axis] != x.dims[axis]) return "batch axes differ";
  if (indices.count() != 0 && x.count() == 0) return "no element to find";
  return nullptr;
}

}  // namespace

const char* infer_gather(const Call& call, Type& out) {
  if (const char* wrong = check_axis(call)) return wrong;
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  const u32 axis = static_cast<u32>(call.at(0));
  if (x.rank - 1 + indices.rank > kMaxRank) return "output has more than 8 dimensions";
  if (indices.count() != 0 && x.dims[axis] == 0) return "no element to find";
  out.dtype = x.dtype;
  for (u32 k = 0; k < axis; ++k) out.dims[out.rank++] = x.dims[k];
  for (u32 k = 0; k < indices.rank; ++k) out.dims[out.rank++] = indices.dims[k];
  for (u32 k = axis + 1; k < x.rank; ++k) out.dims[out.rank++] = x.dims[k];
  return nullptr;
}

void run_gather(const Call& call) {
  const Type& x = call[0].type;
  const u32 axis = static_cast<u32>(call.at(0)), count = call[1].type.count();
  const usize run = usize{x.product(axis + 1, x.rank)} * dtype_bytes(x.dtype);
  if (call.type.count() == 0) return;
  u8* to = call.out;
  for (u32 outer = 0, rows = x.product(0, axis); outer < rows; ++outer)
    for (u32 i = 0; i < count; ++i, to += run)
      copy_bytes(
          to, call[0].data + (usize{outer} * x.dims[axis] + bounded(call[1].integer(i), x.dims[axis])) * run,
          run);
}

const char* infer_gather_elements(const Call& call, Type& out) {
  if (const char* wrong = check_elements(call)) return wrong;
  out = call[1].type;
  out.dtype = call[0].type.dtype;
  return nullptr;
}

void run_gather_elements(const Call& call) {
  const Strides strides = strides_of(call[0].type);
  with_width(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call.type.count(); i < count; ++i)
      call.as<T>()[i] = call[0].as<T>()[element_at(call, strides, i)];
  });
}

const char* infer_gather_nd(const Call& call, Type& out) {
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  if (call.at(0) < 0) return "batch axes are negative";
  const u32 batch = static_cast<u32>(call.at(0));
  if (const char* wrong = check_tuples(call, batch)) return wrong;
  const u32 width = indices.dims[indices.rank - 1];
  if (indices.rank - 1 + x.rank - batch - width > kMaxRank) return "output has more than 8 dimensions";
  out.dtype = x.dtype;
  for (u32 k = 0; k + 1 < indices.rank; ++k) out.dims[out.rank++] = indices.dims[k];
  for (u32 k = batch + width; k < x.rank; ++k) out.dims[out.rank++] = x.dims[k];
  return nullptr;
}

void run_gather_nd(const Call& call) {
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  const u32 batch = static_cast<u32>(call.at(0)), width = indices.dims[indices.rank - 1];
  const Strides strides = strides_of(x);
  const u32 run = x.product(batch + width, x.rank), tuples = indices.product(0, indices.rank - 1);
  const u32 batches = x.product(0, batch), per_batch = batches == 0 ? 0 : tuples / batches;
  const u32 bytes = dtype_bytes(x.dtype), batch_step = x.product(batch, x.rank);
  if (call.type.count() == 0) return;
  for (u32 i = 0; i < tuples; ++i) {
    const u32 at = slice_at(call, strides, batch, width, i, i / per_batch * batch_step);
    copy_bytes(call.out + usize{i} * run * bytes, call[0].data + usize{at} * bytes, usize{run} * bytes);
  }
}

const char* infer_scatter_elements(const Call& call, Type& out) {
  if (const char* wrong = check_elements(call)) return wrong;
  if (const char* wrong = check_scatter(call)) return wrong;
  Type updates = call[2].type;
  updates.dtype = call[1].type.dtype;
  if (!(updates == call[1].type)) return "updates and indices differ in shape";
  out = call[0].type;
  return nullptr;
}

void run_scatter_elements(const Call& call) {
  copy_data(call);
  const Strides strides = strides_of(call.type);
  with_type<Kinds::any>(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call[1].type.count(); i < count; ++i)
      scatter<T>(static_cast<Scatter>(call.at(1)), call.as<T>()[element_at(call, strides, i)],
                 call[2].as<T>()[i]);
  });
}

const char* infer_scatter_nd(const Call& call, Type& out) {
  if (const char* wrong = check_tuples(call, 0)) return wrong;
  if (const char* wrong = check_scatter(call)) return wrong;
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  Type expected{x.dtype, 0, {}};
  const u32 width = indices.dims[indices.rank - 1];
  if (indices.rank - 1 + x.rank - width > kMaxRank) return "updates have more than 8 dimensions";
  for (u32 k = 0; k + 1 < indices.rank; ++k) expected.dims[expected.rank++] = indices.dims[k];
  for (u32 k = width; k < x.rank; ++k) expected.dims[expected.rank++] = x.dims[k];
  if (!(expected == call[2].type)) return "updates do not fit the indices";
  out = x;
  return nullptr;
}

void run_scatter_nd(const Call& call) {
  copy_data(call);
  const Type& x = call[0].type;
  const Type& indices = call[1].type;
  const Strides strides = strides_of(x);
  const u32 width = indices.dims[indices.rank - 1], run = x.product(width, x.rank);
  with_type<Kinds::any>(x.dtype, [&]<class T> {
    for (u32 i = 0, tuples = indices.product(0, indices.rank - 1); i < tuples; ++i) {
      T* to = call.as<T>() + slice_at(call, strides, 0, width, i, 0);
      for (u32 k = 0; k < run; ++k)
        scatter<T>(static_cast<Scatter>(call.at(1)), to[k], call[2].as<T>()[usize{i} * run + k]);
    }
  });
}

const char* infer_one_hot(const Call& call, Type& out) {
  const Type& x = call[0].type;
  if (!includes(Kinds::numbers, x.dtype)) return "indices are not numbers";
  if (call[1].type.count() != 2) return "needs an off and an on value";
  if (x.rank >= kMaxRank || !is_axis(call.at(0), x.rank + 1) || call.at(1) < 0)
    return "axis is outside the rank";
  out.dtype = call[1].type.dtype;
  for (u32 axis = 0, from = 0; axis < x.rank + 1; ++axis)
    out.dims[axis] = axis == static_cast<u32>(call.at(0)) ? static_cast<u32>(call.at(1)) : x.dims[from++];
  out.rank = x.rank + 1;
  return nullptr;
}

void run_one_hot(const Call& call) {
  const u32 axis = static_cast<u32>(call.at(0)), depth = static_cast<u32>(call.at(1));
  const u32 inner = call.type.product(axis + 1, call.type.rank);
  with_width(call.type.dtype, [&]<class T> {
    const T off = call[1].as<T>()[0], on = call[1].as<T>()[1];
    for (u32 i = 0, count = call.type.count(); i < count; ++i) {
      i64 hot = call[0].integer(i / (inner * depth) * inner + i % inner);
      if (hot < 0) hot += depth;
      call.as<T>()[i] = hot == i / inner % depth ? on : off;
    }
  });
}

const char* infer_non_zero(const Call& call, Type& out) {
  const Type& x = call[0].type;
  const u32 count = x.count();
  out = {DType::i64, 2, {x.rank + 1, count == 0 ? 1 : count}};
  return nullptr;
}

void run_non_zero(const Call& call) {
  const Type& x = call[0].type;
  i64* out = call.as<i64>();
  const u32 room = call.type.dims[1];
  std::memset(out, 0, usize{call.type.count()} * sizeof(i64));
  u32 index[kMaxRank], found = 0;
  for (u32 i = 0, count = x.count(); i < count; ++i) {
    if (call[0].real(i) == 0) continue;
    unravel(x, i, index);
    for (u32 axis = 0; axis < x.rank; ++axis) out[(axis + 1) * room + found] = index[axis];
    ++found;
  }
  out[0] = found;
}

const char* infer_range(const Call& call, Type& out) {
  if (call[0].type.count() != 1 || call[1].type.count() != 1 || call[0].type.dtype != call[1].type.dtype ||
      !includes(Kinds::numbers, call[0].type.dtype))
    return "start and delta are not two numbers of one type";
  if (call.at(0) < 0) return "range of a negative length";
  out = {call[0].type.dtype, 1, {static_cast<u32>(call.at(0))}};
  return nullptr;
}

void run_range(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> {
    using C = Compute<T>;
    const C start = call[0].as<T>()[0], delta = call[1].as<T>()[0];
    for (u32 i = 0, count = call.type.count(); i < count; ++i)
      call.as<T>()[i] = T(plus(start, times(static_cast<C>(i), delta)));
  });
}

}  // namespace pipit::nn::general
