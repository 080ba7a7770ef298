#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/dynamic/dynamic.h"
#include "nn/shapes.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

using F32 = Avx2::F32;
using I32 = Avx2::I32;
constexpr u32 kLanes = Avx2::kLanes, kVectors = 4, kBlock = kVectors * kLanes;

bool plan(const Node&, FastKernel::Needs&) { return true; }
void pack_nothing(const Node&, u8*) {}

f32 lowest(F32 x) {
  f32 lanes[kLanes], low = 0;
  Avx2::store(lanes, x);
  for (const f32 lane : lanes) low = lane < low ? lane : low;
  return low;
}

/// The range of a row. The value goes first: where it is no number, the instructions return the range so far.
void range_of(const f32* in, u32 count, f32& low, f32& high) {
  F32 lows[kVectors], highs[kVectors];
  for (u32 v = 0; v < kVectors; ++v) lows[v] = highs[v] = Avx2::splat(0.0f);
  u32 i = 0;
  for (; i + kBlock <= count; i += kBlock)
    for (u32 v = 0; v < kVectors; ++v) {
      const F32 x = Avx2::load(in + i + usize{v} * kLanes);
      lows[v] = Avx2::min(x, lows[v]);
      highs[v] = Avx2::max(x, highs[v]);
    }
  for (u32 v = 1; v < kVectors; ++v) {
    lows[0] = Avx2::min(lows[0], lows[v]);
    highs[0] = Avx2::max(highs[0], highs[v]);
  }
  low = lowest(lows[0]);
  high = -lowest(_mm256_xor_ps(highs[0], Avx2::splat(-0.0f)));
  for (; i < count; ++i) {
    if (in[i] < low) low = in[i];
    if (in[i] > high) high = in[i];
  }
}

void run_scale(const Node& node, const u8*, u8*, Share share) {
  const u32 rows = node.output().dims[0], columns = elements(node.input(0)) / rows;
  const bool symmetric = node.attributes<format::DynamicScaleAttributes>().symmetric != 0;
  const Share::Range part = share.of(rows);
  for (u32 row = part.begin; row < part.end; ++row) {
    f32 low, high;
    range_of(node.data<f32>(0) + usize{row} * columns, columns, low, high);
    node.out<RowScale>()[row] = row_scale(low, high, symmetric);
  }
}

/// The steps of dynamic_quantize() on eight values, up to the zero point. The product goes last: where it is
/// no number, the instruction returns it, and what cannot be converted becomes the smallest integer.
I32 quantized(F32 x, F32 inverse) {
  return _mm256_cvtps_epi32(Avx2::min(Avx2::splat(1024.0f), Avx2::mul(x, inverse)));
}

void run_quantize(const Node& node, const u8*, u8*, Share share) {
  const u32 rows = node.input(1).dims[0], columns = elements(node.input(0)) / rows;
  const Share::Range part = share.of(columns, kBlock);
  for (u32 row = 0; row < rows; ++row) {
    const RowScale& scale = node.data<RowScale>(1)[row];
    const F32 inverse = Avx2::splat(1.0f / scale.scale);
    const OutputRange range{zero_point_of(scale), -128, 127};
    const f32* in = node.data<f32>(0) + usize{row} * columns;
    i8* out = node.out<i8>() + usize{row} * columns;
    u32 i = part.begin;
    for (; i + kBlock <= part.end; i += kBlock) {
      I32 values[kVectors];
      for (u32 v = 0; v < kVectors; ++v)
        values[v] = quantized(Avx2::load(in + i + usize{v} * kLanes), inverse);
      Avx2::store_i8(out + i, values, range);
    }
    if (i < part.end) dynamic_quantize(in + i, 1, part.end - i, &scale, out + i);
  }
}

constexpr FastKernel kScale{&kDynamicScale, plan, pack_nothing, run_scale, true};
constexpr FastKernel kQuantize{&kDynamicQuantize, plan, pack_nothing, run_quantize, true};
constexpr const FastKernel* kAll[] = {&kScale, &kQuantize};

}  // namespace

std::span<const FastKernel* const> avx2_dynamic_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
