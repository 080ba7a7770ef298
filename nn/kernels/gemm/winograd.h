#pragma once
#include "nn/kernels/gemm/conv_i8.h"

/// 3 × 3 convolutions of stride 1 by Winograd's F(4×4, 3×3): tiles of 4 × 4 results from 36 instead of 144
/// products. (S. Winograd 1980; A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks",
/// 2015.)
///
/// Exact, in integers modulo 2^32. With the interpolation points 0, ±1, ±2, ∞ the input's transform has the
/// coefficients 0, 1, 2, 4, 5: values up to 100 × 128. The weights' transform is scaled by 4, 6, 6, 24, 24, 1
/// to whole numbers up to 49 × 128; the results' transform makes up for that and gives 24² × the sum. The
/// factor 9 is divided by multiplying with its inverse modulo 2^32, the factor 64 by a shift, which leaves 26
/// bits: enough for sums over kMostChannels input channels, so more are taken in several parts.
///
/// Weights are kept as they are and transformed while the layer runs, a third of the positions at a time:
/// eight times as many bytes would have to be read otherwise, which takes longer than making them.
namespace pipit::nn {

namespace winograd {
constexpr u32 kOut = 4, kIn = 6, kPositions = kIn * kIn;
/// 9 taps × 128 × 128 × channels < 2^25.
constexpr u32 kMostChannels = 224;
constexpr u32 kInverseOf9 = 954437177u;
static_assert(9u * kInverseOf9 == 1u);
static_assert(u64{9} * 128 * 128 * kMostChannels < (u64{1} << 25));

/// Elements from one position's to the next one's of `count`: a cache line more than they take, for at a
/// distance of 4 KiB all positions would meet in one set of the first-level cache.
template <class T>
constexpr usize apart(usize count) {
  return count + 64 / sizeof(T);
}

/// Columns of the positions whose weights are transformed together, because they share most of the work.
constexpr u32 kColumnsTogether = 2, kColumnPairs = kIn / kColumnsTogether;
constexpr u32 kColumnPair[kColumnPairs][kColumnsTogether] = {{0, 5}, {1, 2}, {3, 4}};

/// Whether so many tiles are less work than `pixels` results one by one. For each pair of an input and an
/// output channel: 36 products a tile and its weights' transform, which takes as long as kTransform products,
/// or 9 products a result.
constexpr bool is_less_work(u32 tiles, u32 pixels) {
  constexpr u32 kTransform = 100;
  return u64{kPositions} * tiles + kTransform < u64{9} * pixels;
}
}  // namespace winograd

/// Isa as the tiles', with `I16` lanes of its Activation. Packed: the panels' constants, then per panel and
/// group of input channels the int8 weights of every tap.
template <class Isa, template <class> class Output>
struct WinogradConvI8 {
  using Direct = TiledConvI8<Isa, Output>;
  using Out = typename Direct::Out;
  using Panel = typename Direct::Panel;
  using Element = typename Direct::Element;
  using I16 = typename Isa::I16;
  using I32 = typename Isa::I32;
  static constexpr u32 kOut = winograd::kOut, kIn = winograd::kIn, kPositions = winograd::kPositions;
  static constexpr u32 kTaps = 9;
  static constexpr u32 kBlock = 2 * Isa::kLanes;  ///< channels, or weights, transformed at a time
  static constexpr u32 kInputBytes =
      320 * 1024;  ///< of transformed input, at most, if that holds a row of tiles

  static u64 aligned(u64 bytes) { return (bytes + 63) / 64 * 64; }

  struct Plan {
    PanelCut<Isa> cut;
    u32 tiles_x, tiles_y, tile_rows;  ///< tile_rows of them at a time
    u32 parts, part_channels;
    u64 weights_at, packed_bytes;
    u64 wide_at, sums_at, kept_at, padding_at, addresses_at, scratch_bytes;
    u32 tiles() const { return tile_rows * tiles_x; }
  };

  /// Elements from one position's to the next one's.
  static usize input_apart(u32 tiles, u32 channels) { return winograd::apart<i16>(usize{tiles} * channels); }
  static usize weights_apart(u32 channels, u32 width) {
    return winograd::apart<i16>(usize{channels} * width);
  }
  static usize products_apart(u32 tiles, u32 width) { return winograd::apart<i32>(usize{tiles} * width); }

