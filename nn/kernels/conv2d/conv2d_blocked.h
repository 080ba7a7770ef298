#pragma once
#include <cstring>

#include "nn/kernels/channel_output.h"
#include "nn/kernels/conv2d/conv2d.h"

/// int8 convolution for processors with few registers and no vectors: windows are copied together on the
/// stack and meet the weights two at a time, which halves the loads. Dot gives the inner products:
///
///     Element                      of a copied window
///     copy(bytes, count, to)       of a few bytes
///     expand(bytes, count, to)     int8 values as Elements; `to` may lie as `gather` below says
///     two_by_two(x, w0, w1, count, sums)   with x1 = x + kSecond: sums[0] += x·w0, [1] += x1·w0, [2] +=
///     x·w1, [3] += x1·w1 store(sums, first, second, range, out, below)   what two_by_two found for two
///     channels one_by_four(x, w, stride, count, sums)    sums[i] += x·(w + i × stride)
namespace pipit::nn {

template <class Dot>
class BlockedConv2dI8 {
 public:
  using Element = typename Dot::Element;
  /// Stack for copied windows; one of more elements is left to conv2d_i8_reference().
  static constexpr u32 kPatchBytes = 1152;
  static constexpr u32 kMaxDepth = kPatchBytes / sizeof(Element);
  static_assert(2 * Dot::kSecond == kMaxDepth);

  explicit BlockedConv2dI8(const Conv2dI8& conv)
      : conv_(conv),
        range_{conv.output_zero_point, conv.clamp.low_i32(), conv.clamp.high_i32()},
        depth_(conv.shape.kernel_h * conv.shape.kernel_w * conv.shape.in_c) {}

  static bool fits(const Conv2dI8& conv) {
    return u64{conv.shape.kernel_h} * conv.shape.kernel_w * conv.shape.in_c <= kMaxDepth;
  }

  void run() {
    alignas(8) Element patches[kMaxDepth];
    const bool pairs = depth_ <= Dot::kSecond && conv_.shape.out_c % 2 == 0;
    i8* out = conv_.output;
    u32 held = 0;
    for_each_output_pixel(conv_.shape, [&](u32 image, u32 y, u32 x, u32) {
      gather(image, y, x, patches + held * Dot::kSecond);
      if (pairs && held == 0) {
        held = 1;
        return;
      }
      pairs ? two_pixels(patches, out) : one_pixel(patches, out);
      out += (held + 1) * conv_.shape.out_c;
      held = 0;
    });
    if (held != 0) one_pixel(patches, out);
  }

 private:
  /// Copies a window together in the order of the weights, padding at the zero point. The bytes are collected
  /// at the far end of the patch and expanded towards its beginning, so that none is overwritten before it is
  /// read.
  void gather(u32 image, u32 y, u32 x, Element* patch) const {
    const WindowShape& shape = conv_.shape;
    if (shape.kernel_h == 1 && shape.kernel_w == 1 && shape.rows(y).count() + shape.columns(x).count() == 2)
      return Dot::expand(conv_.input + usize{shape.pixel(image, y, 0, x, 0)} * depth_, depth_, patch);
    i8* bytes = reinterpret_cast<i8*>(patch) + depth_ * (sizeof(Element) - 1);
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    const bool whole = rows.count() == shape.kernel_h && columns.count() == shape.kernel_w;
    if (!whole) std::memset(bytes, conv_.input_zero_point, depth_);
    const u32 taps = shape.window.dilation_w == 1 ? columns.count() : 1;
    for (u32 row = rows.begin; row < rows.end; ++row)
      for (u32 column = columns.begin; column < columns.end; column += taps)
        Dot::copy(conv_.input + usize{shape.pixel(image, y, row, x, column)} * shape.in_c, taps * shape.in_c,
                  bytes + (row * shape.kernel_w + column) * shape.in_c);
    Dot::expand(bytes, depth_, patch);
  }

  // Both copy what they read into locals first: the compiler must take bytes of the output for any of it.
  [[gnu::noinline]] void two_pixels(const Element* patches, i8* out) const {
    const OutputRange range = range_;
    const u32 channels = conv_.shape.out_c, depth = depth_;
    const i8* weights = conv_.weights;
    const i32* bias = conv_.bias;
    const format::Rescale* factors = conv_.factors;
    i8* below = out + channels;
    for (u32 left = channels; left != 0; left -= 2, weights += 2 * depth) {
      i32 sums[4] = {bias[0], bias[0], bias[1], bias[1]};
      Dot::two_by_two(patches, weights, weights + depth, depth, sums);
      Dot::store(sums, ChannelOutput(factors[0]), ChannelOutput(factors[1]), range, out, below);
      out += 2, below += 2, bias += 2, factors += 2;
    }
  }

  [[gnu::noinline]] void one_pixel(const Element* patch, i8* out) const {
    const OutputRange range = range_;
    const u32 depth = depth_;
    const i8* weights = conv_.weights;
    const i32* bias = conv_.bias;
    const format::Rescale* factors = conv_.factors;
    for (u32 left = conv_.shape.out_c; left != 0;) {
      const u32 count = left >= 4 ? 4 : 1;
      i32 sums[4] = {};
      for (u32 i = 0; i < count; ++i) sums[i] = *bias++;
      Dot::one_by_four(patch, weights, count == 4 ? depth : 0, depth, sums);
      for (u32 i = 0; i < count; ++i) *out++ = ChannelOutput(*factors++)(sums[i], range);
      weights += usize{count} * depth;
      left -= count;
    }
  }

  const Conv2dI8& conv_;
  OutputRange range_;
  u32 depth_;
};

}  // namespace pipit::nn
