// Functions that move elements and never look inside. transpose: out.dims[i] = x.dims[ints[i]]. slice: along
// axis i from ints[i] on in steps of ints[8 + i], ints[16 + i] elements. pad: ints[0] = PadMode, ints[1 + i]
// before and ints[9 + i] behind axis i, negative ones cut; the second operand is the constant. tile: ints[i]
// times. expand: onto the shape ints[1 …] of rank ints[0]. concat: along ints[0]. reshape: to ints[1 …] of
// rank ints[0].
#include <cstring>

#include "nn/general/general.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

const char* shape_from(const Call& call, Type& out) {
  if (call.at(0) < 0 || call.at(0) > static_cast<i32>(kMaxRank)) return "shape has more than 8 dimensions";
  out.dtype = call[0].type.dtype;
  out.rank = static_cast<u32>(call.at(0));
  u64 count = 1;
  for (u32 axis = 0; axis < out.rank; ++axis) {
    if (call.at(1 + axis) < 0) return "shape with a negative dimension";
    out.dims[axis] = static_cast<u32>(call.at(1 + axis));
    count *= out.dims[axis];
    if (count > kMaxElements) return "shape has more than 2^28 elements";
  }
  return nullptr;
}

void copy_all(const Call& call) {
  copy_bytes(call.out, call[0].data, usize{call.type.count()} * dtype_bytes(call.type.dtype));
}

/// out[index] = x[offset moved by `strides`], starting at `start`.
void gather_strided(const Call& call, u32 start, const Strides& strides) {
  if (call.type.count() == 0) return;  // an empty operand has no address to start from
  const Strides list[1] = {strides};
  const u32 step = last_step(strides, call.type);
  with_width(call.type.dtype, [&]<class T> {
    const T* x = call[0].as<T>() + start;
    for_each_row(call.type, list, [&](u32 linear, const u32(&at)[1], u32 run) {
      // Offsets wrap where a step is negative; the sums are right again modulo 2^32.
      for (u32 i = 0; i < run; ++i) call.as<T>()[linear + i] = x[static_cast<i32>(at[0] + i * step)];
    });
  });
}

/// Where an index of the padded axis comes from; −1 for the constant.
i64 source_index(PadMode mode, i64 at, i64 extent) {
  if (at >= 0 && at < extent) return at;
  switch (mode) {
    case PadMode::edge: return at < 0 ? 0 : extent - 1;
    case PadMode::reflect: {
      if (extent == 1) return 0;
      const i64 period = 2 * (extent - 1);
      const i64 phase = ((at % period) + period) % period;
      return phase < extent ? phase : period - phase;
    }
    case PadMode::wrap: return ((at % extent) + extent) % extent;
    default: return -1;
  }
}

template <class T>
void pad(const Call& call) {
  const Type& x = call[0].type;
  const Strides strides = strides_of(x);
  const T fill = call.has(1) ? call[1].as<T>()[0] : T(0);
  const PadMode mode = static_cast<PadMode>(call.at(0));
  u32 index[kMaxRank];
  for (u32 linear = 0, count = call.type.count(); linear < count; ++linear) {
    unravel(call.type, linear, index);
    i64 from = 0;
    for (u32 axis = 0; axis < x.rank && from >= 0; ++axis) {
      const i64 at = source_index(mode, i64{index[axis]} - call.at(1 + axis), x.dims[axis]);
      from = at < 0 ? -1 : from + at * strides.of[axis];
    }
    call.as<T>()[linear] = from < 0 ? fill : call[0].as<T>()[from];
  }
}

}  // namespace

const char* infer_transpose(const Call& call, Type& out) {
  const Type& x = call[0].type;
  out.dtype = x.dtype;
  out.rank = x.rank;
  u32 seen = 0;
  for (u32 axis = 0; axis < x.rank; ++axis) {
    if (!is_axis(call.at(axis), x.rank) || (seen >> call.at(axis) & 1) != 0) return "perm is no permutation";
    seen |= 1u << call.at(axis);
    out.dims[axis] = x.dims[call.at(axis)];
  }
  return nullptr;
}

