#pragma once
#include "nn/fast.h"
#include "nn/kernels/gemm/band.h"
#include "nn/kernels/gemm/layer.h"
#include "nn/kernels/gemm/output_i8.h"

/// int8 convolution by register tiles over a packed weight matrix; bit-identical to the portable kernel.
namespace pipit::nn {

/// How the channels of a layer are cut into panels: wide ones, then a narrow one where that is enough.
template <class Isa>
struct PanelCut {
  static constexpr u32 kWide = kWideChannels<Isa>, kNarrow = kNarrowChannels<Isa>;
  u32 channels;

  u32 count() const { return (channels + kWide - 1) / kWide; }
  u32 columns(u32 panel) const { return channels - panel * kWide < kWide ? channels - panel * kWide : kWide; }
  /// Channels that the panel has room for.
  u32 width(u32 panel) const { return columns(panel) <= kNarrow ? kNarrow : kWide; }
  /// Room of all panels before `panel`.
  u64 before(u32 panel) const {
    return panel == count() && panel != 0 ? u64{panel - 1} * kWide + width(panel - 1) : u64{panel} * kWide;
  }
  u64 room() const { return before(count()); }
};

/// Where weight j of channel c goes among a group's weights.
template <class Isa>
constexpr u32 place_in_group(u32 c, u32 j) {
  if constexpr (kPaired<Isa>) return Isa::place(c, j);
  return c * Isa::kGroup + j;
}

/// Writes a panel's weights: per run and group of `kGroup` elements, the group's weights of every channel.
/// weight(channel, k) is that of a real channel and element; `padding` stands where there is none.
template <class Isa, class T, class Weight>
void pack_panel(const BandLayout& layout, u32 columns, u32 width, Weight weight, T padding, T* out) {
  for (u32 run = 0; run < layout.run_count; ++run)
    for (u32 k = 0; k < layout.run_length; k += Isa::kGroup, out += width * Isa::kGroup)
      for (u32 c = 0; c < width; ++c)
        for (u32 j = 0; j < Isa::kGroup; ++j)
          out[place_in_group<Isa>(c, j)] = c < columns && k + j < layout.run_length
                                               ? static_cast<T>(weight(c, run * layout.run_length + k + j))
                                               : padding;
}

/// Packed: run offsets, the panels' constants, their weights as int8. Where the instruction set multiplies
/// wider weights, a panel is widened into the scratch memory once per band, and their zero point taken off.
template <class Isa, template <class> class Output>
struct TiledConvI8 {
  using Activation = typename Isa::Activation;
  using Weight = typename Isa::Weight;
  using Out = Output<Isa>;
  using Panel = typename Out::Panel;
  using Element = typename Out::Element;
  static constexpr u32 kGroup = Isa::kGroup;
  /// A band stays in the second-level cache beside what else is read. Weights are widened once a band, so
  /// that where they are many, bands are few.
  static constexpr u32 kBandBytes = 192 * 1024, kBandBytesOfManyWeights = 448 * 1024;
  static constexpr u64 kManyWeights = 256 * 1024;
  static constexpr bool kWidens = sizeof(Weight) > 1;
  /// A panel that meets fewer rows than this is widened in registers as it is read.
  static constexpr u32 kRowsWorthWidening = kPaired<Isa> ? 0 : kSmallCode<Isa> ? 4 : 8;
  /// What is summed for a row and for a channel besides the products pays from so many rows and elements on.
  static constexpr u32 kRowsWorthPairing = 16, kDepthWorthPairing = 128;
  /// With fewer output rows than this for each, the panels are shared out instead of the rows.
  static constexpr u32 kRowsWorthSharing = 8;

  static u64 aligned(u64 bytes) { return (bytes + 63) / 64 * 64; }
  static u64 depth(const BandLayout& layout) {  // of a panel, padding included
    return u64{layout.run_count} * ((layout.run_length + kGroup - 1) / kGroup * kGroup);
  }

