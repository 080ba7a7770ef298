#include "nn/kernels/elementwise/elementwise.h"

#include <immintrin.h>

#include "nn/fast_x86.h"
#include "nn/kernels/channel_output.h"
#include "nn/shapes.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "nn/kernels/elementwise/fast_add.h"
#include "nn/kernels/simd/avx2.h"

namespace pipit::nn {
namespace {

using I32 = Avx2::I32;
constexpr u32 kLanes = Avx2::kLanes;

/// Vectors at a time: 32 elements, so that they are written at once.
constexpr u32 kVectors = 4, kBlock = kVectors * kLanes;

/// q − zero for eight values.
I32 centred(const i8* from, I32 zero) { return _mm256_sub_epi32(Avx2::load_i8(from), zero); }

OutputRange range_of(i32 zero, format::Clamp clamp) { return {zero, clamp.low_i32(), clamp.high_i32()}; }

ZeroPoints zeros_of(const Node& node) {
  return {node.input(0).zero_point, node.input(1).zero_point, node.output().zero_point};
}

/// Calls block(a, b, out) for every kBlock elements and rest(a, count, b, out) for what is left of every
/// repetition of b.
template <class Block, class Rest>
void zip(const Node& node, Share share, Block block, Rest rest) {
  const u32 count = elements(node.input(0)), b_count = elements(node.input(1));
  const i8* a = node.data<i8>(0);
  i8* out = node.out<i8>();
  const Share::Range part = share.of(b_count, kBlock);
  for (u32 done = 0; done < count; done += b_count) {
    const i8* b = node.data<i8>(1);
    u32 i = part.begin;
    for (; i + kBlock <= part.end; i += kBlock) block(a + done + i, b + i, out + done + i);
    if (i < part.end) rest(a + done + i, part.end - i, b + i, out + done + i);
  }
}

bool plan_add(const Node& node, FastKernel::Needs&) {
  return fits_fast_add(node.attributes<format::AddAttributes>());
}

template <Halved kHalved>
void add_in_vectors(const Node& node, Share share) {
  const auto& how = node.attributes<format::AddAttributes>();
  const ZeroPoints zero = zeros_of(node);
  const VectorAdd<Avx2> add(how);
  const I32 a_zero = Avx2::splat(zero.a), b_zero = Avx2::splat(zero.b);
  const OutputRange range = range_of(zero.out, how.clamp);
  zip(
      node, share,
      [=](const i8* a, const i8* b, i8* out) {
        I32 sums[kVectors];
        for (u32 v = 0; v < kVectors; ++v)
          sums[v] = add.sum<kHalved>(centred(a + usize{v} * kLanes, a_zero),
                                     centred(b + usize{v} * kLanes, b_zero));
        Avx2::store_i8(out, sums, range);
      },
      [&](const i8* a, u32 count, const i8* b, i8* out) { add_i8(a, count, b, count, zero, how, out); });
}

void run_add(const Node& node, const u8*, u8*, Share share) {
  switch (halved_input(node.attributes<format::AddAttributes>())) {
    case Halved::first: return add_in_vectors<Halved::first>(node, share);
    case Halved::second: return add_in_vectors<Halved::second>(node, share);
    case Halved::neither: return add_in_vectors<Halved::neither>(node, share);
  }
}

bool plan_mul(const Node& node, FastKernel::Needs&) {
  return NarrowFactor::fits(node.attributes<format::RescaleAttributes>().rescale);
}

void run_mul(const Node& node, const u8*, u8*, Share share) {
  const auto& how = node.attributes<format::RescaleAttributes>();
  const ZeroPoints zero = zeros_of(node);
  const auto factors = factors_of<Avx2>(how.rescale);
  const I32 a_zero = Avx2::splat(zero.a), b_zero = Avx2::splat(zero.b);
  const OutputRange range = range_of(zero.out, how.clamp);
  zip(
      node, share,
      [=](const i8* a, const i8* b, i8* out) {
        I32 products[kVectors];
        for (u32 v = 0; v < kVectors; ++v)
          products[v] = Avx2::rescale(
              Avx2::mul_low(centred(a + usize{v} * kLanes, a_zero), centred(b + usize{v} * kLanes, b_zero)),
              factors);
        Avx2::store_i8(out, products, range);
      },
      [&](const i8* a, u32 count, const i8* b, i8* out) { mul_i8(a, count, b, count, zero, how, out); });
}

void pack_nothing(const Node&, u8*) {}

constexpr FastKernel kAdd{&kAddI8, plan_add, pack_nothing, run_add, true};
constexpr FastKernel kMul{&kMulI8, plan_mul, pack_nothing, run_mul, true};
constexpr const FastKernel* kAll[] = {&kAdd, &kMul};

}  // namespace

std::span<const FastKernel* const> avx2_elementwise_kernels() { return kAll; }

}  // namespace pipit::nn
#pragma clang attribute pop
