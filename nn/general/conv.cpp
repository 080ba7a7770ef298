// conv: x [N,C,…], weights [O,C/group,…]; ints[0] = group, windows as in window.h. conv_transpose: weights
// [C,O/group,…]; ints[17 + i] elements more behind axis i of the output.
#include <cstring>

#include "nn/general/window.h"

namespace pipit::nn::general {
namespace {

template <class T>
using Sum = std::conditional_t<kIsReal<T>, std::conditional_t<std::is_same_v<T, f64>, f64, f32>, T>;

const char* read_windows(const Call& call, Windows& windows) {
  if (call[0].type.dtype != call[1].type.dtype || !includes(Kinds::numbers, call[0].type.dtype))
    return "operands have different element types";
  if (const char* wrong = windows.read(call)) return wrong;
  if (call[1].type.rank != call[0].type.rank) return "weights have another rank than the input";
  for (u32 i = 0; i < windows.axes; ++i) {
    windows.kernel[i] = call[1].type.dims[2 + i];
    if (windows.kernel[i] < 1 || windows.kernel[i] > 65535) return "the kernel is empty or huge";
  }
  return nullptr;
}

Windows windows_of(const Call& call) {
  Windows windows;
  read_windows(call, windows);
  return windows;
}

template <class T>
void convolve(const Call& call) {
  const Windows windows = windows_of(call);
  const Type& x = call[0].type;
  const u32 groups = static_cast<u32>(call.at(0)), depth = call[1].type.dims[1], taps = windows.taps();
  const u32 per_group = call.type.dims[1] / groups, image = x.product(2, x.rank);
  u32 index[kMaxRank];
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    unravel(call.type, i, index);
    const u32 channel = index[1], first = channel / per_group * depth;
    const T* weights = call[1].as<T>() + usize{channel} * depth * taps;
    const T* planes = call[0].as<T>() + (usize{index[0]} * x.dims[1] + first) * image;
    Sum<T> sum = 0;
    for (u32 tap = 0; tap < taps; ++tap) {
      u32 at = 0;
      if (!windows.locate(x, index + 2, tap, at)) continue;
      for (u32 c = 0; c < depth; ++c)
        sum = plus(sum, times(Sum<T>(planes[usize{c} * image + at]), Sum<T>(weights[c * taps + tap])));
    }
    call.as<T>()[i] = T(sum);
  }
}

template <class T>
void transpose_convolve(const Call& call) {
  const Windows windows = windows_of(call);
  const Type& x = call[0].type;
  const u32 groups = static_cast<u32>(call.at(0)), taps = windows.taps(), per_group = call[1].type.dims[1];
  const u32 depth = x.dims[1] / groups, plane = call.type.product(2, call.type.rank);
  std::memset(call.out, 0, usize{call.type.count()} * sizeof(T));
  u32 index[kMaxRank];
  for (u32 i = 0, count = x.count(); i < count; ++i) {
    unravel(x, i, index);
    const u32 channel = index[1], group = channel / depth;
    const Sum<T> value = Sum<T>(call[0].as<T>()[i]);
    for (u32 tap = 0; tap < taps; ++tap) {
      u32 at = 0;
      // The window lies on the output; where it reads in a convolution it adds here.
      if (!windows.locate(call.type, index + 2, tap, at)) continue;
      for (u32 o = 0; o < per_group; ++o) {
        const usize filter = usize{group} * per_group + o;
        T& to = call.as<T>()[(usize{index[0]} * call.type.dims[1] + filter) * plane + at];
        to = T(static_cast<Sum<T>>(
            Sum<T>(to) + value * Sum<T>(call[1].as<T>()[(usize{channel} * per_group + o) * taps + tap])));
      }
    }
  }
}

}  // namespace

const char* infer_conv(const Call& call, Type& out) {
  Windows windows;
  if (const char* wrong = read_windows(call, windows)) return wrong;
  const Type& x = call[0].type;
  const Type& w = call[1].type;
  const i64 group = call.at(0);
  if (group < 1 || group * w.dims[1] != x.dims[1] || w.dims[0] % group != 0 || w.dims[0] == 0)
    return "weights and group do not match the input's channels";
  out = x;
  out.dims[1] = w.dims[0];
  for (u32 i = 0; i < windows.axes; ++i) {
    const i64 extent = windows.extent(i, x.dims[2 + i], false);
    if (extent < 1 || extent > static_cast<i64>(kMaxElements))
      return "the window does not fit the padded input";
    out.dims[2 + i] = static_cast<u32>(extent);
  }
  return nullptr;
}

void run_conv(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { convolve<T>(call); });
}

const char* infer_conv_transpose(const Call& call, Type& out) {
  Windows windows;
  if (const char* wrong = read_windows(call, windows)) return wrong;
  const Type& x = call[0].type;
  const Type& w = call[1].type;
  const i64 group = call.at(0);
  if (group < 1 || group > 65535 || w.dims[0] != x.dims[1] || x.dims[1] % group != 0 || x.dims[1] == 0)
    return "weights and group do not match the input's channels";
  out = x;
  out.dims[1] = static_cast<u32>(w.dims[1] * group);
  for (u32 i = 0; i < windows.axes; ++i) {
    const i64 extent = (i64{x.dims[2 + i]} - 1) * windows.stride[i] + windows.reach(i) - windows.begin[i] -
                       windows.end[i] + call.at(17 + i);
    if (extent < 1 || extent > static_cast<i64>(kMaxElements)) return "the output would be empty or huge";
    out.dims[2 + i] = static_cast<u32>(extent);
  }
  return nullptr;
}

void run_conv_transpose(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { transpose_convolve<T>(call); });
}

}  // namespace pipit::nn::general