  /// Where everything lies.
  struct Plan {
    BandLayout layout;
    PanelCut<Isa> cut;
    u64 constants_at, pairs_at, weights_at, packed_bytes;
    u64 addresses_at, wide_at, row_pairs_at, scratch_bytes;
  };
  static bool is_worth_pairing(const WindowShape& shape) {
    return shape.in_c % kGroup == 0 && shape.out_h * shape.out_w >= kRowsWorthPairing &&
           u64{shape.in_c} * shape.kernel_h * shape.kernel_w >= kDepthWorthPairing;
  }
  /// Of the pixels of a 1 × 1 layer's image a stride leaves out all but some: a band has those alone.
  static bool is_strided_pointwise(const WindowShape& shape) {
    const format::Window& w = shape.window;
    return shape.kernel_h == 1 && shape.kernel_w == 1 && (w.stride_h > 1 || w.stride_w > 1) &&
           (w.pad_top | w.pad_bottom | w.pad_left | w.pad_right) == 0;
  }
  /// The layer over the pixels that it reads.
  static WindowShape without_strides(WindowShape shape) {
    if (!is_strided_pointwise(shape)) return shape;
    shape.in_h = shape.out_h;
    shape.in_w = shape.out_w;
    shape.window.stride_h = shape.window.stride_w = 1;
    return shape;
  }
  static bool lay_out_all(const WindowShape& layer, Plan& plan) {
    const WindowShape shape = without_strides(layer);
    if (kPaired<Isa> && !is_worth_pairing(shape)) return false;
    const u64 weights = u64{shape.out_c} * shape.kernel_h * shape.kernel_w * shape.in_c;
    const u32 band_bytes = kWidens && weights >= kManyWeights ? kBandBytesOfManyWeights : kBandBytes;
    if (!lay_out(shape, sizeof(Activation), band_bytes, plan.layout)) return false;
    plan.cut = {shape.out_c};
    plan.constants_at = aligned(plan.layout.run_count * sizeof(u32));
    plan.pairs_at = plan.constants_at + aligned(plan.cut.count() * sizeof(Panel));
    plan.weights_at = plan.pairs_at + (kPaired<Isa> ? aligned(plan.cut.room() * sizeof(i32)) : 0);
    plan.packed_bytes = plan.weights_at + plan.cut.room() * depth(plan.layout);
    // Groups may reach a few elements past a run; 64 bytes of slack keep that inside.
    plan.addresses_at = aligned(u64{plan.layout.in_rows(shape, plan.layout.rows)} * plan.layout.row_elements *
                                    sizeof(Activation) +
                                64);
    plan.wide_at = plan.addresses_at + aligned(u64{plan.layout.rows} * shape.out_w * sizeof(Activation*));
    plan.row_pairs_at =
        plan.wide_at + (kWidens ? kWideChannels<Isa> * depth(plan.layout) * sizeof(Weight) : 0);
    plan.scratch_bytes =
        plan.row_pairs_at + (kPaired<Isa> ? u64{plan.layout.rows} * shape.out_w * sizeof(i32) : 0);
    return true;
  }

  static bool plan(const WindowShape& shape, FastKernel::Needs& needs) {
    Plan plan;
    if (!lay_out_all(shape, plan)) return false;
    needs.packed_bytes = plan.packed_bytes;
    needs.scratch_bytes = plan.scratch_bytes;
    return true;
  }