  static bool lay_out_all(const WindowShape& shape, Plan& plan) {
    const format::Window& w = shape.window;
    if (shape.kernel_h != 3 || shape.kernel_w != 3 || w.stride_h != 1 || w.stride_w != 1 ||
        w.dilation_h != 1 || w.dilation_w != 1 || shape.in_c % kBlock != 0 || shape.in_c > 4096 ||
        shape.out_c > 4096 || shape.out_h > 1024 || shape.out_w > 1024)
      return false;
    plan.cut = {shape.out_c};
    plan.tiles_x = (shape.out_w + kOut - 1) / kOut;
    plan.tiles_y = (shape.out_h + kOut - 1) / kOut;
    if (!winograd::is_less_work(plan.tiles_x * plan.tiles_y, shape.out_h * shape.out_w)) return false;
    const u64 row_bytes = u64{kPositions} * plan.tiles_x * shape.in_c * sizeof(i16);
    plan.tile_rows = static_cast<u32>(kInputBytes / row_bytes);
    plan.tile_rows = plan.tile_rows == 0 ? 1 : plan.tile_rows < plan.tiles_y ? plan.tile_rows : plan.tiles_y;
    plan.parts = (shape.in_c + winograd::kMostChannels - 1) / winograd::kMostChannels;
    plan.part_channels = (shape.in_c / kBlock + plan.parts - 1) / plan.parts * kBlock;
    plan.weights_at = aligned(plan.cut.count() * sizeof(Panel));
    plan.packed_bytes = plan.weights_at + plan.cut.room() * kTaps * shape.in_c;
    plan.wide_at = aligned(kPositions * input_apart(plan.tiles(), shape.in_c) * sizeof(i16));
    plan.sums_at =
        plan.wide_at + aligned(winograd::kColumnsTogether * kIn *
                               weights_apart(plan.part_channels, kWideChannels<Isa>) * sizeof(i16));
    plan.kept_at = plan.sums_at + kPositions * products_apart(plan.tiles(), kWideChannels<Isa>) * sizeof(i32);
    plan.padding_at =
        plan.kept_at +
        (plan.parts > 1 ? u64{kOut} * kOut * plan.tiles() * kWideChannels<Isa> * sizeof(i32) : 0);
    plan.addresses_at = plan.padding_at + aligned(shape.in_c);
    plan.scratch_bytes = plan.addresses_at + plan.tiles() * sizeof(i16*);
    return true;
  }

  static bool plan(const WindowShape& shape, FastKernel::Needs& needs) {
    Plan plan;
    if (!lay_out_all(shape, plan)) return false;
    needs.packed_bytes = plan.packed_bytes;
    needs.scratch_bytes = plan.scratch_bytes;
    return true;
  }

  template <class Constants>
  static void pack(const WindowShape& shape, const i8* weights, i32 /*zero point*/, Constants constants,
                   u8* packed) {
    Plan plan;
    lay_out_all(shape, plan);
    auto* panels = reinterpret_cast<Panel*>(packed);
    auto* out = reinterpret_cast<i8*>(packed + plan.weights_at);
    const u32 channels = shape.in_c;
    for (u32 p = 0; p < plan.cut.count(); ++p) {
      const u32 first = p * plan.cut.kWide, columns = plan.cut.columns(p), width = plan.cut.width(p);
      i32 sums[PanelCut<Isa>::kWide];
      for (u32 c = 0; c < columns; ++c)
        sums[c] = weight_sum(weights + usize{first + c} * kTaps * channels, kTaps * channels);
      constants(first, sums, columns, panels[p]);
      for (u32 k = 0; k < channels; k += Isa::kGroup)
        for (u32 tap = 0; tap < kTaps; ++tap)
          for (u32 c = 0; c < width; ++c)
            for (u32 j = 0; j < Isa::kGroup; ++j)
              *out++ = c < columns ? weights[(usize{first + c} * kTaps + tap) * channels + k + j] : i8{0};
    }
  }

