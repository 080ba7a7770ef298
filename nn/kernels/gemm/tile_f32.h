#pragma once
#include "nn/kernels/gemm/tile.h"

/// Register tiles of floats. Isa is a struct such as nn/kernels/simd/avx2.h.
namespace pipit::nn {

template <class Isa>
constexpr u32 kPanelWidth = Isa::kLanes * Isa::kTileVectors;

/// A few rows have too few sums to hide the latency of an addition: they keep several sums each.
template <u32 kRows>
constexpr u32 kChains = kRows == 1   ? 4
                        : kRows == 2 ? 2
                                     : 1;

/// panel: bias [width], then [runs.count × runs.length][width].
template <class Isa, u32 kRows>
void tile_f32(const f32* const* rows, const Runs& runs, const f32* panel, f32 low, f32 high,
              const TileOutput<f32>& out) {
  constexpr u32 kVectors = Isa::kTileVectors, kWidth = kPanelWidth<Isa>, kSets = kChains<kRows>;
  constexpr u32 kSteps = kSets > 1 ? 4 : kUnroll<Isa, kRows, Isa::kTileRows>;
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
    for (; kSteps > 1 && k + kSteps <= runs.length; k += kSteps)
#pragma clang loop unroll(full)
      for (u32 j = 0; j < kSteps; ++j) step(k + j, j % kSets);
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

}  // namespace pipit::nn