  /// constants(first channel, weight sums, columns, panel) writes a panel's constants. A zero point of the
  /// weights other than 0 takes an instruction set that widens them.
  template <class Constants>
  static void pack(const WindowShape& shape, const i8* weights, i32 weight_zero_point, Constants constants,
                   u8* packed) {
    Plan plan;
    lay_out_all(shape, plan);
    auto* offsets = reinterpret_cast<u32*>(packed);
    for (u32 run = 0; run < plan.layout.run_count; ++run) offsets[run] = plan.layout.offset(shape, run);
    auto* panels = reinterpret_cast<Panel*>(packed + plan.constants_at);
    auto* out = reinterpret_cast<i8*>(packed + plan.weights_at);
    const usize elements = usize{plan.layout.run_count} * plan.layout.run_length;
    for (u32 p = 0; p < plan.cut.count(); ++p) {
      const u32 first = p * plan.cut.kWide, columns = plan.cut.columns(p);
      i32 sums[PanelCut<Isa>::kWide];
      for (u32 c = 0; c < columns; ++c) sums[c] = weight_sum(weights + (first + c) * elements, elements);
      constants(first, sums, columns, panels[p]);
      if constexpr (kPaired<Isa>)
        sum_pairs(weights + first * elements, columns, elements,
                  reinterpret_cast<i32*>(packed + plan.pairs_at) + plan.cut.before(p));
      pack_panel<Isa>(
          plan.layout, columns, plan.cut.width(p),
          [&](u32 c, u32 k) { return weights[(first + c) * elements + k]; },
          static_cast<i8>(weight_zero_point), out + plan.cut.before(p) * depth(plan.layout));
    }
  }

  struct Image {
    const WindowShape& shape;
    const i8* input;
    i32 zero_point;
    const Out& output;
    Element* to;
    i32 weight_zero_point = 0;
  };
  /// One image of the batch: `image.input` and `image.to` are its own.
  static void run(const Image& image, const u8* packed, u8* scratch, Share share) {
    const WindowShape shape = without_strides(image.shape);
    Plan plan;
    lay_out_all(image.shape, plan);
    const bool by_rows = shape.out_h >= share.count * kRowsWorthSharing;
    const Share::Range rows = by_rows ? share.of(shape.out_h) : Share::Range{0, shape.out_h};
    const Share::Range panels = by_rows ? Share::Range{0, plan.cut.count()} : share.of(plan.cut.count());
    if (panels.begin == panels.end) return;
    auto* band = reinterpret_cast<Activation*>(scratch);
    auto** addresses = reinterpret_cast<const Activation**>(scratch + plan.addresses_at);
    const auto zero = static_cast<Activation>(image.zero_point + Isa::kActivationOffset);
    for (u32 y = rows.begin; y < rows.end; y += plan.layout.rows) {
      const u32 count = rows.end - y < plan.layout.rows ? rows.end - y : plan.layout.rows;
      if (is_strided_pointwise(image.shape))
        copy_pixels(image, y, count, band);
      else
        copy_band(shape, plan.layout, image.input, y, count, band, convert,
                  [zero](Activation* to, u32 elements) {
                    for (u32 i = 0; i < elements; ++i) to[i] = zero;
                  });
      window_addresses(shape, plan.layout, band, count, addresses);
      if constexpr (kPaired<Isa>)
        sum_row_pairs({plan.layout.run_count, plan.layout.run_length, reinterpret_cast<const u32*>(packed)},
                      addresses, count * shape.out_w, reinterpret_cast<i32*>(scratch + plan.row_pairs_at));
      multiply(image, plan, packed, scratch, panels, count * shape.out_w,
               image.to + usize{y} * shape.out_w * shape.out_c, addresses);
    }
  }

  static void convert(const i8* from, u32 count, Activation* to) {
    u32 i = 0;
    for (; i + 16 <= count; i += 16) Isa::convert16(from + i, to + i);
    if constexpr (kPaired<Isa>)
      for (; i < count; i += kGroup) Isa::convert4(from + i, to + i);
    for (; i < count; ++i) to[i] = static_cast<Activation>(from[i] + Isa::kActivationOffset);
  }

