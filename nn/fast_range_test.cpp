// dynamic_scale behind the layer that makes what it reads: the range was found on the way.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "nn/fast.h"
#include "nn/testing/model_builder.h"
#include "nn/testing/prepared.h"
#include "nn/testing/random.h"

namespace pipit::nn {
namespace {

using namespace testing;
using format::Opcode;

struct None {};

/// Members that work one after the other: no kernel waits for another member.
class InTurn final : public Team {
 public:
  explicit InTurn(u32 size) : size_(size) {}
  u32 size() const override { return size_; }
  void run(void (*work)(void* what, u32 member), void* what) override {
    for (u32 member = size_; member-- > 0;) work(what, member);
  }

 private:
  u32 size_;
};

/// Two dynamically quantised convolutions, the first of them with an addition behind it or not.
struct Chain {
  Random random;
  ModelBuilder model;
  u32 batch, side, channels;

  Chain(u32 seed, u32 batch, u32 side, u32 channels)
      : random(seed), batch(batch), side(side), channels(channels) {}

  u32 image() { return model.activation(DType::f32, {batch, side, side, channels}); }
  u32 layer(u32 x, u32 kernel, bool symmetric, format::Clamp clamp) {
    const u32 scales = model.activation(DType::f32, {batch, 2});
    const u32 q = model.activation(DType::i8, {batch, side, side, channels}), y = image();
    model.op(Opcode::dynamic_scale, {x}, scales, format::DynamicScaleAttributes{symmetric});
    model.op(Opcode::dynamic_quantize, {x, scales}, q, None{});
    const u32 taps = kernel * kernel * channels;
    const auto values = random.int8s(taps * channels);
    std::vector<i32> sums(channels);
    for (u32 k = 0; k < values.size(); ++k) sums[k / taps] += values[k];
    const u32 w = model.constant(DType::i8, {channels, kernel, kernel, channels}, values);
    const u32 b = model.constant(DType::f32, {channels}, random.reals(channels));
    const u32 s = model.constant(DType::f32, {channels}, random.reals(channels, 0.001f, 0.01f));
    const u32 t = model.constant(DType::i32, {channels}, sums);
    const auto pad = static_cast<u16>(kernel / 2);
    model.op(Opcode::dynamic_conv2d, {q, w, b, s, t, scales}, y,
             format::Conv2dAttributes{{1, 1, 1, 1, pad, pad, pad, pad}, clamp});
    return y;
  }
  /// `odd`: some of the input are no numbers, or beyond what a scale can be.
  std::vector<u8> build(std::vector<f32>& input, bool odd) {
    const bool symmetric = random.integer(0, 1) != 0, adds = random.integer(0, 2) != 0;
    const f32 low = random.real(-1, 0.5f);
    const format::Clamp clamps[] = {
        format::Clamp::of(low, low + 3.0f), format::Clamp::of(0.0f, 6.0f),
        format::Clamp::of(-std::numeric_limits<f32>::infinity(), std::numeric_limits<f32>::infinity())};
    const u32 x = image();
    u32 y = layer(x, random.integer(0, 1) != 0 ? 3 : 1, symmetric, clamps[random.integer(0, 2)]);
    if (adds) {
      const u32 sum = image();
      model.op(Opcode::add, {y, x}, sum, format::AddAttributes{{}, {}, {}, clamps[random.integer(0, 2)]});
      y = sum;
    }
    y = layer(y, 1, symmetric, clamps[random.integer(0, 2)]);
    input = random.reals(batch * side * side * channels, -3, 2);
    if (odd)
      for (const f32 value : {std::numeric_limits<f32>::quiet_NaN(), std::numeric_limits<f32>::infinity()})
        input[static_cast<u32>(random.integer(0, static_cast<i32>(input.size()) - 1))] = value;
    return model.build({x}, {y});
  }
};

/// Without the kernel that looks for a range by itself.
std::vector<const FastKernel*> kernels_without_scale() {
  std::vector<const FastKernel*> kept;
  for (const FastKernel* kernel : fast_kernels())
    if (kernel->base != &kDynamicScale) kept.push_back(kernel);
  return kept;
}

std::vector<u8> run_in_turn(Bytes file, Bytes input, u32 members) {
  const auto model = PlannedModel::load(file);
  AlignedBytes arena(model->arena_bytes()), packed(PreparedModel::packed_bytes(*model, fast_kernels()));
  const auto prepared = PreparedModel::create(*model, fast_kernels(), packed.get());
  if (!prepared.ok()) return {};
  AlignedBytes scratch(prepared->scratch_bytes() * members);
  InTurn team(members);
  auto executor = Executor::create(*prepared, arena.get(), scratch.get(), &team);
  return executor.ok() ? finish(*executor, *model, input) : std::vector<u8>{};
}

TEST(FastRange, IsThatOfTheReferenceBitForBit) {
  const auto kernels = kernels_without_scale();
  if (kernels.empty()) GTEST_SKIP() << "no fast kernels for this processor";
  for (u32 seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const bool large = seed % 12 == 0;  // enough to be shared
    const u32 batch = seed % 5 == 4 ? 9 : static_cast<u32>(random.integer(1, 3));
    const u32 side = static_cast<u32>(large ? 20 : random.integer(1, 9));
    const u32 channels = static_cast<u32>(seed % 3 == 0 ? 16 * random.integer(1, 9) : random.integer(1, 70));
    Chain chain(seed, batch, side, channels);
    std::vector<f32> reals;
    const auto file = chain.build(reals, seed % 4 == 3);
    const Bytes input(reinterpret_cast<const u8*>(reals.data()), reals.size() * sizeof(f32));
    const auto expected = run_portable(file, input);
    ASSERT_FALSE(expected.empty());
    u32 fast = 0;
    ASSERT_EQ(expected, run_prepared(file, input, kernels, fast));
    // All but the first dynamic_scale, which follows no layer, and, where there are too many images, the
    // other.
    EXPECT_EQ(fast, PlannedModel::load(file)->operator_count() - (batch > 8 ? 2 : 1));
    for (const u32 members : {2u, 3u}) ASSERT_EQ(expected, run_in_turn(file, input, members)) << members;
  }
}

}  // namespace
}  // namespace pipit::nn