  static void run(const typename Direct::Image& image, const u8* packed, u8* scratch, Share share) {
    const WindowShape& shape = image.shape;
    Plan plan;
    lay_out_all(shape, plan);
    const bool by_rows = plan.tiles_y >= 2 * share.count;
    const Share::Range rows = by_rows ? share.of(plan.tiles_y) : Share::Range{0, plan.tiles_y};
    const Share::Range panels = by_rows ? Share::Range{0, plan.cut.count()} : share.of(plan.cut.count());
    if (panels.begin == panels.end) return;
    auto* padding = reinterpret_cast<i8*>(scratch + plan.padding_at);
    std::memset(padding, image.zero_point, shape.in_c);
    for (u32 row = rows.begin; row < rows.end; row += plan.tile_rows) {
      Band band{row, rows.end - row < plan.tile_rows ? rows.end - row : plan.tile_rows};
      transform_input(image, plan, band, padding, reinterpret_cast<i16*>(scratch));
      for (u32 p = panels.begin; p < panels.end; ++p)
        if (plan.cut.width(p) == plan.cut.kWide)
          multiply<Isa::kWideVectors>(image, plan, band, p, packed, scratch);
        else
          multiply<Isa::kNarrowVectors>(image, plan, band, p, packed, scratch);
    }
  }

 private:
  struct Band {
    u32 first, rows;  ///< of tiles
  };

  /// One row or column of three weights, scaled: the integers of the points 0, 1, −1, 2, −2, ∞.
  static void transform_weights(const I16 (&g)[3], I16 (&u)[kIn]) {
    const I16 one = Isa::add16(g[0], g[2]);
    const I16 two = Isa::add16(g[0], Isa::shift_left16(g[2], 2)), middle = Isa::shift_left16(g[1], 1);
    u[0] = g[0];
    u[1] = Isa::add16(one, g[1]);
    u[2] = Isa::sub16(one, g[1]);
    u[3] = Isa::add16(two, middle);
    u[4] = Isa::sub16(two, middle);
    u[5] = g[2];
  }

  /// The weights of `count` input channels at the positions of a pair of columns: [column][row][group of
  /// channels][kVectors × kLanes][kGroup].
  template <u32 kPair, u32 kVectors>
  static void transform_panel(const i8* weights, u32 count, i16* out) {
    constexpr u32 kStep = kVectors * kBlock;
    const usize apart = weights_apart(count, kVectors * Isa::kLanes);
    for (u32 k = 0; k < count; k += Isa::kGroup, weights += kTaps * kStep, out += kStep)
      for (u32 v = 0; v < kVectors; ++v) {
        I16 rows[3][kIn];
        for (u32 y = 0; y < 3; ++y) {
          const i8* row = weights + 3 * y * kStep + v * kBlock;
          transform_weights(
              {Isa::load_i8x16(row), Isa::load_i8x16(row + kStep), Isa::load_i8x16(row + 2 * kStep)},
              rows[y]);
        }
        for (u32 i = 0; i < winograd::kColumnsTogether; ++i) {
          const u32 x = winograd::kColumnPair[kPair][i];
          I16 column[kIn];
          transform_weights({rows[0][x], rows[1][x], rows[2][x]}, column);
          for (u32 y = 0; y < kIn; ++y) Isa::store16(out + (i * kIn + y) * apart + v * kBlock, column[y]);
        }
      }
  }

  static void transform_input(const typename Direct::Image& image, const Plan& plan, const Band& band,
                              const i8* padding, i16* out) {
    const WindowShape& shape = image.shape;
    const u32 channels = shape.in_c;
    const usize apart = input_apart(band.rows * plan.tiles_x, channels);
    for (u32 row = 0; row < band.rows; ++row)
      for (u32 column = 0; column < plan.tiles_x; ++column, out += channels) {
        const i8* pixels[kPositions];
        for (u32 i = 0; i < kPositions; ++i) {
          const i64 y = i64{band.first + row} * kOut + i / kIn - shape.window.pad_top;
          const i64 x = i64{column} * kOut + i % kIn - shape.window.pad_left;
          const bool inside = y >= 0 && y < i64{shape.in_h} && x >= 0 && x < i64{shape.in_w};
          pixels[i] = inside ? image.input + static_cast<usize>(y * shape.in_w + x) * channels : padding;
        }
        for (u32 c = 0; c < channels; c += kBlock) transform_block(pixels, c, apart, out + c);
      }
  }

