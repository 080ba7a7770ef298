#pragma once
#include "nn/general/general.h"

namespace pipit::nn::general {

/// The input elements that make one output element of resize along one axis, and their weights.
struct ResizeTaps {
  u32 count = 0;
  i64 at[4];
  f64 weight[4];
};
/// Those of element `at` along `axis`; none where a crop, whose region the second operand must hold, leaves
/// the input.
ResizeTaps resize_taps(const Call& call, u32 axis, u32 at);

}  // namespace pipit::nn::general
