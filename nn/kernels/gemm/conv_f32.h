#pragma once
#include "nn/fast.h"
#include "nn/kernels/conv2d/conv2d.h"
#include "nn/kernels/gemm/band.h"
#include "nn/kernels/gemm/tile_f32.h"

/// f32 convolution by register tiles over a packed weight matrix.
namespace pipit::nn {

/// Packed: run offsets, then per panel its bias and weights.
template <class Isa>
struct TiledConvF32 {
  static constexpr u32 kWidth = kPanelWidth<Isa>;
  static constexpr u32 kBandBytes = 192 * 1024;
  /// With fewer output rows than this for each, the panels are shared out instead of the rows.
  static constexpr u32 kRowsWorthSharing = 8;

  static u64 aligned(u64 bytes) { return (bytes + 63) / 64 * 64; }
  static u32 panels(u32 channels) { return (channels + kWidth - 1) / kWidth; }
  static u64 panel_floats(const BandLayout& layout) {
    return u64{kWidth} * (1 + u64{layout.run_count} * layout.run_length);
  }
  static u64 band_bytes(const WindowShape& shape, const BandLayout& layout) {
    if (layout.direct) return 0;
    return aligned(u64{layout.in_rows(shape, layout.rows)} * layout.row_elements * sizeof(f32) + 64);
  }

  static bool plan(const WindowShape& shape, FastKernel::Needs& needs) {
    BandLayout layout;
    if (!lay_out(shape, sizeof(f32), kBandBytes, layout)) return false;
    needs.packed_bytes =
        aligned(layout.run_count * sizeof(u32)) + panels(shape.out_c) * panel_floats(layout) * sizeof(f32);
    needs.scratch_bytes = band_bytes(shape, layout) + u64{layout.rows} * shape.out_w * sizeof(f32*);
    return true;
  }

  static void pack(const WindowShape& shape, const f32* weights, const f32* bias, u8* packed) {
    BandLayout layout;
    lay_out(shape, sizeof(f32), kBandBytes, layout);
    auto* offsets = reinterpret_cast<u32*>(packed);
    for (u32 run = 0; run < layout.run_count; ++run) offsets[run] = layout.offset(shape, run);
    auto* out = reinterpret_cast<f32*>(packed + aligned(layout.run_count * sizeof(u32)));
    const u32 depth = layout.run_count * layout.run_length;
    for (u32 first = 0; first < shape.out_c; first += kWidth) {
      const u32 columns = shape.out_c - first < kWidth ? shape.out_c - first : kWidth;
      for (u32 c = 0; c < kWidth; ++c) *out++ = c < columns ? bias[first + c] : 0;
      for (u32 k = 0; k < depth; ++k)
        for (u32 c = 0; c < kWidth; ++c) *out++ = c < columns ? weights[usize{first + c} * depth + k] : 0;
    }
  }

  static void run(const Conv2dF32& conv, const u8* packed, u8* scratch, Share share) {
    const WindowShape& shape = conv.shape;
    BandLayout layout;
    lay_out(shape, sizeof(f32), kBandBytes, layout);
    const Runs runs{layout.run_count, layout.run_length, reinterpret_cast<const u32*>(packed)};
    const auto* panels = reinterpret_cast<const f32*>(packed + aligned(layout.run_count * sizeof(u32)));
    auto* band = reinterpret_cast<f32*>(scratch);
    auto** addresses = reinterpret_cast<const f32**>(scratch + band_bytes(shape, layout));
    const u32 image_elements = shape.in_h * shape.in_w * shape.in_c;
    const bool by_rows = shape.out_h >= share.count * kRowsWorthSharing;
    const Share::Range part = by_rows ? share.of(shape.out_h) : Share::Range{0, shape.out_h};
    const Share::Range channels = by_rows ? Share::Range{0, shape.out_c} : share.of(shape.out_c, kWidth);
    for (u32 image = 0; image < shape.batch; ++image)
      for (u32 y = part.begin; y < part.end; y += layout.rows) {
        const u32 rows = part.end - y < layout.rows ? part.end - y : layout.rows;
        const f32* in = conv.input + usize{image} * image_elements;
        const f32* from = band;
        if (layout.direct)
          from = in + usize{y} * shape.window.stride_h * layout.row_elements;
        else
          copy_band(
              shape, layout, in, y, rows, band,
              [](const f32* x, u32 count, f32* to) { std::memcpy(to, x, count * sizeof(f32)); },
              [](f32* to, u32 count) { std::memset(to, 0, count * sizeof(f32)); });
        window_addresses(shape, layout, from, rows, addresses);
        f32* out = conv.output + (usize{image} * shape.out_h + y) * shape.out_w * shape.out_c;
        multiply(conv, runs, panels, panel_floats(layout), addresses, rows * shape.out_w, channels, out);
      }
  }

 private:
  static void multiply(const Conv2dF32& conv, const Runs& runs, const f32* panel, u64 panel_floats,
                       const f32* const* rows, u32 count, Share::Range part, f32* out) {
    const u32 channels = conv.shape.out_c;
    panel += part.begin / kWidth * panel_floats;
    for (u32 first = part.begin; first < part.end; first += kWidth, panel += panel_floats)
      for (u32 row = 0; row < count; row += Isa::kTileRows) {
        const u32 left = channels - first;
        const TileOutput<f32> to{out + usize{row} * channels + first, channels,
                                 left < kWidth ? left : kWidth};
        tile(count - row, rows + row, runs, panel, conv.clamp, to);
      }
  }

  /// The tile of as many rows as are left. (A table of functions would be no shorter and not inlined.)
  template <u32 kRows = Isa::kTileRows>
  static void tile(u32 left, const f32* const* rows, const Runs& runs, const f32* panel, format::Clamp clamp,
                   const TileOutput<f32>& out) {
    if constexpr (kRows > 1)
      if (left < kRows) return tile<kRows - 1>(left, rows, runs, panel, clamp, out);
    tile_f32<Isa, kRows>(rows, runs, panel, clamp.low_f32(), clamp.high_f32(), out);
  }
};

}  // namespace pipit::nn