 private:
  /// What `rows` output rows from y on of a strided pointwise layer read.
  static void copy_pixels(const Image& image, u32 y, u32 rows, Activation* band) {
    const WindowShape& shape = image.shape;
    for (u32 end = y + rows; y < end; ++y)
      for (u32 x = 0; x < shape.out_w; ++x, band += shape.in_c)
        convert(
            image.input + (usize{y} * shape.window.stride_h * shape.in_w + usize{x} * shape.window.stride_w) *
                              shape.in_c,
            shape.in_c, band);
  }
  /// What pairs of weights add to every sum of their channel.
  static void sum_pairs(const i8* weights, u32 columns, usize elements, i32* to) {
    for (u32 c = 0; c < columns; ++c, ++to) {
      *to = 0;
      for (usize k = 0; k < elements; k += kGroup) *to += Isa::pairs(weights + c * elements + k);
    }
  }
  /// What pairs of activations add to every sum of their row.
  static void sum_row_pairs(const Runs& runs, const Activation* const* rows, u32 count, i32* to) {
    for (u32 row = 0; row < count; ++row) {
      u32 sum = 0;
      for (u32 run = 0; run < runs.count; ++run)
        sum += static_cast<u32>(Isa::pairs(rows[row] + runs.offsets[run], runs.length));
      to[row] = static_cast<i32>(sum);
    }
  }
  /// Where a panel's sums begin; `buffer` has room for them.
  static const i32* start_of(const Image& image, const Plan& plan, const u8* packed, u32 p,
                             const Panel& panel, i32* buffer) {
    const i32* start = image.output.start(panel, buffer);
    if constexpr (kPaired<Isa>) {
      const i32* pairs = reinterpret_cast<const i32*>(packed + plan.pairs_at) + plan.cut.before(p);
      for (u32 c = 0; c < plan.cut.columns(p); ++c)
        buffer[c] = static_cast<i32>(static_cast<u32>(start[c]) - static_cast<u32>(pairs[c]));
      for (u32 c = plan.cut.columns(p); c < plan.cut.kWide; ++c) buffer[c] = 0;
      return buffer;
    }
    return start;
  }

  static void multiply(const Image& image, const Plan& plan, const u8* packed, u8* scratch,
                       Share::Range panels, u32 count, Element* out, const Activation* const* rows) {
    const Runs runs{plan.layout.run_count, plan.layout.run_length, reinterpret_cast<const u32*>(packed)};
    const auto* constants = reinterpret_cast<const Panel*>(packed + plan.constants_at);
    for (u32 p = panels.begin; p < panels.end; ++p) {
      const u32 width = plan.cut.width(p);
      const auto* weights =
          reinterpret_cast<const i8*>(packed + plan.weights_at) + plan.cut.before(p) * depth(plan.layout);
      alignas(64) i32 buffer[PanelCut<Isa>::kWide];
      const TileStart start{start_of(image, plan, packed, p, constants[p], buffer),
                            reinterpret_cast<const i32*>(scratch + plan.row_pairs_at)};
      const TileOutput<Element> to{out + p * plan.cut.kWide, image.shape.out_c, plan.cut.columns(p)};
      const auto tiles = [&](const auto* matrix) {
        if (width == plan.cut.kWide)
          panel_i8<Isa, Isa::kWideVectors>(count, rows, runs, start, matrix, image.output, constants[p], to);
        else
          panel_i8<Isa, Isa::kNarrowVectors>(count, rows, runs, start, matrix, image.output, constants[p],
                                             to);
      };
      if constexpr (kWidens)
        if (count >= kRowsWorthWidening || image.weight_zero_point != 0) {
          auto* wide = reinterpret_cast<Weight*>(scratch + plan.wide_at);
          const auto zero = Isa::splat16(static_cast<i16>(image.weight_zero_point));
          for (u64 i = 0; i < width * depth(plan.layout); i += 16)
            Isa::store16(wide + i, Isa::sub16(Isa::load_i8x16(weights + i), zero));
          tiles(static_cast<const Weight*>(wide));
          continue;
        }
      if constexpr (!kPaired<Isa>) tiles(weights);
    }
  }
};

}  // namespace pipit::nn
