#include "compiler/model/team.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "nn/testing/model_builder.h"
#include "nn/testing/random.h"

namespace pipit::model {
namespace {

using namespace nn::testing;
using nn::format::Opcode;

TEST(ThreadTeam, CallsEveryMemberOnceAndWaits) {
  for (const u32 members : {1u, 2u, 5u}) {
    ThreadTeam team(members);
    ASSERT_EQ(team.size(), members);
    for (u32 round = 0; round < 200; ++round) {
      std::vector<u32> calls(members);
      team.run([](void* what, u32 member) { ++(*static_cast<std::vector<u32>*>(what))[member]; }, &calls);
      ASSERT_EQ(calls, std::vector<u32>(members, 1)) << round;
    }
  }
}

TEST(ThreadTeam, WakesThreadsThatFellAsleep) {
  ThreadTeam team(3);
  for (u32 round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<u32> sum = 0;
    team.run([](void* what, u32 member) { *static_cast<std::atomic<u32>*>(what) += member + 1; }, &sum);
    ASSERT_EQ(sum, 6u);
  }
}

/// A model of large layers of one kind.
std::vector<u8> convolution(Random& random, DType dtype, u32 kernel, u32 side, u32 in_c, u32 out_c) {
  ModelBuilder model;
  const auto pad = static_cast<u16>(kernel / 2);
  const bool integer = dtype == DType::i8;
  const u32 x = model.activation(dtype, {1, side, side, in_c}, integer ? 0.1f : 0, integer ? 3 : 0);
  const u32 y = model.activation(dtype, {1, side, side, out_c}, integer ? 0.1f : 0, integer ? -5 : 0);
  const u32 weights = kernel * kernel * in_c * out_c;
  const ModelBuilder::DimList shape{out_c, kernel, kernel, in_c};
  const nn::format::Window window{1, 1, 1, 1, pad, pad, pad, pad};
  std::vector<u32> inputs{x};
  if (integer) {
    inputs.push_back(model.constant(DType::i8, shape, random.int8s(weights), 0.01f));
    inputs.push_back(model.constant(DType::i32, {out_c}, random.int32s(out_c, -1000, 1000)));
    std::vector<i32> factors;
    for (const auto& factor : random.factors(out_c, -14, -6)) {
      factors.push_back(factor.multiplier);
      factors.push_back(factor.shift);
    }
    inputs.push_back(model.constant(DType::i32, {out_c, 2}, factors));
  } else {
    inputs.push_back(model.constant(DType::f32, shape, random.reals(weights)));
    inputs.push_back(model.constant(DType::f32, {out_c}, random.reals(out_c)));
  }
  model.op(Opcode::conv2d, inputs, y,
           nn::format::Conv2dAttributes{window, integer ? kNoClampI8 : kNoClampF32});
  return model.build({x}, {y});
}

TEST(ThreadTeam, ResultsAreThoseOfOneThread) {
  ThreadTeam two(2), three(3);
  Random random(11);
  for (const DType dtype : {DType::f32, DType::i8})
    for (const u32 side : {5u, 30u})  // by panels, by rows
      for (const u32 kernel : {1u, 3u}) {
        const auto file = convolution(random, dtype, kernel, side, 96, 130);
        const auto bytes = random.int8s(side * side * 96 * dtype_bytes(dtype));
        std::vector<u8> input(bytes.begin(), bytes.end());
        if (dtype == DType::f32) {
          const auto values = random.reals(side * side * 96);
          std::memcpy(input.data(), values.data(), input.size());
        }
        auto alone = Session::create(file);
        ASSERT_TRUE(alone.ok());
        const auto output = alone->run(Bytes(input));
        ASSERT_TRUE(output.ok());
        const std::vector<u8> expected(output->begin(), output->end());
        for (ThreadTeam* team : {&two, &three}) {
          auto shared = Session::create(file, nn::fast_kernels(), team);
          ASSERT_TRUE(shared.ok());
          const auto got = shared->run(Bytes(input));
          ASSERT_TRUE(got.ok());
          EXPECT_TRUE(std::ranges::equal(*got, expected)) << dtype_bytes(dtype) << side << kernel;
        }
      }
}

}  // namespace
}  // namespace pipit::model