  /// d → Bᵀ d of six values.
  static void transform(const I16 (&d)[kIn], I16 (&v)[kIn]) {
    const I16 a = Isa::sub16(d[4], Isa::shift_left16(d[2], 2)),
              b = Isa::sub16(d[3], Isa::shift_left16(d[1], 2));
    const I16 c = Isa::sub16(d[4], d[2]), e = Isa::shift_left16(Isa::sub16(d[3], d[1]), 1);
    v[0] = Isa::add16(Isa::sub16(Isa::shift_left16(Isa::sub16(d[0], d[2]), 2), d[2]), d[4]);
    v[1] = Isa::add16(a, b);
    v[2] = Isa::sub16(a, b);
    v[3] = Isa::add16(c, e);
    v[4] = Isa::sub16(c, e);
    v[5] = Isa::add16(Isa::sub16(Isa::shift_left16(Isa::sub16(d[1], d[3]), 2), d[3]), d[5]);
  }

  /// kBlock channels of one tile: out[position × apart].
  static void transform_block(const i8* const (&pixels)[kPositions], u32 c, usize apart, i16* out) {
    I16 rows[kIn][kIn];
    for (u32 y = 0; y < kIn; ++y) {
      I16 d[kIn];
      for (u32 x = 0; x < kIn; ++x) d[x] = Isa::load_i8x16(pixels[y * kIn + x] + c);
      transform(d, rows[y]);
    }
    for (u32 x = 0; x < kIn; ++x) {
      I16 d[kIn], v[kIn];
      for (u32 y = 0; y < kIn; ++y) d[y] = rows[y][x];
      transform(d, v);
      for (u32 y = 0; y < kIn; ++y) Isa::store16(out + (y * kIn + x) * apart, v[y]);
    }
  }

  /// One panel of a band: products position by position, then the results tile by tile.
  template <u32 kVectors>
  static void multiply(const typename Direct::Image& image, const Plan& plan, const Band& band, u32 p,
                       const u8* packed, u8* scratch) {
    constexpr u32 kWidth = kVectors * Isa::kLanes;
    const u32 channels = image.shape.in_c, tiles = band.rows * plan.tiles_x;
    const auto* weights =
        reinterpret_cast<const i8*>(packed + plan.weights_at) + plan.cut.before(p) * kTaps * channels;
    auto** addresses = reinterpret_cast<const i16**>(scratch + plan.addresses_at);
    for (u32 tile = 0; tile < tiles; ++tile)
      addresses[tile] = reinterpret_cast<const i16*>(scratch) + usize{tile} * channels;
    for (u32 from = 0; from < channels; from += plan.part_channels) {
      const u32 count = channels - from < plan.part_channels ? channels - from : plan.part_channels;
      const Part part{from, count, channels, tiles};
      multiply_columns<0, kVectors>(plan, part, weights, scratch);
      multiply_columns<1, kVectors>(plan, part, weights, scratch);
      multiply_columns<2, kVectors>(plan, part, weights, scratch);
      finish<kVectors>(image, plan, band, p, reinterpret_cast<const Panel*>(packed)[p], scratch, part);
      weights += usize{kTaps} * kWidth * count;
    }
  }

  /// Input channels summed together.
  struct Part {
    u32 from, count, channels;  ///< of all channels
    u32 tiles;
    bool is_first() const { return from == 0; }
    bool is_last() const { return from + count == channels; }
  };

  /// The products at the positions of a pair of columns.
  template <u32 kPair, u32 kVectors>
  static void multiply_columns(const Plan& plan, const Part& part, const i8* weights, u8* scratch) {
    constexpr u32 kWidth = kVectors * Isa::kLanes;
    static constexpr i32 kZeros[kWidth] = {};
    auto* wide = reinterpret_cast<i16*>(scratch + plan.wide_at);
    transform_panel<kPair, kVectors>(weights, part.count, wide);
    auto** addresses = reinterpret_cast<const i16**>(scratch + plan.addresses_at);
    auto* products = reinterpret_cast<i32*>(scratch + plan.sums_at);
    for (const u32 x : winograd::kColumnPair[kPair])
      for (u32 y = 0; y < kIn; ++y, wide += weights_apart(part.count, kWidth)) {
        const u32 position = y * kIn + x;
        const u32 offset = static_cast<u32>(position * input_apart(part.tiles, part.channels)) + part.from;
        i32* to = products + position * products_apart(part.tiles, kWidth);
        panel_i8<Isa, kVectors>(part.tiles, addresses, {1, part.count, &offset}, TileStart{kZeros}, wide,
                                RawSums<Isa>{}, typename RawSums<Isa>::Panel{}, {to, kWidth, kWidth});
      }
  }