void run_transpose(const Call& call) {
  const Strides own = strides_of(call[0].type);
  Strides strides;
  for (u32 axis = 0; axis < call.type.rank; ++axis) strides.of[axis] = own.of[call.at(axis)];
  gather_strided(call, 0, strides);
}

const char* infer_slice(const Call& call, Type& out) {
  out = call[0].type;
  for (u32 axis = 0; axis < out.rank; ++axis) {
    const i64 begin = call.at(axis), step = call.at(8 + axis), count = call.at(16 + axis);
    const i64 extent = out.dims[axis], last = begin + step * (count - 1);
    if (step == 0 || count < 0) return "slice with an empty step";
    if (count > 0 && (begin < 0 || begin >= extent || last < 0 || last >= extent))
      return "slice leaves the input";
    out.dims[axis] = static_cast<u32>(count);
  }
  return nullptr;
}

void run_slice(const Call& call) {
  const Strides own = strides_of(call[0].type);
  Strides strides;
  u32 start = 0;
  for (u32 axis = 0; axis < call.type.rank; ++axis) {
    start += static_cast<u32>(call.at(axis)) * own.of[axis];
    strides.of[axis] = own.of[axis] * static_cast<u32>(call.at(8 + axis));
  }
  gather_strided(call, start, strides);
}

const char* infer_pad(const Call& call, Type& out) {
  if (call.at(0) < 0 || call.at(0) >= static_cast<i32>(PadMode::count_)) return "padding of an unknown mode";
  if (call.has(1) && (call[1].type.dtype != call[0].type.dtype || call[1].type.count() != 1))
    return "padding value is not one element of the input's type";
  out = call[0].type;
  for (u32 axis = 0; axis < out.rank; ++axis) {
    const i64 extent = i64{out.dims[axis]} + call.at(1 + axis) + call.at(9 + axis);
    if (extent < 0 || extent > static_cast<i64>(kMaxElements))
      return "padding leaves less than nothing or too much";
    if (out.dims[axis] == 0 && extent != 0 && call.at(0) != static_cast<i32>(PadMode::constant))
      return "padding of an empty axis has nothing to repeat";
    out.dims[axis] = static_cast<u32>(extent);
  }
  return nullptr;
}

void run_pad(const Call& call) {
  with_width(call.type.dtype, [&]<class T> { pad<T>(call); });
}

const char* infer_tile(const Call& call, Type& out) {
  out = call[0].type;
  for (u32 axis = 0; axis < out.rank; ++axis) {
    const i64 extent = i64{out.dims[axis]} * call.at(axis);
    if (call.at(axis) < 0 || extent > static_cast<i64>(kMaxElements))
      return "repeats are negative or too many";
    out.dims[axis] = static_cast<u32>(extent);
  }
  return nullptr;
}

void run_tile(const Call& call) {
  const Type& x = call[0].type;
  const Strides strides = strides_of(x);
  u32 index[kMaxRank];
  with_width(call.type.dtype, [&]<class T> {
    for (u32 linear = 0, count = call.type.count(); linear < count; ++linear) {
      unravel(call.type, linear, index);
      u32 from = 0;
      for (u32 axis = 0; axis < x.rank; ++axis) from += index[axis] % x.dims[axis] * strides.of[axis];
      call.as<T>()[linear] = call[0].as<T>()[from];
    }
  });
}

const char* infer_expand(const Call& call, Type& out) {
  if (const char* wrong = shape_from(call, out)) return wrong;
  const Type wanted = out;
  if (!broadcast_onto(call[0].type, out) || !(out == wanted)) return "shape does not broadcast";
  return nullptr;
}

void run_expand(const Call& call) { gather_strided(call, 0, broadcast_strides(call[0].type, call.type)); }

