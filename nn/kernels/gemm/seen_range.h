#pragma once
#include "nn/kernels/dynamic/dynamic.h"
#include "nn/kernels/gemm/tile.h"

/// The range of what a dynamically quantised layer makes, found while it is in registers: dynamic_scale,
/// where it is the next operator, then has nothing left to read.
namespace pipit::nn {

/// Of the results so far, with zero in it. Values that are no numbers are left out, as dynamic_scale() does.
template <class Isa>
struct SeenRange {
  using F32 = typename Isa::F32;
  f32 low[Isa::kLanes] = {}, high[Isa::kLanes] = {};

  /// Widens a range of vectors by x. x goes first: where it is no number, the instructions return the other.
  [[gnu::always_inline]] static void widen(F32 x, F32& low, F32& high) {
    low = Isa::min(x, low);
    high = Isa::max(x, high);
  }
  /// Takes over the range of a tile that was just written, or, where the panel is not full and the vectors
  /// hold more than was written, looks at what was.
  template <u32 kRows, u32 kWidth>
  [[gnu::always_inline]] void keep(F32 lows, F32 highs, const TileOutput<f32>& out) {
    if (out.columns == kWidth) {
      Isa::store(low, lows);
      Isa::store(high, highs);
    } else {
      look_at(out, kRows);
    }
  }
  RowRange range() const {
    RowRange all{0, 0};
    for (u32 lane = 0; lane < Isa::kLanes; ++lane) all.widen({low[lane], high[lane]});
    return all;
  }

 private:
  [[gnu::noinline]] void look_at(const TileOutput<f32>& out, u32 rows) {
    for (u32 row = 0; row < rows; ++row)
      for (u32 c = 0; c < out.columns; ++c) {
        const f32 x = out.first[usize{row} * out.stride + c];
        if (x < low[0]) low[0] = x;
        if (x > high[0]) high[0] = x;
      }
  }
};

}  // namespace pipit::nn
