#pragma once
#include <cstring>

#include "nn/kernels/gemm/tile.h"
#include "nn/kernels/window.h"

/// Windowed operators as matrix products without copying windows out: the image is cut into bands of whole
/// output rows, a band is copied once with its padding made real, and each window is then a few contiguous
/// stretches.
namespace pipit::nn {

/// How an image is cut and where a window's elements lie in a band of `Element`s.
struct BandLayout {
  u32 rows;          ///< output rows of a band
  u32 padded_width;  ///< pixels
  u32 row_elements;  ///< of one padded row
  u32 run_count;     ///< stretches of a window
  u32 run_length;    ///< elements of a stretch
  bool direct;       ///< no padding: a band may be read from the image itself

  u32 in_rows(const WindowShape& shape, u32 out_rows) const {
    return (out_rows - 1) * shape.window.stride_h + shape.window.dilation_h * (shape.kernel_h - 1) + 1;
  }
  u32 offset(const WindowShape& shape, u32 run) const {
    if (run_count == shape.kernel_h) return run * shape.window.dilation_h * row_elements;
    return run / shape.kernel_w * shape.window.dilation_h * row_elements +
           run % shape.kernel_w * shape.window.dilation_w * shape.in_c;
  }
};

constexpr u64 kLargestBand = u64{1} << 28;  ///< elements; a larger image stays with the portable kernel

/// False where a band would be absurdly large. `element_bytes` is that of the band, which is kept near
/// `band_bytes`, so that it stays in the second-level cache.
inline bool lay_out(const WindowShape& shape, u32 element_bytes, u32 band_bytes, BandLayout& layout) {
  const format::Window& window = shape.window;
  const u64 width = u64{shape.in_w} + window.pad_left + window.pad_right;
  const u64 row = width * shape.in_c;
  const u64 reach = u64{window.dilation_h} * (shape.kernel_h - 1) + 1;
  if (row > kLargestBand || row * (reach + window.stride_h) > kLargestBand) return false;
  const bool joined = window.dilation_w == 1 || shape.kernel_w == 1;
  layout.padded_width = static_cast<u32>(width);
  layout.row_elements = static_cast<u32>(row);
  layout.run_count = joined ? shape.kernel_h : shape.kernel_h * shape.kernel_w;
  layout.run_length = joined ? shape.kernel_w * shape.in_c : shape.in_c;
  layout.direct = (window.pad_left | window.pad_right | window.pad_top | window.pad_bottom) == 0;
  const u64 wanted = band_bytes / (row * element_bytes);
  const u64 rows = wanted > reach ? (wanted - reach) / window.stride_h + 1 : 1;
  layout.rows = static_cast<u32>(rows < shape.out_h ? rows : shape.out_h);
  return true;
}

/// Copies the rows under output rows [y, y + out_rows) into `band`. convert(from, count, to) copies stretches
/// of the image, fill(to, count) writes padding.
template <class From, class To, class Convert, class Fill>
void copy_band(const WindowShape& shape, const BandLayout& layout, const From* image, u32 y, u32 out_rows,
               To* band, Convert convert, Fill fill) {
  const u32 left = u32{shape.window.pad_left} * shape.in_c, middle = shape.in_w * shape.in_c;
  const u32 right = layout.row_elements - left - middle;
  const u32 count = layout.in_rows(shape, out_rows);
  const i64 first = i64{y} * shape.window.stride_h - shape.window.pad_top;
  for (u32 row = 0; row < count; ++row, band += layout.row_elements) {
    const i64 at = first + row;
    if (at < 0 || at >= i64{shape.in_h}) {
      fill(band, layout.row_elements);
      continue;
    }
    if (left != 0) fill(band, left);
    convert(image + static_cast<usize>(at) * middle, middle, band + left);
    if (right != 0) fill(band + left + middle, right);
  }
}

/// Addresses of the first element of every window of `out_rows` output rows in a band.
template <class T>
void window_addresses(const WindowShape& shape, const BandLayout& layout, const T* band, u32 out_rows,
                      const T** addresses) {
  const u32 step = shape.window.stride_w * shape.in_c;
  for (u32 y = 0; y < out_rows; ++y) {
    const T* row = band + usize{y} * shape.window.stride_h * layout.row_elements;
    for (u32 x = 0; x < shape.out_w; ++x, row += step) *addresses++ = row;
  }
}

}  // namespace pipit::nn
