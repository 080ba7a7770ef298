#include "nn/kernels/pool/pool.h"

#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/fixed_point.h"
#include "nn/shapes.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

/// The largest of several vectors of one element type. Operands are ordered so that NaN behaves as in the
/// reference.
template <class T>
struct Lanes;

template <>
struct Lanes<i8> {
  using V = __m256i;
  static constexpr u32 kCount = 32;
  static V load(const i8* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static void store(i8* to, V x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x); }
  static V splat(i8 x) { return _mm256_set1_epi8(x); }
  static V max(V a, V b) { return _mm256_max_epi8(a, b); }
  static V min(V a, V b) { return _mm256_min_epi8(a, b); }
  static i8 low(format::Clamp clamp) { return static_cast<i8>(clamp.low_i32()); }
  static i8 high(format::Clamp clamp) { return static_cast<i8>(clamp.high_i32()); }
};

template <>
struct Lanes<f32> {
  using V = __m256;
  static constexpr u32 kCount = 8;
  static V load(const f32* from) { return _mm256_loadu_ps(from); }
  static void store(f32* to, V x) { _mm256_storeu_ps(to, x); }
  static V splat(f32 x) { return _mm256_set1_ps(x); }
  static V max(V a, V b) { return _mm256_max_ps(a, b); }
  static V min(V a, V b) { return _mm256_min_ps(a, b); }
  static f32 low(format::Clamp clamp) { return clamp.low_f32(); }
  static f32 high(format::Clamp clamp) { return clamp.high_f32(); }
};

template <class T>
bool plan_max(const Node& node, FastKernel::Needs&) {
  return node.input(0).dims[3] >= Lanes<T>::kCount;
}

template <class T>
void run_max(const Node& node, const u8*, u8*, Share share) {
  using L = Lanes<T>;
  const auto& attributes = node.attributes<format::Pool2dAttributes>();
  const WindowShape shape = window_shape(node, attributes.kernel_h, attributes.kernel_w, attributes.window);
  const u32 channels = shape.in_c;
  const auto low = L::splat(L::low(attributes.clamp)), high = L::splat(L::high(attributes.clamp));
  const T* input = node.data<T>(0);
  const Share::Range part = share.of(shape.batch * shape.out_h * shape.out_w);
  for_each_output_pixel(shape, [&](u32 image, u32 y, u32 x, u32 pixel) {
    if (pixel < part.begin || pixel >= part.end) return;
    const TapRange rows = shape.rows(y), columns = shape.columns(x);
    T* out = node.out<T>() + usize{pixel} * channels;
    for (u32 c = 0; c < channels; c += L::kCount) {
      if (c + L::kCount > channels) c = channels - L::kCount;  // the last vector overlaps the one before
      auto largest =
          L::load(input + usize{shape.pixel(image, y, rows.begin, x, columns.begin)} * channels + c);
      for (u32 row = rows.begin; row < rows.end; ++row)
        for (u32 column = columns.begin; column < columns.end; ++column)
          largest =
              L::max(L::load(input + usize{shape.pixel(image, y, row, x, column)} * channels + c), largest);
      L::store(out + c, L::min(high, L::max(low, largest)));
    }
  });
}

bool plan_global_i8(const Node& node, FastKernel::Needs&) {
  return node.attributes<format::RescaleAttributes>().rescale.shift <= 0;
}

/// Sums eight channels at a time over the pixels.
void run_global_i8(const Node& node, const u8*, u8*, Share) {
  const format::TensorRecord& in = node.input(0);
  const auto& attributes = node.attributes<format::RescaleAttributes>();
  const u32 pixels = in.dims[1] * in.dims[2], channels = in.dims[3];
  const i32 offset = -in.zero_point * static_cast<i32>(pixels);
  for (u32 image = 0; image < in.dims[0]; ++image) {
    const i8* from = node.data<i8>(0) + usize{image} * pixels * channels;
    i8* out = node.out<i8>() + usize{image} * channels;
    for (u32 c = 0; c < channels; c += Avx2::kLanes) {
      i32 sums[Avx2::kLanes] = {};
      const u32 count = channels - c < Avx2::kLanes ? channels - c : Avx2::kLanes;
      if (count == Avx2::kLanes) {
        auto sum = Avx2::splat(i32{0});
        for (u32 pixel = 0; pixel < pixels; ++pixel)
          sum = Avx2::add(sum, Avx2::load_i8(from + usize{pixel} * channels + c));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), sum);
      } else {
        for (u32 pixel = 0; pixel < pixels; ++pixel)
          for (u32 i = 0; i < count; ++i) sums[i] += from[usize{pixel} * channels + c + i];
      }
      for (u32 i = 0; i < count; ++i)
        out[c + i] =
            requantize(sums[i] + offset, attributes.rescale, node.output().zero_point, attributes.clamp);
    }
  }
}

bool plan_global_f32(const Node& node, FastKernel::Needs&) {
  return node.input(0).dims[3] % Avx2::kLanes == 0;
}

/// The reference's sums, in its order, of eight channels at a time.
void run_global_f32(const Node& node, const u8*, u8*, Share) {
  const format::TensorRecord& in = node.input(0);
  const format::Clamp clamp = node.attributes<format::RescaleAttributes>().clamp;
  const auto low = Avx2::splat(clamp.low_f32()), high = Avx2::splat(clamp.high_f32());
  const u32 pixels = in.dims[1] * in.dims[2], channels = in.dims[3];
  const auto count = Avx2::splat(static_cast<f32>(pixels));
  const f32* from = node.data<f32>(0);
  f32* out = node.out<f32>();
  for (u32 image = 0; image < in.dims[0]; ++image, from += usize{pixels} * channels, out += channels)
    for (u32 c = 0; c < channels; c += Avx2::kLanes) {
      auto sum = Avx2::splat(0.0f);
      for (u32 pixel = 0; pixel < pixels; ++pixel)
        sum = Avx2::add(sum, Avx2::load(from + usize{pixel} * channels + c));
      Avx2::store(out + c, Avx2::min(high, Avx2::max(low, _mm256_div_ps(sum, count))));
    }
}

void pack_nothing(const Node&, u8*) {}

constexpr FastKernel kMaxF32{&kMaxPool2dF32, plan_max<f32>, pack_nothing, run_max<f32>, true};
constexpr FastKernel kMaxI8{&kMaxPool2dI8, plan_max<i8>, pack_nothing, run_max<i8>, true};
constexpr FastKernel kGlobalI8{&kGlobalAveragePoolI8, plan_global_i8, pack_nothing, run_global_i8};
constexpr FastKernel kGlobalF32{&kGlobalAveragePoolF32, plan_global_f32, pack_nothing, run_global_f32};
constexpr const FastKernel* kAll[] = {&kMaxF32, &kMaxI8, &kGlobalF32, &kGlobalI8};

}  // namespace

std::span<const FastKernel* const> avx2_pool_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
