#pragma once
#include "base/types.h"
#include "nn/format.h"

namespace pipit::nn {

/// The taps [begin, end) of a window that lie on the image.
struct TapRange {
  u32 begin;
  u32 end;
  u32 count() const { return end - begin; }
};

/// Those k < kernel for which 0 ≤ start + k × dilation < extent. A verified window keeps every term within
/// i32.
inline TapRange taps_inside(i32 start, u32 dilation, u32 kernel, u32 extent) {
  const u32 skipped = start < 0 ? (static_cast<u32>(-start) + dilation - 1) / dilation : 0;
  const i32 left = static_cast<i32>(extent) - start;
  const u32 reached = left <= 0 ? 0 : (static_cast<u32>(left) + dilation - 1) / dilation;
  const u32 begin = skipped < kernel ? skipped : kernel;
  const u32 end = reached < kernel ? reached : kernel;
  return {begin, end > begin ? end : begin};
}

/// Position of a window's first tap for output `index`; negative in the padding.
inline i32 window_start(u32 index, u32 stride, u32 pad) {
  return static_cast<i32>(index * stride) - static_cast<i32>(pad);
}

/// An image operator's sizes; images are [batch, height, width, channels].
struct WindowShape {
  u32 batch;
  u32 in_h, in_w, in_c;
  u32 out_h, out_w, out_c;
  u32 kernel_h, kernel_w;
  format::Window window;

  TapRange rows(u32 out_y) const {
    return taps_inside(window_start(out_y, window.stride_h, window.pad_top), window.dilation_h, kernel_h,
                       in_h);
  }
  TapRange columns(u32 out_x) const {
    return taps_inside(window_start(out_x, window.stride_w, window.pad_left), window.dilation_w, kernel_w,
                       in_w);
  }
  /// Index of the pixel under tap (row, column), which must be inside.
  u32 pixel(u32 image, u32 out_y, u32 row, u32 out_x, u32 column) const {
    const u32 y = out_y * window.stride_h + row * window.dilation_h - window.pad_top;
    const u32 x = out_x * window.stride_w + column * window.dilation_w - window.pad_left;
    return (image * in_h + y) * in_w + x;
  }
};

/// The sizes of a verified node whose input 0 and output are images; `kernel` as given.
WindowShape window_shape(const class Node& node, u32 kernel_h, u32 kernel_w, const format::Window& window);

/// nullptr, or what is wrong: ranks, batch, output extents.
const char* check_window(const class Node& node, u32 kernel_h, u32 kernel_w, const format::Window& window);

/// Calls visit(image, out_y, out_x, output pixel index) for every output pixel in memory order.
template <class Visit>
void for_each_output_pixel(const WindowShape& shape, Visit visit) {
  u32 index = 0;
  for (u32 image = 0; image < shape.batch; ++image)
    for (u32 y = 0; y < shape.out_h; ++y)
      for (u32 x = 0; x < shape.out_w; ++x) visit(image, y, x, index++);
}

}  // namespace pipit::nn
