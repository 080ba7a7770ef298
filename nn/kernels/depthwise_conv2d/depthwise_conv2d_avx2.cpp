#include "nn/kernels/depthwise_conv2d/depthwise_conv2d.h"

#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/gemm/layer.h"
#include "nn/kernels/window.h"
#include "nn/shapes.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/gemm/band.h"
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

using I32 = Avx2::I32;
constexpr u32 kBandBytes = 128 * 1024;

constexpr u64 aligned(u64 bytes) { return (bytes + 63) / 64 * 64; }

WindowShape shape_of(const Node& node) {
  const u32* weights = node.input(1).dims;
  return window_shape(node, weights[1], weights[2], node.attributes<format::Conv2dAttributes>().window);
}

u32 taps_of(const WindowShape& shape) { return shape.kernel_h * shape.kernel_w; }
u32 blocks_of(const WindowShape& shape, u32 width) { return (shape.out_c + width - 1) / width; }

/// Where each tap lies in a band, from the window's first element; repeats the last one up to `count`.
void write_offsets(const WindowShape& shape, const BandLayout& layout, u32 count, u32* offsets) {
  for (u32 tap = 0; tap < count; ++tap) {
    const u32 real = tap < taps_of(shape) ? tap : taps_of(shape) - 1;
    offsets[tap] = real / shape.kernel_w * shape.window.dilation_h * layout.row_elements +
                   real % shape.kernel_w * shape.window.dilation_w * shape.in_c;
  }
}

/// A whole number of taps, so that the int8 kernel may take them in pairs.
u32 even(u32 taps) { return (taps + 1) / 2 * 2; }

template <class Element>
bool plan(const Node& node, FastKernel::Needs& needs, u32 width, u64 block_bytes) {
  const WindowShape shape = shape_of(node);
  BandLayout layout{};
  if (shape.in_c != shape.out_c || !lay_out(shape, sizeof(Element), kBandBytes, layout)) return false;
  needs.packed_bytes = aligned(even(taps_of(shape)) * sizeof(u32)) + blocks_of(shape, width) * block_bytes;
  // A last block may read beyond the last pixel's channels.
  needs.scratch_bytes =
      (u64{layout.in_rows(shape, layout.rows)} * layout.row_elements + 64) * sizeof(Element);
  return true;
}

/// Calls rows(band, output rows, output of the first) for every band of every image.
template <class From, class Element, class Convert, class Fill, class Rows>
void for_each_band(const WindowShape& shape, Share share, const From* input, u8* scratch, Convert convert,
                   Fill fill, Rows rows) {
  BandLayout layout{};
  lay_out(shape, sizeof(Element), kBandBytes, layout);
  auto* band = reinterpret_cast<Element*>(scratch);
  const Share::Range part = share.of(shape.out_h);
  for (u32 image = 0; image < shape.batch; ++image)
    for (u32 y = part.begin; y < part.end; y += layout.rows) {
      const u32 count = part.end - y < layout.rows ? part.end - y : layout.rows;
      const From* from = input + usize{image} * shape.in_h * shape.in_w * shape.in_c;
      copy_band(shape, layout, from, y, count, band, convert, fill);
      for (u32 row = 0; row < count; ++row)
        rows(band + usize{row} * shape.window.stride_h * layout.row_elements,
             (usize{image} * shape.out_h + y + row) * shape.out_w * shape.out_c);
    }
}

// f32: blocks of eight channels, each bias[8] and weights[taps][8].

constexpr u32 kF32Width = Avx2::kLanes;
constexpr u32 kPixels = 4;

u64 block_floats(const WindowShape& shape) { return u64{kF32Width} * (1 + taps_of(shape)); }

bool plan_f32(const Node& node, FastKernel::Needs& needs) {
  return plan<f32>(node, needs, kF32Width, block_floats(shape_of(node)) * sizeof(f32));
}

void pack_f32(const Node& node, u8* packed) {
  const WindowShape shape = shape_of(node);
  BandLayout layout{};
  lay_out(shape, sizeof(f32), kBandBytes, layout);
  write_offsets(shape, layout, even(taps_of(shape)), reinterpret_cast<u32*>(packed));
  auto* out = reinterpret_cast<f32*>(packed + aligned(even(taps_of(shape)) * sizeof(u32)));
  for (u32 first = 0; first < shape.out_c; first += kF32Width)
    for (u32 row = 0; row <= taps_of(shape); ++row) {
      const f32* from = row == 0 ? node.data<f32>(2) : node.data<f32>(1) + usize{row - 1} * shape.out_c;
      for (u32 c = 0; c < kF32Width; ++c) *out++ = first + c < shape.out_c ? from[first + c] : 0;
    }
}

