#pragma once
#include <cstring>

#include "base/types.h"
#include "nn/kernels/channel_output.h"

/// Register tiles: kRows rows of a left matrix times one panel of a packed right matrix. Isa is a struct such
/// as nn/kernels/simd/avx2.h.
namespace pipit::nn {

/// How the elements of a left row lie: `count` stretches of `length` elements, stretch r from offsets[r] on.
struct Runs {
  u32 count;
  u32 length;
  const u32* offsets;
};

template <class Isa>
constexpr u32 kPanelWidth = Isa::kLanes * Isa::kTileVectors;

/// A few rows have too few sums to hide the latency of an addition: they keep several sums each.
template <u32 kRows>
constexpr u32 kChains = kRows == 1   ? 4
                        : kRows == 2 ? 2
                                     : 1;

/// One panel's result for up to kRows rows; `columns` of the panel are real.
template <class T>
struct TileOutput {
  T* first;
  u32 stride;  ///< elements from one row to the next
  u32 columns;
};

/// panel: bias [width], then [runs.count × runs.length][width].
template <class Isa, u32 kRows>
void tile_f32(const f32* const* rows, const Runs& runs, const f32* panel, f32 low, f32 high,
              const TileOutput<f32>& out) {
  constexpr u32 kVectors = Isa::kTileVectors, kWidth = kPanelWidth<Isa>, kSets = kChains<kRows>;
  typename Isa::F32 sums[kSets][kRows][kVectors];
#pragma clang loop unroll(full)
  for (u32 i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) {
      sums[0][i][v] = Isa::load(panel + v * Isa::kLanes);
#pragma clang loop unroll(full)
      for (u32 set = 1; set < kSets; ++set) sums[set][i][v] = Isa::splat(0.0f);
    }
  const f32* weights = panel + kWidth;
  for (u32 run = 0; run < runs.count; ++run) {
    const f32* left[kRows];
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i) left[i] = rows[i] + runs.offsets[run];
    const auto step = [&](u32 k, u32 set) __attribute__((always_inline)) {
      typename Isa::F32 right[kVectors];
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v) right[v] = Isa::load(weights + v * Isa::kLanes);
      weights += kWidth;
#pragma clang loop unroll(full)
      for (u32 i = 0; i < kRows; ++i) {
        const auto x = Isa::splat(left[i][k]);
#pragma clang loop unroll(full)
        for (u32 v = 0; v < kVectors; ++v) sums[set][i][v] = Isa::fma(x, right[v], sums[set][i][v]);
      }
    };
    u32 k = 0;
    for (; k + 4 <= runs.length; k += 4)
#pragma clang loop unroll(full)
      for (u32 j = 0; j < 4; ++j) step(k + j, j % kSets);
    for (; k < runs.length; ++k) step(k, 0);
  }
  // The bound goes first: where the second operand is no number, the instructions return it, as the reference
  // does.
  const auto lowest = Isa::splat(low), highest = Isa::splat(high);
#pragma clang loop unroll(full)
  for (u32 i = 0; i < kRows; ++i) {
    f32 tail[kWidth];
    f32* to = out.columns == kWidth ? out.first + usize{i} * out.stride : tail;
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) {
      auto sum = sums[0][i][v];
#pragma clang loop unroll(full)
      for (u32 set = 1; set < kSets; ++set) sum = Isa::add(sum, sums[set][i][v]);
      Isa::store(to + v * Isa::kLanes, Isa::min(highest, Isa::max(lowest, sum)));
    }
    if (to == tail) std::memcpy(out.first + usize{i} * out.stride, tail, out.columns * sizeof(f32));
  }
}

/// What an int8 panel begins with; its weights follow as [runs.count][groups of a run][width][kGroup].
template <class Isa>
struct PanelHeader {
  i32 bias[kPanelWidth<Isa>];
  i32 multiplier[kPanelWidth<Isa>];
  i32 shift[kPanelWidth<Isa>];  ///< see NarrowFactor
};

template <class Isa, u32 kRows, class Weight>
void tile_i8(const typename Isa::Activation* const* rows, const Runs& runs, const PanelHeader<Isa>& header,
             const Weight* weights, const OutputRange& range, const TileOutput<i8>& out) {
  constexpr u32 kVectors = Isa::kTileVectors, kWidth = kPanelWidth<Isa>, kSets = kChains<kRows>;
  typename Isa::I32 sums[kSets][kRows][kVectors];
#pragma clang loop unroll(full)
  for (u32 i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) {
      sums[0][i][v] = Isa::load(header.bias + v * Isa::kLanes);
#pragma clang loop unroll(full)
      for (u32 set = 1; set < kSets; ++set) sums[set][i][v] = Isa::splat(i32{0});
    }
  for (u32 run = 0; run < runs.count; ++run) {
    const typename Isa::Activation* left[kRows];
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i) left[i] = rows[i] + runs.offsets[run];
    const auto step = [&](u32 k, u32 set) __attribute__((always_inline)) {
      typename Isa::I32 right[kVectors];
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v)
        right[v] = Isa::load_weights(weights + v * Isa::kLanes * Isa::kGroup);
      weights += kWidth * Isa::kGroup;
#pragma clang loop unroll(full)
      for (u32 i = 0; i < kRows; ++i) Isa::dot(sums[set][i], left[i] + k, right);
    };
    constexpr u32 kGroup = Isa::kGroup;
    u32 k = 0;
    for (; k + 4 * kGroup <= runs.length; k += 4 * kGroup)
#pragma clang loop unroll(full)
      for (u32 j = 0; j < 4; ++j) step(k + j * kGroup, j % kSets);
    for (; k < runs.length; k += kGroup) step(k, 0);
  }
  const auto zero = Isa::splat(range.zero_point), low = Isa::splat(range.low), high = Isa::splat(range.high);
  i8 tail[kRows][kWidth];
  const bool whole = out.columns == kWidth;
#pragma clang loop unroll(full)
  for (u32 v = 0; v < kVectors; ++v) {
    const auto factors = Isa::factors(header.multiplier + v * Isa::kLanes, header.shift + v * Isa::kLanes);
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i) {
      auto sum = sums[0][i][v];
#pragma clang loop unroll(full)
      for (u32 set = 1; set < kSets; ++set) sum = Isa::add(sum, sums[set][i][v]);
      const auto value = Isa::add(Isa::rescale(sum, factors), zero);
      i8* to = whole ? out.first + usize{i} * out.stride : tail[i];
      Isa::store_i8(to + v * Isa::kLanes, Isa::min(Isa::max(value, low), high));
    }
  }
  if (whole) return;
  for (u32 i = 0; i < kRows; ++i) std::memcpy(out.first + usize{i} * out.stride, tail[i], out.columns);
}

}  // namespace pipit::nn
