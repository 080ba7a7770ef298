#pragma once
#include "nn/kernels/window.h"
#include "nn/shapes.h"
#include "nn/testing/random.h"

/// Random windows for the image operators' tests, and the plainest way to walk them.
namespace pipit::nn::testing {

/// Sizes up to 9 × 9, kernels up to 4 × 4, strides, dilations and unequal paddings; always a valid output.
inline WindowShape random_window(Random& random, i32 in_c, i32 out_c, i32 max_dilation = 3,
                                 bool pad_below_kernel = false) {
  for (;;) {
    WindowShape s{};
    const auto number = [&](i32 low, i32 high) { return static_cast<u32>(random.integer(low, high)); };
    const auto small = [&](i32 low, i32 high) { return static_cast<u16>(random.integer(low, high)); };
    s.batch = number(1, 2);
    s.in_h = number(1, 9);
    s.in_w = number(1, 9);
    s.in_c = static_cast<u32>(in_c);
    s.out_c = static_cast<u32>(out_c);
    s.kernel_h = number(1, 4);
    s.kernel_w = number(1, 4);
    s.window.stride_h = small(1, 3);
    s.window.stride_w = small(1, 3);
    s.window.dilation_h = small(1, max_dilation);
    s.window.dilation_w = small(1, max_dilation);
    const i32 pad_h = pad_below_kernel ? static_cast<i32>(s.kernel_h) - 1 : 5;
    const i32 pad_w = pad_below_kernel ? static_cast<i32>(s.kernel_w) - 1 : 5;
    s.window.pad_top = small(0, pad_h);
    s.window.pad_bottom = small(0, pad_h);
    s.window.pad_left = small(0, pad_w);
    s.window.pad_right = small(0, pad_w);
    s.out_h = window_extent(s.in_h, s.kernel_h, s.window.stride_h, s.window.dilation_h, s.window.pad_top,
                            s.window.pad_bottom);
    s.out_w = window_extent(s.in_w, s.kernel_w, s.window.stride_w, s.window.dilation_w, s.window.pad_left,
                            s.window.pad_right);
    if (s.out_h != 0 && s.out_w != 0) return s;
  }
}

/// Number of elements of the image and of the output.
inline u32 input_size(const WindowShape& s) { return s.batch * s.in_h * s.in_w * s.in_c; }
inline u32 output_size(const WindowShape& s) { return s.batch * s.out_h * s.out_w * s.out_c; }

/// Index of the pixel under a tap, −1 in the padding.
inline i64 naive_pixel(const WindowShape& s, u32 n, u32 y, u32 x, u32 ky, u32 kx) {
  const i64 iy = i64{y} * s.window.stride_h + i64{ky} * s.window.dilation_h - s.window.pad_top;
  const i64 ix = i64{x} * s.window.stride_w + i64{kx} * s.window.dilation_w - s.window.pad_left;
  if (iy < 0 || iy >= s.in_h || ix < 0 || ix >= s.in_w) return -1;
  return (i64{n} * s.in_h + iy) * s.in_w + ix;
}

/// Calls visit(n, y, x, channel, index of the value in the output).
template <class Visit>
void for_each_naive_output(const WindowShape& s, Visit visit) {
  for (u32 n = 0; n < s.batch; ++n)
    for (u32 y = 0; y < s.out_h; ++y)
      for (u32 x = 0; x < s.out_w; ++x)
        for (u32 o = 0; o < s.out_c; ++o) visit(n, y, x, o, ((n * s.out_h + y) * s.out_w + x) * s.out_c + o);
}

}  // namespace pipit::nn::testing