struct BlockF32 {
  const u32* offsets;
  u32 taps;
  const f32* panel;
  u32 channels;
  format::Clamp clamp;
};

/// kCount neighbouring pixels of one block.
template <u32 kCount>
void pixels_f32(const BlockF32& block, const f32* in, u32 step, f32* out, u32 out_step) {
  Avx2::F32 sums[kCount];
  for (u32 i = 0; i < kCount; ++i) sums[i] = Avx2::load(block.panel);
  const f32* weights = block.panel;
  for (u32 tap = 0; tap < block.taps; ++tap) {
    const auto weight = Avx2::load(weights += kF32Width);
    for (u32 i = 0; i < kCount; ++i)
      sums[i] = Avx2::fma(Avx2::load(in + block.offsets[tap] + usize{i} * step), weight, sums[i]);
  }
  for (u32 i = 0; i < kCount; ++i) {
    const auto value = Avx2::min(Avx2::splat(block.clamp.high_f32()),
                                 Avx2::max(Avx2::splat(block.clamp.low_f32()), sums[i]));
    f32 tail[kF32Width];
    f32* to = block.channels == kF32Width ? out + usize{i} * out_step : tail;
    Avx2::store(to, value);
    if (to == tail) std::memcpy(out + usize{i} * out_step, tail, block.channels * sizeof(f32));
  }
}

void run_f32(const Node& node, const u8* packed, u8* scratch, Share share) {
  const WindowShape shape = shape_of(node);
  const u32 taps = taps_of(shape), channels = shape.out_c, step = shape.window.stride_w * shape.in_c;
  const auto* panels = reinterpret_cast<const f32*>(packed + aligned(even(taps) * sizeof(u32)));
  const format::Clamp clamp = node.attributes<format::Conv2dAttributes>().clamp;
  for_each_band<f32, f32>(
      shape, share, node.data<f32>(0), scratch,
      [](const f32* x, u32 count, f32* to) { std::memcpy(to, x, count * sizeof(f32)); },
      [](f32* to, u32 count) { std::memset(to, 0, count * sizeof(f32)); },
      [&](const f32* in, usize out_at) {
        for (u32 c = 0; c < channels; c += kF32Width) {
          const u32 left = channels - c;
          const BlockF32 block{reinterpret_cast<const u32*>(packed), taps,
                               panels + c / kF32Width * block_floats(shape),
                               left < kF32Width ? left : kF32Width, clamp};
          f32* out = node.out<f32>() + out_at + c;
          u32 x = 0;
          for (; x + kPixels <= shape.out_w; x += kPixels)
            pixels_f32<kPixels>(block, in + c + usize{x} * step, step, out + usize{x} * channels, channels);
          for (; x < shape.out_w; ++x)
            pixels_f32<1>(block, in + c + usize{x} * step, step, out + usize{x} * channels, channels);
        }
      });
}

// int8: blocks of sixteen channels. Taps go in pairs, as the multiply-add takes them: a block's weights are
// [pairs][2][16] 16-bit values, those of its two taps interleaved in the order of vpunpcklwd and vpunpckhwd.

constexpr u32 kI8Width = 16;
struct HeaderI8 {
  i32 bias[kI8Width], multiplier[kI8Width], shift[kI8Width];
};

u64 block_bytes(const WindowShape& shape) {
  return sizeof(HeaderI8) + u64{even(taps_of(shape))} * kI8Width * sizeof(i16);
}

bool plan_i8(const Node& node, FastKernel::Needs& needs) {
  const WindowShape shape = shape_of(node);
  for (u32 channel = 0; channel < shape.out_c; ++channel)
    if (!NarrowFactor::fits(node.data<format::Rescale>(3)[channel])) return false;
  return plan<i16>(node, needs, kI8Width, block_bytes(shape));
}

