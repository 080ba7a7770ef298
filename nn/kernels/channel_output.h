#pragma once
#include "nn/fixed_point.h"

namespace pipit::nn {

/// How sums of an int8 operator become values of its output, the same for all channels.
struct OutputRange {
  i32 zero_point, low, high;
};

/// A factor for kernels that always take rescale()'s short cut: high word of the product, rounded, shifted by
/// 1 … 30.
struct NarrowFactor {
  i32 multiplier, shift;

  /// False for 1/4 or more. A channel that is always zero has multiplier 0 and any shift.
  static bool fits(format::Rescale factor) { return factor.shift <= -2 || factor.multiplier == 0; }
  static NarrowFactor of(format::Rescale factor) {
    return factor.multiplier == 0 ? NarrowFactor{0, 1} : NarrowFactor{factor.multiplier, -factor.shift - 1};
  }
};

/// One channel's rescale factor taken apart, for several sums. The bits are those of requantize().
class ChannelOutput {
 public:
  ChannelOutput() = default;
  explicit ChannelOutput(format::Rescale factor)
      : multiplier_(factor.multiplier),
        shift_(-factor.shift - 1),
        round_(shift_ > 0 ? 1 << (shift_ - 1) : 0) {}

  [[gnu::always_inline]] i8 operator()(i32 sum, const OutputRange& range) const {
    const i32 value = is_narrow() ? narrow(sum, range.zero_point)
                                  : rescale_wide(sum, {multiplier_, -shift_ - 1}) + range.zero_point;
    return static_cast<i8>(value < range.low ? range.low : value > range.high ? range.high : value);
  }
  /// Whether narrow() stands for the factor; not for 1/4 or more, or for a channel that is always zero.
  bool is_narrow() const { return shift_ > 0; }
  /// The rescaled sum plus `zero_point`, not yet clamped.
  [[gnu::always_inline]] i32 narrow(i32 sum, i32 zero_point) const {
    const i32 high = static_cast<i32>((i64{sum} * multiplier_) >> 32);
    return ((high + round_) >> shift_) + zero_point;
  }

 private:
  i32 multiplier_, shift_, round_;
};

}  // namespace pipit::nn
