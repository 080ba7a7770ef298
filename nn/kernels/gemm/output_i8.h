#pragma once
#include "nn/kernels/channel_output.h"
#include "nn/kernels/dynamic/dynamic.h"
#include "nn/kernels/gemm/seen_range.h"
#include "nn/kernels/gemm/tile_i8.h"

/// What becomes of a tile's 32-bit sums. Each has the Element it writes, the Panel of constants it keeps per
/// wide panel of channels, and start(), the values at which a panel's sums begin.
namespace pipit::nn {

/// Writes `columns` elements of every row: straight, or by way of a whole row where the panel is not full.
template <class Element, u32 kRows, u32 kWidth, class StoreRow>
[[gnu::always_inline]] inline void store_rows(const TileOutput<Element>& out, StoreRow store_row) {
  Element tail[kWidth];
#pragma clang loop unroll(full)
  for (u32 i = 0; i < kRows; ++i) {
    Element* to = out.first + usize{i} * out.stride;
    if (out.columns == kWidth) {
      store_row(i, to);
      continue;
    }
    store_row(i, tail);
    std::memcpy(to, tail, out.columns * sizeof(Element));
  }
}

/// int8 by one factor per channel.
template <class Isa>
struct Requantized {
  using Element = i8;
  static constexpr u32 kWidth = kWideChannels<Isa>;
  struct Panel {
    i32 bias[kWidth];
    i32 multiplier[kWidth], shift[kWidth];  ///< see NarrowFactor
  };
  OutputRange range;

  static void pack(const i32* bias, const format::Rescale* factors, const i32* weight_sums, u32 columns,
                   Panel& panel) {
    for (u32 c = 0; c < kWidth; ++c) {
      const bool real = c < columns;
      // Activations are offset; modulo 2^32 the sums come out the same.
      panel.bias[c] = real ? static_cast<i32>(static_cast<u32>(bias[c]) -
                                              static_cast<u32>(Isa::kActivationOffset * i64{weight_sums[c]}))
                           : 0;
      const NarrowFactor factor = real ? NarrowFactor::of(factors[c]) : NarrowFactor{0, 1};
      panel.multiplier[c] = factor.multiplier;
      panel.shift[c] = factor.shift;
    }
  }

  const i32* start(const Panel& panel, i32*) const { return panel.bias; }

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] void store(typename Isa::I32 (&sums)[kRows][kVectors], const Panel& panel,
                                    const TileOutput<i8>& out) const {
    rescale(sums, panel);
    store_rows<i8, kRows, kVectors * Isa::kLanes>(
        out, [&](u32 i, i8* to) __attribute__((always_inline)) { Isa::store_i8(to, sums[i], range); });
  }

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] static void rescale(typename Isa::I32 (&sums)[kRows][kVectors], const Panel& panel) {
#pragma clang loop unroll(full)
    for (u32 v = 0; v < kVectors; ++v) {
      const auto factors = Isa::factors(panel.multiplier + v * Isa::kLanes, panel.shift + v * Isa::kLanes);
#pragma clang loop unroll(full)
      for (u32 i = 0; i < kRows; ++i) sums[i][v] = Isa::rescale(sums[i][v], factors);
    }
  }
};

/// f32 of a dynamically quantised layer; the operations are those of the reference, in its order.
template <class Isa>
struct Dynamic {
  using Element = f32;
  static constexpr u32 kWidth = kWideChannels<Isa>;
  struct Panel {
    i32 weight_sum[kWidth];
    f32 scale[kWidth], bias[kWidth];
  };
  RowScale row;
  i32 zero;  ///< row.zero_point, a valid one
  format::Clamp clamp;
  SeenRange<Isa>* seen;

  static void pack(const f32* bias, const f32* scales, const i32* weight_sums, u32 columns, Panel& panel) {
    for (u32 c = 0; c < kWidth; ++c) {
      const bool real = c < columns;
      panel.weight_sum[c] = real ? weight_sums[c] : 0;
      panel.scale[c] = real ? scales[c] : 0;
      panel.bias[c] = real ? bias[c] : 0;
    }
  }

  const i32* start(const Panel& panel, i32* buffer) const {
    const i32 offset = zero + Isa::kActivationOffset;
    for (u32 c = 0; c < kWidth; ++c)
      buffer[c] = static_cast<i32>(0u - static_cast<u32>(offset) * static_cast<u32>(panel.weight_sum[c]));
    return buffer;
  }

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] void store(typename Isa::I32 (&sums)[kRows][kVectors], const Panel& panel,
                                    const TileOutput<f32>& out) const {
    auto low = Isa::load(seen->low), high = Isa::load(seen->high);
    store_rows<f32, kRows, kVectors * Isa::kLanes>(out, [&](u32 i, f32* to) __attribute__((always_inline)) {
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v) {
        const auto x = real(sums[i][v], panel, v);
        seen->widen(x, low, high);
        Isa::store(to + v * Isa::kLanes, x);
      }
    });
    seen->template keep<kRows, kVectors * Isa::kLanes>(low, high, out);
  }

  /// Vector `v` of a row.
  [[gnu::always_inline]] typename Isa::F32 real(typename Isa::I32 sum, const Panel& panel, u32 v) const {
    const auto scaled = Isa::mul(Isa::to_f32(sum), Isa::load(panel.scale + v * Isa::kLanes));
    const auto result =
        Isa::add(Isa::mul(scaled, Isa::splat(row.scale)), Isa::load(panel.bias + v * Isa::kLanes));
    return Isa::min(Isa::splat(clamp.high_f32()), Isa::max(Isa::splat(clamp.low_f32()), result));
  }
};

/// The sums themselves, for products that are not yet the result.
template <class Isa>
struct RawSums {
  using Element = i32;
  struct Panel {};

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] void store(typename Isa::I32 (&sums)[kRows][kVectors], const Panel&,
                                    const TileOutput<i32>& out) const {
#pragma clang loop unroll(full)
    for (u32 i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v)
        Isa::store(out.first + usize{i} * out.stride + v * Isa::kLanes, sums[i][v]);
  }
};

}  // namespace pipit::nn
