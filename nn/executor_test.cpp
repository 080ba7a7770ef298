#include <gtest/gtest.h>

#include "nn/nn.h"
#include "nn/testing/sample_models.h"

namespace pipit::nn {
namespace {

using namespace testing;

Bytes bytes_of(const std::vector<f32>& values) {
  return {reinterpret_cast<const u8*>(values.data()), values.size() * sizeof(f32)};
}

std::vector<f32> floats_of(Bytes bytes) {
  std::vector<f32> values(bytes.size() / sizeof(f32));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// A 16-byte aligned arena.
struct Memory {
  explicit Memory(u32 bytes) : bytes_(bytes), storage_(bytes + 16) {}
  MutBytes span() {
    const usize at = reinterpret_cast<usize>(storage_.data());
    return {storage_.data() + ((at + 15) / 16 * 16 - at), bytes_};
  }
  u32 bytes_;
  std::vector<u8> storage_;
};

/// out = relu(a + b), a and b f32 [4].
std::vector<u8> relu_of_sum() {
  ModelBuilder model;
  const u32 a = model.activation(DType::f32, {4}), b = model.activation(DType::f32, {4});
  const u32 sum = model.activation(DType::f32, {4}, 0, 0, 0);  // on a
  const u32 out = model.activation(DType::f32, {4});
  model.op(format::Opcode::add, {a, b}, sum, format::AddAttributes{{}, {}, {}, kNoClampF32});
  model.op(format::Opcode::clamp, {sum}, out, format::ClampAttributes{format::Clamp::of(0.0f, 1e9f)});
  return model.build({a, b}, {out}, "relu of sum", (u64{7} << 32) + 9);
}

TEST(PlannedModel, DescribesItself) {
  const std::vector<u8> file = relu_of_sum();
  const auto loaded = PlannedModel::load(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const PlannedModel& model = loaded.value();
  EXPECT_EQ(model.name(), "relu of sum");
  EXPECT_EQ(model.macs(), (u64{7} << 32) + 9);
  EXPECT_EQ(model.input_count(), 2u);
  EXPECT_EQ(model.output_count(), 1u);
  EXPECT_EQ(model.operator_count(), 2u);
  EXPECT_EQ(model.arena_bytes(), 48u);
  const TensorInfo info = model.input(1);
  EXPECT_EQ(info.dtype, DType::f32);
  EXPECT_EQ(info.rank, 1);
  EXPECT_EQ(info.dims[0], 4u);
  EXPECT_EQ(info.bytes, 16u);
}

TEST(Executor, RunsAndAnswers) {
  const std::vector<u8> file = relu_of_sum();
  Memory memory(48);
  auto executor = Executor::create(PlannedModel::load(file).value(), memory.span()).value();
  EXPECT_TRUE(executor.output(0).empty());
  ASSERT_TRUE(executor.set_input(0, DType::f32, bytes_of({1, 2, 3, 4})).ok());
  EXPECT_FALSE(executor.run().ok()) << "one input is missing";
  ASSERT_TRUE(executor.set_input(1, DType::f32, bytes_of({-2, 2, -2, 2})).ok());
  ASSERT_TRUE(executor.run().ok());
  EXPECT_EQ(floats_of(executor.output(0)), (std::vector<f32>{0, 4, 1, 6}));
  EXPECT_TRUE(executor.output(1).empty());
  EXPECT_FALSE(executor.run().ok()) << "inputs are consumed";
}

TEST(Executor, StepsOneOperatorAtATime) {
  const std::vector<u8> file = relu_of_sum();
  Memory memory(64);
  auto executor = Executor::create(PlannedModel::load(file).value(), memory.span()).value();
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(executor.set_input(0, DType::f32, bytes_of({1, 1, 1, 1})).ok());
    ASSERT_TRUE(executor.set_input(1, DType::f32, bytes_of({0, 1, 2, -3})).ok());
    EXPECT_TRUE(executor.step().value());
    EXPECT_TRUE(executor.output(0).empty());
    const Status late = executor.set_input(0, DType::f32, bytes_of({1, 1, 1, 1}));
    ASSERT_FALSE(late.ok());
    EXPECT_EQ(late.error().code, Code::invalid_argument);
    EXPECT_FALSE(executor.step().value());
    EXPECT_EQ(floats_of(executor.output(0)), (std::vector<f32>{1, 2, 3, 0}));
  }
}

TEST(Executor, RefusesWrongInputsAndArenas) {
  const std::vector<u8> file = relu_of_sum();
  const PlannedModel model = PlannedModel::load(file).value();
  Memory memory(64);
  const auto small = Executor::create(model, memory.span().first(47));
  ASSERT_FALSE(small.ok());
  EXPECT_EQ(small.error().code, Code::out_of_memory);
  EXPECT_EQ(small.error().where, 48u);
  EXPECT_FALSE(Executor::create(model, memory.span().subspan(4)).ok());

  auto executor = Executor::create(model, memory.span()).value();
  const std::vector<f32> four{1, 2, 3, 4}, five{1, 2, 3, 4, 5};
  EXPECT_FALSE(executor.set_input(2, DType::f32, bytes_of(four)).ok());
  EXPECT_FALSE(executor.set_input(0, DType::i32, bytes_of(four)).ok());
  EXPECT_FALSE(executor.set_input(0, DType::f32, bytes_of(five)).ok());
  EXPECT_FALSE(executor.set_input(0, DType::f32, {}).ok());
}

// Goldens of the whole engine: every int8 operator in a row gives these values on every platform.
TEST(Executor, Int8ModelGivesTheGoldenValues) {
  const std::vector<u8> file = every_int8_operator();
  const auto loaded = PlannedModel::load(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << " at " << loaded.error().where;
  Memory memory(loaded.value().arena_bytes());
  auto executor = Executor::create(loaded.value(), memory.span()).value();
  Random random(99);
  ASSERT_TRUE(executor.set_input(0, DType::f32, bytes_of(random.reals(128, -3, 3))).ok());
  ASSERT_TRUE(executor.run().ok());
  EXPECT_EQ(floats_of(executor.output(0)), (std::vector<f32>{20 / 256.0f, 19 / 256.0f, 218 / 256.0f}));
  EXPECT_EQ(crc32(memory.span()), 0x6B7BE3Au) << "of all activations";
}

TEST(Executor, F32ModelIsADistribution) {
  const std::vector<u8> file = every_f32_operator();
  const auto loaded = PlannedModel::load(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << " at " << loaded.error().where;
  Memory memory(loaded.value().arena_bytes());
  auto executor = Executor::create(loaded.value(), memory.span()).value();
  Random random(7);
  ASSERT_TRUE(executor.set_input(0, DType::f32, bytes_of(random.reals(72))).ok());
  ASSERT_TRUE(executor.set_input(1, DType::f32, bytes_of(random.reals(108))).ok());
  ASSERT_TRUE(executor.run().ok());
  f32 sum = 0;
  for (const f32 value : floats_of(executor.output(0))) {
    EXPECT_GT(value, 0);
    sum += value;
  }
  EXPECT_NEAR(sum, 1, 1e-6);
}

}  // namespace
}  // namespace pipit::nn
