// pool: ints[0] = Pool; windows as in window.h, kernel ints[17 + i]; ints[21] rounds the number of windows
// up, ints[22] counts padding into averages, ints[23] numbers maxima column by column; reals[0] = p of the Lp
// norm. unpool: puts x where the indices say, zeros elsewhere, in the shape ints[1 …] of rank ints[0].
// local_response: ints[0] = size, reals = alpha, beta, bias.
#include <cmath>
#include <cstring>
#include <limits>

#include "nn/general/is_nan.h"
#include "nn/general/kinds.h"
#include "nn/general/window.h"

namespace pipit::nn::general {
namespace c99 {
namespace {
// clang-format off: each stands on those before it
#include "nn/kernels/c99/elementary_f32.c"
#include "nn/kernels/c99/local_response_f32.c"
// clang-format on
}  // namespace
}  // namespace c99

namespace {

const char* read_windows(const Call& call, Windows& windows) {
  if (const char* wrong = windows.read(call)) return wrong;
  for (u32 i = 0; i < windows.axes; ++i) {
    windows.kernel[i] = call.at(17 + i);
    if (windows.kernel[i] < 1 || windows.kernel[i] > 65535) return "the kernel is empty or huge";
  }
  return nullptr;
}

/// Whether a tap off the input lies in the padding, rather than beyond it where windows were rounded up.
bool in_padding(const Windows& windows, const Type& x, const u32* at, u32 tap) {
  for (u32 i = windows.axes; i-- > 0;) {
    const i64 k = tap % static_cast<u32>(windows.kernel[i]);
    tap /= static_cast<u32>(windows.kernel[i]);
    if (at[i] * windows.stride[i] + k * windows.dilation[i] >=
        x.dims[2 + i] + windows.begin[i] + windows.end[i])
      return false;
  }
  return true;
}

/// Position in x of the element at `offset` of its plane; column-major where storage order says so.
i64 position_of(const Type& x, u32 plane, u32 offset, bool columns_first) {
  const i64 image = x.product(2, x.rank);
  if (!columns_first) return plane * image + offset;
  i64 place = 0, scale = 1;
  u32 index[kMaxRank] = {};
  for (u32 axis = x.rank; axis-- > 2;) {
    index[axis] = offset % x.dims[axis];
    offset /= x.dims[axis];
  }
  for (u32 axis = 2; axis < x.rank; ++axis) {
    place += index[axis] * scale;
    scale *= x.dims[axis];
  }
  return plane * image + place;
}

template <class T>
struct Window {
  Compute<T> best;
  u32 best_at = 0, count = 0;
  f64 sum = 0;
};

template <class T>
Window<T> look(const Call& call, const Windows& windows, const T* plane, const u32* at, u32 taps) {
  const Pool kind = static_cast<Pool>(call.at(0));
  Window<T> seen;
  if constexpr (kIsReal<T>)
    seen.best = -std::numeric_limits<Compute<T>>::infinity();
  else
    seen.best = std::numeric_limits<Compute<T>>::lowest();
  bool first = true;
  for (u32 tap = 0; tap < taps; ++tap) {
    u32 offset = 0;
    if (!windows.locate(call[0].type, at, tap, offset)) {
      if (call.at(22) != 0 && in_padding(windows, call[0].type, at, tap)) ++seen.count;
      continue;
    }
    const Compute<T> x = plane[offset];
    ++seen.count;
    if (kind == Pool::lp)
      seen.sum += std::pow(std::fabs(static_cast<f64>(x)), static_cast<f64>(call.real_at(0)));
    else
      seen.sum += static_cast<f64>(x);
    if (first || x > seen.best || is_nan(x)) {
      seen.best = x;
      seen.best_at = offset;
      first = false;
    }
  }
  return seen;
}

template <class T>
void pool(const Call& call) {
  Windows windows;
  read_windows(call, windows);
  const Pool kind = static_cast<Pool>(call.at(0));
  const Type& x = call[0].type;
  const u32 image = x.product(2, x.rank), taps = windows.taps();
  u32 index[kMaxRank];
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    unravel(call.type, i, index);
    const u32 plane = index[0] * x.dims[1] + index[1];
    const Window<T> seen = look<T>(call, windows, call[0].as<T>() + usize{plane} * image, index + 2, taps);
    if (kind == Pool::maximum_index) {
      call.as<i64>()[i] = position_of(x, plane, seen.best_at, call.at(23) != 0);
    } else if (kind == Pool::maximum) {
      call.as<T>()[i] = T(seen.best);
    } else {
      const f64 value = kind == Pool::average ? seen.sum / (seen.count == 0 ? 1 : seen.count)
                                              : std::pow(seen.sum, 1 / static_cast<f64>(call.real_at(0)));
      call.as<T>()[i] = T(static_cast<Compute<T>>(value));
    }
  }
}

}  // namespace

