#pragma once
#include "base/types.h"

namespace pipit::nn {

/// Member `index` of `count` that divide an operator's work among them. A kernel writes only what is its
/// share's; which results there are, to the bit, does not depend on how many share them.
struct Share {
  u32 index = 0, count = 1;

  struct Range {
    u32 begin, end;
  };
  /// The share's part of `total` items, in units of `unit`.
  Range of(u32 total, u32 unit = 1) const {
    const u64 units = (u64{total} + unit - 1) / unit;
    const u64 begin = units * index / count * unit, end = units * (index + 1) / count * unit;
    return {static_cast<u32>(begin < total ? begin : total), static_cast<u32>(end < total ? end : total)};
  }
};

}  // namespace pipit::nn
