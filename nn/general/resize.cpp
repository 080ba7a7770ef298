// resize: ints[0] = 0 nearest, 1 linear, 2 cubic; ints[1] = Coordinates; ints[2] = Nearest; ints[3] leaves
// out taps outside; ints[4 + i] = extent of output axis i; reals[i] = scale of axis i, reals[8] = cubic
// coefficient, reals[9] = value outside a cropped region. The second operand is the region: starts, then
// ends, one an axis. grid_sample: ints[0] = 0 linear, 1 nearest, 2 cubic; ints[1] = 0 zeros, 1 border, 2
// reflection; ints[2] aligns corners.
#include <cmath>

#include "nn/general/general.h"
#include "nn/general/resize.h"

namespace pipit::nn::general {
namespace {

enum class Coordinates : i32 {
  half_pixel,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_half_pixel_for_nn,
  tf_crop_and_resize,
  half_pixel_symmetric,
  count_
};
enum class Nearest : i32 { round_prefer_floor, round_prefer_ceil, floor, ceil, count_ };

using Taps = ResizeTaps;

/// Keys' cubic convolution at distance `x`.
f64 cubic(f64 x, f64 a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

i64 nearest(f64 x, Nearest how) {
  switch (how) {
    case Nearest::floor: return static_cast<i64>(std::floor(x));
    case Nearest::ceil: return static_cast<i64>(std::ceil(x));
    case Nearest::round_prefer_ceil: return static_cast<i64>(std::floor(x + 0.5));
    default: return static_cast<i64>(std::ceil(x - 0.5));
  }
}

f64 source_coordinate(const Call& call, u32 axis, u32 at) {
  const f64 in = call[0].type.dims[axis], out = call.type.dims[axis], x = at;
  const f64 scale = static_cast<f64>(call.real_at(axis));
  switch (static_cast<Coordinates>(call.at(1))) {
    case Coordinates::pytorch_half_pixel: return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
    // ONNX measures by the scaled extent, before it is rounded down to elements.
    case Coordinates::align_corners: return out > 1 ? x * (in - 1) / (scale * in - 1) : 0;
    case Coordinates::asymmetric: return x / scale;
    case Coordinates::tf_half_pixel_for_nn: return (x + 0.5) / scale;
    case Coordinates::tf_crop_and_resize: {
      const f64 start = call[1].real(axis), end = call[1].real(call[0].type.rank + axis);
      return out > 1 ? start * (in - 1) + x * (end - start) * (in - 1) / (out - 1)
                     : 0.5 * (start + end) * (in - 1);
    }
    case Coordinates::half_pixel_symmetric: {
      const f64 adjustment = out / (scale * in), centre = in / 2;
      return centre * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    default: return (x + 0.5) / scale - 0.5;
  }
}

}  // namespace

Taps resize_taps(const Call& call, u32 axis, u32 at) {
  const i64 in = call[0].type.dims[axis];
  if (in == i64{call.type.dims[axis]} && call.real_at(axis) == 1 &&
      static_cast<Coordinates>(call.at(1)) != Coordinates::tf_crop_and_resize)
    return {1, {i64{at}}, {1}};
  const f64 x = source_coordinate(call, axis, at);
  if (static_cast<Coordinates>(call.at(1)) == Coordinates::tf_crop_and_resize &&
      (x < 0 || x > static_cast<f64>(in - 1)))
    return {};
  const auto clamped = [&](i64 index) { return index < 0 ? 0 : index >= in ? in - 1 : index; };
  if (!(x > -1e9 && x < 1e9)) return {1, {0}, {1}};
  if (call.at(0) == 0) return {1, {clamped(nearest(x, static_cast<Nearest>(call.at(2))))}, {1}};
  const i64 low = static_cast<i64>(std::floor(x));
  const f64 part = x - static_cast<f64>(low);
  if (call.at(0) == 1) return {2, {clamped(low), clamped(low + 1)}, {1 - part, part}};
  Taps taps{4, {}, {}};
  f64 sum = 0;
  for (i64 k = 0; k < 4; ++k) {
    const i64 place = low - 1 + k;
    const bool outside = place < 0 || place >= in;
    taps.at[k] = clamped(place);
    taps.weight[k] = call.at(3) != 0 && outside
                         ? 0
                         : cubic(static_cast<f64>(k - 1) - part, static_cast<f64>(call.real_at(8)));
    sum += taps.weight[k];
  }
  if (call.at(3) != 0 && sum != 0)
    for (f64& weight : taps.weight) weight /= sum;
  return taps;
}

namespace {

/// The sum of products over the taps of all axes.
template <class T>
f64 interpolate(const Call& call, const Taps (&taps)[kMaxRank], const Strides& strides, u32 axis, u32 at) {
  if (axis == call.type.rank) return static_cast<f64>(Compute<T>(call[0].as<T>()[at]));
  f64 sum = 0;
  for (u32 k = 0; k < taps[axis].count; ++k)
    if (taps[axis].weight[k] != 0)
      sum +=
          taps[axis].weight[k] * interpolate<T>(call, taps, strides, axis + 1,
                                                at + static_cast<u32>(taps[axis].at[k]) * strides.of[axis]);
  return sum;
}

/// Within what i64 holds; 0 for no number.
i64 saturated(f64 value) {
  constexpr f64 kLargest = 9.2e18;
  if (!(value > -kLargest)) return value <= -kLargest ? static_cast<i64>(-kLargest) : 0;
  return static_cast<i64>(value < kLargest ? value : kLargest);
}

template <class T>
T rounded(f64 value) {
  if constexpr (kIsReal<T>)
    return T(static_cast<Compute<T>>(value));
  else
    return static_cast<T>(saturated(std::floor(value + 0.5)));
}

template <class T>
void resize(const Call& call) {
  const Strides strides = strides_of(call[0].type);
  u32 index[kMaxRank];
  Taps taps[kMaxRank];
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    unravel(call.type, i, index);
    bool outside = false;
    for (u32 axis = 0; axis < call.type.rank; ++axis) {
      taps[axis] = resize_taps(call, axis, index[axis]);
      outside = outside || taps[axis].count == 0;
    }
    call.as<T>()[i] =
        rounded<T>(outside ? static_cast<f64>(call.real_at(9)) : interpolate<T>(call, taps, strides, 0, 0));
  }
}

f64 reflected(f64 x, f64 low, f64 high) {
  const f64 range = high - low;
  if (range <= 0) return low;
  f64 away = std::fmod(std::fabs(x - low), 2 * range);
  return low + (away > range ? 2 * range - away : away);
}

/// One sampled plane with its padding rule.
struct Plane {
  const Call& call;
  u32 offset;
  i64 height, width;

  f64 place(f64 x, i64 extent) const {
    const bool corners = call.at(2) != 0;
    if (call.at(1) == 2) x = reflected(x, corners ? 0 : -0.5, corners ? f64(extent - 1) : f64(extent) - 0.5);
    if (call.at(1) != 0) x = x < 0 ? 0 : x > f64(extent - 1) ? f64(extent - 1) : x;
    return x;
  }
  template <class T>
  f64 at(f64 y, f64 x) const {
    y = place(y, height);
    x = place(x, width);
    const i64 row = static_cast<i64>(std::nearbyint(y)), column = static_cast<i64>(std::nearbyint(x));
    if (row < 0 || row >= height || column < 0 || column >= width) return 0;
    return static_cast<f64>(Compute<T>(call[0].as<T>()[offset + static_cast<u32>(row * width + column)]));
  }
  template <class T>
  f64 sample(f64 y, f64 x) const {
    if (call.at(0) != 2) {
      y = place(y, height);
      x = place(x, width);
    }
    if (call.at(0) == 1) return at<T>(std::nearbyint(y), std::nearbyint(x));
    const f64 top = std::floor(y), left = std::floor(x), dy = y - top, dx = x - left;
    if (call.at(0) == 0)
      return (1 - dy) * ((1 - dx) * at<T>(top, left) + dx * at<T>(top, left + 1)) +
             dy * ((1 - dx) * at<T>(top + 1, left) + dx * at<T>(top + 1, left + 1));
    f64 sum = 0;
    for (int i = -1; i < 3; ++i)
      for (int k = -1; k < 3; ++k)
        sum += cubic(i - dy, -0.75) * cubic(k - dx, -0.75) * at<T>(top + i, left + k);
    return sum;
  }
};

template <class T, class G>
void sample_grid(const Call& call) {
  const Type& x = call[0].type;
  const u32 plane = call.type.dims[2] * call.type.dims[3];
  const auto pixel = [&](f64 at, u32 extent) {
    return call.at(2) != 0 ? (at + 1) / 2 * (f64(extent) - 1) : ((at + 1) * f64(extent) - 1) / 2;
  };
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const u32 image = i / plane;
    const G* place = call[1].as<G>() + (usize{image / x.dims[1]} * plane + i % plane) * 2;
    const f64 column = pixel(f64(place[0]), x.dims[3]), row = pixel(f64(place[1]), x.dims[2]);
    const Plane from{call, image * x.dims[2] * x.dims[3], x.dims[2], x.dims[3]};
    const bool sane = column > -1e9 && column < 1e9 && row > -1e9 && row < 1e9;
    call.as<T>()[i] = T(static_cast<Compute<T>>(sane ? from.sample<T>(row, column) : 0));
  }
}

}  // namespace

const char* infer_resize(const Call& call, Type& out) {
  out = call[0].type;
  if (!includes(Kinds::numbers, out.dtype)) return "resizing is not defined for this element type";
  if (call.at(0) < 0 || call.at(0) > 2 || call.at(1) < 0 ||
      call.at(1) >= static_cast<i32>(Coordinates::count_) || call.at(2) < 0 ||
      call.at(2) >= static_cast<i32>(Nearest::count_))
    return "resizing of an unknown mode";
  const bool cropped = static_cast<Coordinates>(call.at(1)) == Coordinates::tf_crop_and_resize;
  if (cropped &&
      (!call.has(1) || call[1].type.count() != 2 * out.rank || !includes(Kinds::real, call[1].type.dtype)))
    return "cropping needs a start and an end an axis";
  for (u32 axis = 0; axis < out.rank; ++axis) {
    if (call.at(4 + axis) < 0 || (out.dims[axis] == 0 && call.at(4 + axis) != 0) || !(call.real_at(axis) > 0))
      return "sizes and scales must be positive";
    out.dims[axis] = static_cast<u32>(call.at(4 + axis));
  }
  return nullptr;
}

void run_resize(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { resize<T>(call); });
}

const char* infer_grid_sample(const Call& call, Type& out) {
  const Type& x = call[0].type;
  const Type& grid = call[1].type;
  if (x.rank != 4 || grid.rank != 4 || grid.dims[0] != x.dims[0] || grid.dims[3] != 2 ||
      !includes(Kinds::real, x.dtype) || !includes(Kinds::real, grid.dtype))
    return "needs x [N,C,H,W] and a grid [N,H,W,2] of real numbers";
  if (x.count() == 0) return "no picture to sample";
  out = x;
  out.dims[2] = grid.dims[1];
  out.dims[3] = grid.dims[2];
  return nullptr;
}

void run_grid_sample(const Call& call) {
  with_type<Kinds::real>(call.type.dtype, [&]<class T> {
    with_type<Kinds::real>(call[1].type.dtype, [&]<class G> { sample_grid<T, G>(call); });
  });
}

}  // namespace pipit::nn::general