void pack_i8(const Node& node, u8* packed) {
  const WindowShape shape = shape_of(node);
  const u32 taps = taps_of(shape), channels = shape.out_c;
  const i32 zero = weight_zero_point(node);
  BandLayout layout{};
  lay_out(shape, sizeof(i16), kBandBytes, layout);
  write_offsets(shape, layout, even(taps), reinterpret_cast<u32*>(packed));
  u8* block = packed + aligned(even(taps) * sizeof(u32));
  for (u32 first = 0; first < channels; first += kI8Width, block += block_bytes(shape)) {
    auto& header = *reinterpret_cast<HeaderI8*>(block);
    auto* weights = reinterpret_cast<i16*>(block + sizeof header);
    for (u32 c = 0; c < kI8Width; ++c) {
      const bool real = first + c < channels;
      header.bias[c] = real ? node.data<i32>(2)[first + c] : 0;
      const NarrowFactor factor =
          real ? NarrowFactor::of(node.data<format::Rescale>(3)[first + c]) : NarrowFactor{0, 1};
      header.multiplier[c] = factor.multiplier;
      header.shift[c] = factor.shift;
      // Channels 0–3 and 8–11 meet in the low halves of the lanes, 4–7 and 12–15 in the high ones.
      const u32 place = c / 4 % 2 * 16 + c / 8 * 8 + c % 4 * 2;
      for (u32 tap = 0; tap < even(taps); ++tap)
        weights[tap / 2 * 2 * kI8Width + place + tap % 2] =
            real && tap < taps
                ? static_cast<i16>(i32{node.data<i8>(1)[usize{tap} * channels + first + c]} - zero)
                : i16{0};
    }
  }
}

/// Sixteen channels of one pixel.
void pixel_i8(const HeaderI8& header, const u32* offsets, u32 taps, const i16* in, const OutputRange& range,
              i8* out) {
  const auto load = [](const i16* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  };
  const auto* weights = reinterpret_cast<const i16*>(&header + 1);
  I32 low = _mm256_setzero_si256(), high = low;
  for (u32 tap = 0; tap < taps; tap += 2, weights += usize{2} * kI8Width) {
    const I32 x = load(in + offsets[tap]), y = load(in + offsets[tap + 1]);
    low = Avx2::add(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), load(weights)));
    high = Avx2::add(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), load(weights + usize{kI8Width})));
  }
  const I32 sums[2] = {_mm256_permute2x128_si256(low, high, 0x20),
                       _mm256_permute2x128_si256(low, high, 0x31)};
  for (u32 v = 0; v < 2; ++v) {
    const u32 at = v * Avx2::kLanes;
    const I32 sum = Avx2::add(sums[v], Avx2::load(header.bias + at));
    const I32 value = Avx2::add(Avx2::rescale(sum, Avx2::factors(header.multiplier + at, header.shift + at)),
                                Avx2::splat(range.zero_point));
    Avx2::store_i8(out + at, Avx2::min(Avx2::max(value, Avx2::splat(range.low)), Avx2::splat(range.high)));
  }
}

void run_i8(const Node& node, const u8* packed, u8* scratch, Share share) {
  const WindowShape shape = shape_of(node);
  const u32 taps = taps_of(shape), channels = shape.out_c, step = shape.window.stride_w * shape.in_c;
  const u8* blocks = packed + aligned(even(taps) * sizeof(u32));
  const format::Clamp clamp = node.attributes<format::Conv2dAttributes>().clamp;
  const OutputRange range{node.output().zero_point, clamp.low_i32(), clamp.high_i32()};
  const i16 zero = static_cast<i16>(node.input(0).zero_point);
  for_each_band<i8, i16>(
      shape, share, node.data<i8>(0), scratch,
      [](const i8* from, u32 count, i16* to) {
        u32 i = 0;
        for (; i + 16 <= count; i += 16) Avx2::convert16(from + i, to + i);
        for (; i < count; ++i) to[i] = i16{from[i]};
      },
      [zero](i16* to, u32 count) {
        for (u32 i = 0; i < count; ++i) to[i] = zero;
      },
      [&](const i16* in, usize out_at) {
        for (u32 c = 0; c < channels; c += kI8Width) {
          const auto& header = *reinterpret_cast<const HeaderI8*>(blocks + c / kI8Width * block_bytes(shape));
          for (u32 x = 0; x < shape.out_w; ++x) {
            i8 tail[kI8Width];
            i8* out = node.out<i8>() + out_at + usize{x} * channels + c;
            const bool whole = channels - c >= kI8Width;
            pixel_i8(header, reinterpret_cast<const u32*>(packed), taps, in + c + usize{x} * step, range,
                     whole ? out : tail);
            if (!whole) std::memcpy(out, tail, channels - c);
          }
        }
      });
}

constexpr FastKernel kF32{&kDepthwiseConv2dF32, plan_f32, pack_f32, run_f32, true};
constexpr FastKernel kI8{&kDepthwiseConv2dI8, plan_i8, pack_i8, run_i8, true};
constexpr FastKernel kAsymmetric{&kDepthwiseConv2dAsymmetric, plan_i8, pack_i8, run_i8, true};
constexpr const FastKernel* kAll[] = {&kF32, &kI8, &kAsymmetric};

}  // namespace

std::span<const FastKernel* const> avx2_depthwise_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