  /// The results of a panel's tiles. Those of all parts but the last are kept to be added.
  template <u32 kVectors>
  static void finish(const typename Direct::Image& image, const Plan& plan, const Band& band, u32 p,
                     const Panel& panel, u8* scratch, const Part& part) {
    constexpr u32 kWidth = kVectors * Isa::kLanes, kResults = kOut * kOut;
    const WindowShape& shape = image.shape;
    const u32 tiles = band.rows * plan.tiles_x;
    const auto* products = reinterpret_cast<const i32*>(scratch + plan.sums_at);
    auto* kept = reinterpret_cast<i32*>(scratch + plan.kept_at);
    alignas(64) i32 buffer[PanelCut<Isa>::kWide];
    const i32* start = image.output.start(panel, buffer);
    for (u32 tile = 0; tile < tiles; ++tile, kept += kResults * kWidth) {
      alignas(64) i32 results[kResults * kWidth];
      for (u32 c = 0; c < kWidth; c += Isa::kLanes)
        transform_products(products + usize{tile} * kWidth + c, products_apart(tiles, kWidth), results + c,
                           kWidth);
      if (!part.is_first()) add_to(results, kept, kResults * kWidth);
      if (!part.is_last()) {
        std::memcpy(kept, results, sizeof results);
        continue;
      }
      const u32 y = (band.first + tile / plan.tiles_x) * kOut, x = tile % plan.tiles_x * kOut;
      for (u32 i = 0; i < kResults; ++i) {
        if (y + i / kOut >= shape.out_h || x + i % kOut >= shape.out_w) continue;
        add_to(results + i * kWidth, start, kWidth);
        I32 sums[1][kVectors];
        for (u32 v = 0; v < kVectors; ++v) sums[0][v] = Isa::load(results + i * kWidth + v * Isa::kLanes);
        const usize pixel = usize{y + i / kOut} * shape.out_w + x + i % kOut;
        image.output.store(sums, panel,
                           TileOutput<Element>{image.to + pixel * shape.out_c + p * plan.cut.kWide,
                                               shape.out_c, plan.cut.columns(p)});
      }
    }
  }

  static void add_to(i32* sums, const i32* more, u32 count) {
    for (u32 i = 0; i < count; i += Isa::kLanes)
      Isa::store(sums + i, Isa::add(Isa::load(sums + i), Isa::load(more + i)));
  }

  /// m → 24 Aᵀ m of six values, where m is of scaled weights.
  static void transform(const I32 (&m)[kIn], I32 (&y)[kOut]) {
    const I32 p = Isa::shift_left(Isa::add(m[1], m[2]), 2), q = Isa::add(m[3], m[4]);
    const I32 r = Isa::shift_left(Isa::sub(m[1], m[2]), 2), s = Isa::sub(m[3], m[4]);
    const I32 twice = Isa::shift_left(m[0], 1), last = Isa::shift_left(m[5], 3);
    y[0] = Isa::add(Isa::sub(q, p), Isa::add(twice, Isa::shift_left(twice, 1)));
    y[1] = Isa::sub(Isa::shift_left(s, 1), r);
    y[2] = Isa::sub(Isa::shift_left(q, 2), p);
    y[3] = Isa::add(Isa::sub(Isa::shift_left(s, 3), r), Isa::add(last, Isa::shift_left(last, 1)));
  }

  /// kLanes channels of one tile: products[position × apart] → results[(y × 4 + x) × width].
  static void transform_products(const i32* products, usize apart, i32* results, u32 width) {
    I32 columns[kIn][kOut];
    for (u32 x = 0; x < kIn; ++x) {
      I32 m[kIn];
      for (u32 y = 0; y < kIn; ++y) m[y] = Isa::load(products + (y * kIn + x) * apart);
      transform(m, columns[x]);
    }
    const I32 inverse = Isa::splat(static_cast<i32>(winograd::kInverseOf9));
    for (u32 y = 0; y < kOut; ++y) {
      I32 m[kIn], out[kOut];
      for (u32 x = 0; x < kIn; ++x) m[x] = columns[x][y];
      transform(m, out);
      for (u32 x = 0; x < kOut; ++x)
        Isa::store(results + (y * kOut + x) * width, Isa::shift_right(Isa::mul_low(out[x], inverse), 6));
    }
  }
};

}  // namespace pipit::nn
