#pragma once
#include "nn/general/general.h"

namespace pipit::nn::general {

/// The window attributes of conv, conv_transpose and pool: ints[1 + i] stride, ints[5 + i] dilation, ints[9 +
/// i] and ints[13 + i] padding before and behind, of spatial axis i (at most 4), which is axis i + 2 of the
/// input.
struct Windows {
  static constexpr u32 kMaxAxes = 4;
  u32 axes = 0;
  i64 stride[kMaxAxes], dilation[kMaxAxes], begin[kMaxAxes], end[kMaxAxes], kernel[kMaxAxes];

  /// nullptr, or what is wrong. Kernel extents are the caller's to fill in.
  const char* read(const Call& call) {
    if (call[0].type.rank < 3 || call[0].type.rank > 2 + kMaxAxes)
      return "needs [N,C,…] with 1 to 4 spatial axes";
    axes = call[0].type.rank - 2;
    for (u32 i = 0; i < axes; ++i) {
      stride[i] = call.at(1 + i);
      dilation[i] = call.at(5 + i);
      begin[i] = call.at(9 + i);
      end[i] = call.at(13 + i);
      if (stride[i] < 1 || dilation[i] < 1) return "strides and dilations must be at least 1";
      if (begin[i] < -kLimit || begin[i] > kLimit || end[i] < -kLimit || end[i] > kLimit)
        return "pads are out of range";
    }
    return nullptr;
  }
  /// Taps span this much of axis i.
  i64 reach(u32 i) const { return dilation[i] * (kernel[i] - 1) + 1; }
  /// Positions of the window on axis i; 0 or less where it does not fit.
  i64 extent(u32 i, i64 input, bool ceil) const {
    const i64 room = input + begin[i] + end[i] - reach(i);
    if (room < 0) return 0;
    i64 count = (ceil ? (room + stride[i] - 1) / stride[i] : room / stride[i]) + 1;
    if (ceil && (count - 1) * stride[i] >= input + begin[i]) --count;  // it would start behind the input
    return count;
  }
  u32 taps() const {
    u32 count = 1;
    for (u32 i = 0; i < axes; ++i) count *= static_cast<u32>(kernel[i]);
    return count;
  }
  /// Where tap `tap` of the window at output position `at` lies; false outside the input.
  bool locate(const Type& input, const u32* at, u32 tap, u32& offset) const {
    offset = 0;
    u32 scale = 1;
    for (u32 i = axes; i-- > 0;) {
      const i64 k = tap % static_cast<u32>(kernel[i]);
      tap /= static_cast<u32>(kernel[i]);
      const i64 x = at[i] * stride[i] + k * dilation[i] - begin[i];
      if (x < 0 || x >= i64{input.dims[2 + i]}) return false;
      offset += static_cast<u32>(x) * scale;
      scale *= input.dims[2 + i];
    }
    return true;
  }

 private:
  static constexpr i64 kLimit = 1 << 24;
};

}  // namespace pipit::nn::general