const char* infer_pool(const Call& call, Type& out) {
  if (call.at(0) < 0 || call.at(0) >= static_cast<i32>(Pool::count_)) return "pooling of an unknown kind";
  const Pool kind = static_cast<Pool>(call.at(0));
  const bool averages = kind == Pool::average || kind == Pool::lp;
  if (!includes(averages ? Kinds::real : Kinds::numbers, call[0].type.dtype))
    return "pooling is not defined for this element type";
  Windows windows;
  if (const char* wrong = read_windows(call, windows)) return wrong;
  out = call[0].type;
  if (kind == Pool::maximum_index) out.dtype = DType::i64;
  for (u32 i = 0; i < windows.axes; ++i) {
    const i64 extent = windows.extent(i, out.dims[2 + i], call.at(21) != 0);
    if (extent < 1 || extent > static_cast<i64>(kMaxElements))
      return "the window does not fit the padded input";
    out.dims[2 + i] = static_cast<u32>(extent);
  }
  return nullptr;
}

void run_pool(const Call& call) {
  with_type<Kinds::numbers>(call[0].type.dtype, [&]<class T> { pool<T>(call); });
}

const char* infer_unpool(const Call& call, Type& out) {
  if (call[1].type.count() != call[0].type.count() || call[1].type.dtype != DType::i64)
    return "needs one index an element";
  if (call.at(0) < 0 || call.at(0) > static_cast<i32>(kMaxRank)) return "output has more than 8 dimensions";
  out.dtype = call[0].type.dtype;
  out.rank = static_cast<u32>(call.at(0));
  for (u32 axis = 0; axis < out.rank; ++axis) {
    if (call.at(1 + axis) < 1) return "output is empty";
    out.dims[axis] = static_cast<u32>(call.at(1 + axis));
  }
  return nullptr;
}

void run_unpool(const Call& call) {
  const u32 count = call.type.count();
  std::memset(call.out, 0, usize{count} * dtype_bytes(call.type.dtype));
  with_width(call.type.dtype, [&]<class T> {
    for (u32 i = 0, values = call[0].type.count(); i < values; ++i) {
      const i64 at = call[1].as<i64>()[i];
      if (at >= 0 && at < count) call.as<T>()[at] = call[0].as<T>()[i];
    }
  });
}

const char* infer_local_response(const Call& call, Type& out) {
  out = call[0].type;
  if (out.rank < 2 || !includes(Kinds::real, out.dtype) || call.at(0) < 1)
    return "needs real numbers with channels";
  return nullptr;
}

void run_local_response(const Call& call) {
  const Type& x = call.type;
  const i64 size = call.at(0), channels = x.dims[1], image = x.product(2, x.rank);
  if (x.dtype == DType::f32 && x.count() != 0) {
    c99::local_response_f32(call[0].as<f32>(), static_cast<i32>(x.dims[0]), static_cast<i32>(channels),
                            static_cast<i32>(image), call.at(0), call.real_at(0), call.real_at(1),
                            call.real_at(2), call.as<f32>());
    return;
  }
  const f64 alpha = call.real_at(0), beta = call.real_at(1), bias = call.real_at(2);
  with_type<Kinds::real>(x.dtype, [&]<class T> {
    for (u32 i = 0, count = x.count(); i < count; ++i) {
      const i64 channel = i / image % channels;
      const i64 low = channel - (size - 1) / 2, high = channel + size / 2;
      f64 squares = 0;
      for (i64 c = low < 0 ? 0 : low; c <= high && c < channels; ++c) {
        const f64 value = static_cast<f64>(Compute<T>(call[0].as<T>()[i + (c - channel) * image]));
        squares += value * value;
      }
      const f64 value = static_cast<f64>(Compute<T>(call[0].as<T>()[i]));
      call.as<T>()[i] =
          T(static_cast<Compute<T>>(value / std::pow(bias + alpha / static_cast<f64>(size) * squares, beta)));
    }
  });
}

}  // namespace pipit::nn::general
