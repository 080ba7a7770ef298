#pragma once
#include "nn/fast.h"
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/kernels/gemm/band.h"

/// int8 convolution by register tiles over a packed weight matrix; bit-identical to the portable kernel.
namespace pipit::nn {

/// Packed: run offsets, then per panel its header and its weights as int8. Where the instruction set
/// multiplies wider weights, a panel is widened into the scratch memory once per band.
template <class Isa>
struct TiledConvI8 {
  using Activation = typename Isa::Activation;
  using Weight = typename Isa::Weight;
  static constexpr u32 kWidth = kPanelWidth<Isa>, kGroup = Isa::kGroup;
  static constexpr u32 kBandBytes = 192 * 1024;
  static constexpr bool kWidens = sizeof(Weight) > 1;
  /// A panel that meets fewer rows than this is widened in registers as it is read.
  static constexpr u32 kRowsWorthWidening = 2 * Isa::kTileRows + 1;

  static u64 aligned(u64 bytes) { return (bytes + 63) / 64 * 64; }
  static u32 panels(u32 channels) { return (channels + kWidth - 1) / kWidth; }
  static u32 rounded(u32 length) { return (length + kGroup - 1) / kGroup * kGroup; }
  static u64 panel_weights(const BandLayout& layout) {
    return u64{layout.run_count} * rounded(layout.run_length) * kWidth;
  }
  static u64 panel_bytes(const BandLayout& layout) {
    return aligned(sizeof(PanelHeader<Isa>) + panel_weights(layout));
  }
  /// Groups may reach a few elements past a run; 64 bytes of slack keep that inside.
  static u64 band_bytes(const WindowShape& shape, const BandLayout& layout) {
    return aligned(u64{layout.in_rows(shape, layout.rows)} * layout.row_elements * sizeof(Activation) + 64);
  }
  static u64 address_bytes(const WindowShape& shape, const BandLayout& layout) {
    return aligned(u64{layout.rows} * shape.out_w * sizeof(Activation*));
  }

  static bool plan(const WindowShape& shape, const format::Rescale* factors, FastKernel::Needs& needs) {
    BandLayout layout;
    if (!lay_out(shape, sizeof(Activation), kBandBytes, layout)) return false;
    for (u32 channel = 0; channel < shape.out_c; ++channel)
      if (!NarrowFactor::fits(factors[channel])) return false;
    needs.packed_bytes = aligned(layout.run_count * sizeof(u32)) + panels(shape.out_c) * panel_bytes(layout);
    needs.scratch_bytes = band_bytes(shape, layout) + address_bytes(shape, layout);
    if (kWidens) needs.scratch_bytes += panel_weights(layout) * sizeof(Weight);
    return true;
  }

  static void pack(const WindowShape& shape, const i8* weights, const i32* bias,
                   const format::Rescale* factors, u8* packed) {
    BandLayout layout;
    lay_out(shape, sizeof(Activation), kBandBytes, layout);
    auto* offsets = reinterpret_cast<u32*>(packed);
    for (u32 run = 0; run < layout.run_count; ++run) offsets[run] = layout.offset(shape, run);
    u8* panel = packed + aligned(layout.run_count * sizeof(u32));
    const usize depth = usize{layout.run_count} * layout.run_length;
    for (u32 first = 0; first < shape.out_c; first += kWidth, panel += panel_bytes(layout)) {
      const u32 columns = shape.out_c - first < kWidth ? shape.out_c - first : kWidth;
      auto& header = *reinterpret_cast<PanelHeader<Isa>*>(panel);
      for (u32 c = 0; c < kWidth; ++c) {
        const bool real = c < columns;
        i32 sum = 0;
        if (real && Isa::kActivationOffset != 0)
          for (usize k = 0; k < depth; ++k) sum += weights[(first + c) * depth + k];
        // Activations are offset; modulo 2^32 the sums come out the same.
        header.bias[c] = real ? static_cast<i32>(static_cast<u32>(bias[first + c]) -
                                                 static_cast<u32>(Isa::kActivationOffset * i64{sum}))
                              : 0;
        const NarrowFactor factor = real ? NarrowFactor::of(factors[first + c]) : NarrowFactor{0, 1};
        header.multiplier[c] = factor.multiplier;
        header.shift[c] = factor.shift;
      }
      auto* out = reinterpret_cast<i8*>(panel + sizeof header);
      for (u32 run = 0; run < layout.run_count; ++run)
        for (u32 k = 0; k < rounded(layout.run_length); k += kGroup)
          for (u32 c = 0; c < kWidth; ++c)
            for (u32 j = 0; j < kGroup; ++j)
              *out++ = c < columns && k + j < layout.run_length
                           ? weights[(first + c) * depth + usize{run} * layout.run_length + k + j]
                           : i8{0};
    }
  }