const char* infer_concat(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_axis(call.at(0), out.rank)) return "axis is outside the input's rank";
  const u32 axis = static_cast<u32>(call.at(0));
  for (u32 i = 1; i < call.inputs.size(); ++i) {
    Type next = call[i].type;
    if (next.rank != out.rank) return "inputs differ in rank";
    const u64 extent = u64{out.dims[axis]} + next.dims[axis];
    if (extent > kMaxElements) return "output has more than 2^28 elements";
    next.dims[axis] = out.dims[axis];
    if (!(next == out)) return "inputs differ outside the axis or in type";
    out.dims[axis] = static_cast<u32>(extent);
  }
  return nullptr;
}

void run_concat(const Call& call) {
  const u32 axis = static_cast<u32>(call.at(0)), bytes = dtype_bytes(call.type.dtype);
  u8* to = call.out;
  if (call.type.count() == 0) return;
  for (u32 row = 0, rows = call.type.product(0, axis); row < rows; ++row)
    for (const Operand& operand : call.inputs) {
      const usize run = usize{operand.type.product(axis, operand.type.rank)} * bytes;
      if (run == 0) continue;
      copy_bytes(to, operand.data + row * run, run);
      to += run;
    }
}

const char* infer_reshape(const Call& call, Type& out) {
  if (const char* wrong = shape_from(call, out)) return wrong;
  return out.count() == call[0].type.count() ? nullptr : "reshape to another number of elements";
}

void run_reshape(const Call& call) { copy_all(call); }

/// trilu: ints[0] = 1 keeps the upper triangle, 0 the lower, from diagonal k, the second operand, on.
const char* infer_trilu(const Call& call, Type& out) {
  out = call[0].type;
  if (out.rank < 2) return "needs matrices";
  if (call.has(1) && call[1].type.count() != 1) return "needs one diagonal";
  return nullptr;
}

void run_trilu(const Call& call) {
  const Type& x = call.type;
  const i64 k = call.has(1) ? call[1].integer(0) : 0;
  const u32 columns = x.dims[x.rank - 1], rows = x.dims[x.rank - 2];
  with_width(x.dtype, [&]<class T> {
    for (u32 i = 0, count = x.count(); i < count; ++i) {
      const i64 distance = i64{i % columns} - i64{i / columns % rows} - k;
      const bool kept = call.at(0) != 0 ? distance >= 0 : distance <= 0;
      call.as<T>()[i] = kept ? call[0].as<T>()[i] : T(0);
    }
  });
}

/// eye: ones of type ints[0] on diagonal ints[1], as large as the operand.
const char* infer_eye(const Call& call, Type& out) {
  out = call[0].type;
  if (out.rank != 2) return "needs a matrix";
  if (call.at(0) < 0 || call.at(0) > static_cast<i32>(kLastDType)) return "matrix of an unknown element type";
  out.dtype = static_cast<DType>(call.at(0));
  return nullptr;
}

void run_eye(const Call& call) {
  const u32 columns = call.type.dims[1];
  with_type<Kinds::any>(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call.type.count(); i < count; ++i)
      call.as<T>()[i] = T(Compute<T>(i64{i % columns} - i64{i / columns} == call.at(1)));
  });
}

/// reverse_sequence: along ints[0] the first lengths[b] elements, b along ints[1], turn round.
const char* infer_reverse_sequence(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_axis(call.at(0), out.rank) || !is_axis(call.at(1), out.rank) || call.at(0) == call.at(1))
    return "axes are outside the input's rank";
  if (call[1].type.count() != out.dims[call.at(1)]) return "needs one length per sequence";
  return nullptr;
}

void run_reverse_sequence(const Call& call) {
  const Strides strides = strides_of(call.type);
  const u32 time = static_cast<u32>(call.at(0)), batch = static_cast<u32>(call.at(1));
  u32 index[kMaxRank];
  with_width(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call.type.count(); i < count; ++i) {
      unravel(call.type, i, index);
      const i64 length = call[1].integer(index[batch]), at = index[time];
      const bool inside = length <= static_cast<i64>(call.type.dims[time]) && at < length;
      const u32 from =
          inside ? i - index[time] * strides.of[time] + static_cast<u32>(length - 1 - at) * strides.of[time]
                 : i;
      call.as<T>()[i] = call[0].as<T>()[from];
    }
  });
}

}  // namespace pipit::nn::general
