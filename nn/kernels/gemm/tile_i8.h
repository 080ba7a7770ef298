#pragma once
#include "nn/kernels/gemm/tile.h"

/// Register tiles of integers: kRows rows of activations times one panel of kVectors vectors of channels.
/// What becomes of the 32-bit sums is the Output's business (nn/kernels/gemm/output_i8.h).
namespace pipit::nn {

/// Channels of a wide panel. The last panel of a layer may be narrow.
template <class Isa>
constexpr u32 kWideChannels = Isa::kLanes * Isa::kWideVectors;
template <class Isa>
constexpr u32 kNarrowChannels = Isa::kLanes * Isa::kNarrowVectors;

/// Whether the instruction set's products are those of pairs (nn/kernels/simd/avx2_paired.h).
template <class Isa>
constexpr bool kPaired = requires { Isa::place(0u, 0u); };

/// Where a tile's sums begin.
struct TileStart {
  const i32* channels;
  const i32* rows = nullptr;  ///< kPaired: what is taken from the sums of each row
};

/// Rows of a full tile. Weights that are widened as they are read are for few rows: in small code for three
/// at most.
template <class Isa, u32 kVectors, class Weight>
constexpr u32 kFullRows =
    kSmallCode<Isa> && sizeof(Weight) < sizeof(typename Isa::Weight) ? 3 : Isa::template kRowsOf<kVectors>;

/// weights: [runs.count][groups of a run][kVectors × kLanes][kGroup].
template <class Isa, u32 kRows, u32 kVectors, class Weight, class Output>
void tile_i8(const typename Isa::Activation* const* rows, const Runs& runs, const TileStart& start,
             const Weight* weights, const Output& output, const typename Output::Panel& panel,
             const TileOutput<typename Output::Element>& out) {
  constexpr u32 kGroup = Isa::kGroup, kStep = kVectors * Isa::kLanes * kGroup;
  constexpr u32 kSteps = kUnroll<Isa, kRows, kFullRows<Isa, kVectors, Weight>>;
  typename Isa::I32 sums[kRows][kVectors];
#pragma clang loop unroll(full)
  for (u32 i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) sums[i][v] = Isa::load(start.channels + v * Isa::kLanes);
  if constexpr (kPaired<Isa>) {
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v) sums[i][v] = Isa::sub(sums[i][v], Isa::splat(start.rows[i]));
  }
  for (u32 run = 0; run < runs.count; ++run) {
    const typename Isa::Activation* left[kRows];
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i) left[i] = rows[i] + runs.offsets[run];
    u32 k = 0;
    for (; kSteps > 1 && k + kSteps * kGroup <= runs.length; k += kSteps * kGroup, weights += kSteps * kStep)
#pragma clang loop unroll(full)
      for (u32 j = 0; j < kSteps; ++j) Isa::step(sums, left, k + j * kGroup, weights + j * kStep);
    for (; k < runs.length; k += kGroup, weights += kStep) Isa::step(sums, left, k, weights);
  }
  output.store(sums, panel, out);
}

/// The tile of as many rows as are left, at most kRows.
template <class Isa, u32 kRows, u32 kVectors, class Weight, class Output>
void tile_rows_i8(u32 left, const typename Isa::Activation* const* rows, const Runs& runs,
                  const TileStart& start, const Weight* weights, const Output& output,
                  const typename Output::Panel& panel, const TileOutput<typename Output::Element>& out) {
  if constexpr (kRows > 1)
    if (left < kRows)
      return tile_rows_i8<Isa, kRows - 1, kVectors>(left, rows, runs, start, weights, output, panel, out);
  tile_i8<Isa, kRows, kVectors>(rows, runs, start, weights, output, panel, out);
}

/// All rows of a panel; out.first is that of the first row.
template <class Isa, u32 kVectors, class Weight, class Output>
void panel_i8(u32 count, const typename Isa::Activation* const* rows, const Runs& runs,
              const TileStart& start, const Weight* weights, const Output& output,
              const typename Output::Panel& panel, TileOutput<typename Output::Element> out) {
  constexpr u32 kRows = kFullRows<Isa, kVectors, Weight>;
  for (u32 row = 0; row < count; row += kRows, out.first += usize{kRows} * out.stride) {
    const TileStart from{start.channels, kPaired<Isa> ? start.rows + row : nullptr};
    tile_rows_i8<Isa, kRows, kVectors>(count - row, rows + row, runs, from, weights, output, panel, out);
  }
}

}  // namespace pipit::nn