  static void run(const Conv2dI8& conv, const u8* packed, u8* scratch) {
    const WindowShape& shape = conv.shape;
    BandLayout layout;
    lay_out(shape, sizeof(Activation), kBandBytes, layout);
    const Runs runs{layout.run_count, layout.run_length, reinterpret_cast<const u32*>(packed)};
    const u8* panels = packed + aligned(layout.run_count * sizeof(u32));
    auto* band = reinterpret_cast<Activation*>(scratch);
    auto** addresses = reinterpret_cast<const Activation**>(scratch + band_bytes(shape, layout));
    auto* wide =
        reinterpret_cast<Weight*>(scratch + band_bytes(shape, layout) + address_bytes(shape, layout));
    const auto zero = static_cast<Activation>(conv.input_zero_point + Isa::kActivationOffset);
    const u32 image_elements = shape.in_h * shape.in_w * shape.in_c;
    for (u32 image = 0; image < shape.batch; ++image)
      for (u32 y = 0; y < shape.out_h; y += layout.rows) {
        const u32 rows = shape.out_h - y < layout.rows ? shape.out_h - y : layout.rows;
        copy_band(shape, layout, conv.input + usize{image} * image_elements, y, rows, band, convert,
                  [zero](Activation* to, u32 count) {
                    for (u32 i = 0; i < count; ++i) to[i] = zero;
                  });
        window_addresses(shape, layout, band, rows, addresses);
        i8* out = conv.output + (usize{image} * shape.out_h + y) * shape.out_w * shape.out_c;
        multiply(conv, layout, runs, panels, addresses, rows * shape.out_w, wide, out);
      }
  }

 private:
  static void convert(const i8* from, u32 count, Activation* to) {
    u32 i = 0;
    for (; i + 16 <= count; i += 16) Isa::convert16(from + i, to + i);
    for (; i < count; ++i) to[i] = static_cast<Activation>(from[i] + Isa::kActivationOffset);
  }

  static void multiply(const Conv2dI8& conv, const BandLayout& layout, const Runs& runs, const u8* panel,
                       const Activation* const* rows, u32 count, Weight* wide, i8* out) {
    const u32 channels = conv.shape.out_c;
    const OutputRange range{conv.output_zero_point, conv.clamp.low_i32(), conv.clamp.high_i32()};
    for (u32 first = 0; first < channels; first += kWidth, panel += panel_bytes(layout)) {
      const auto& header = *reinterpret_cast<const PanelHeader<Isa>*>(panel);
      const auto* weights = reinterpret_cast<const i8*>(panel + sizeof header);
      const u32 columns = channels - first < kWidth ? channels - first : kWidth;
      const bool widen = kWidens && count >= kRowsWorthWidening;
      if constexpr (kWidens)
        if (widen)
          for (u64 i = 0; i < panel_weights(layout); i += 16) Isa::convert16(weights + i, wide + i);
      for (u32 row = 0; row < count; row += Isa::kTileRows) {
        const TileOutput<i8> to{out + usize{row} * channels + first, channels, columns};
        if (widen)
          tile(count - row, rows + row, runs, header, wide, range, to);
        else
          tile(count - row, rows + row, runs, header, weights, range, to);
      }
    }
  }

  template <u32 kRows = Isa::kTileRows, class W>
  static void tile(u32 left, const Activation* const* rows, const Runs& runs, const PanelHeader<Isa>& header,
                   const W* weights, const OutputRange& range, const TileOutput<i8>& out) {
    if constexpr (kRows > 1)
      if (left < kRows) return tile<kRows - 1>(left, rows, runs, header, weights, range, out);
    tile_i8<Isa, kRows>(rows, runs, header, weights, range, out);
  }
};

}  // namespace pipit::nn
