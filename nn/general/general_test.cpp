#include "nn/general/general.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "nn/general/kinds.h"
#include "nn/nn.h"
#include "nn/testing/model_builder.h"

namespace pipit::nn::general {
namespace {

constexpr u32 kFunctionCount = 47;

TEST(General, NumbersEveryFunctionOnce) {
  for (u32 number = 1; number <= kFunctionCount; ++number) {
    ASSERT_NE(find_function(number), nullptr) << number;
    EXPECT_EQ(find_function(number)->number, number);
  }
  EXPECT_EQ(find_function(0), nullptr);
  EXPECT_EQ(find_function(kFunctionCount + 1), nullptr);
}

TEST(Half, RoundsHalfToEvenAndKeepsTheEdges) {
  const std::pair<f32, u16> cases[] = {
      {0, 0},          {-0.0f, 0x8000},        {1, 0x3C00},           {65504, 0x7BFF}, {65520, 0x7C00},
      {1e9f, 0x7C00},  {-INFINITY, 0xFC00},    {0x1p-14f, 0x0400},    {0x1p-24f, 1},   {0x1p-25f, 0},
      {0x1.8p-24f, 2}, {1 + 0x1p-11f, 0x3C00}, {1 + 0x3p-11f, 0x3C02}};
  for (const auto& [value, bits] : cases) EXPECT_EQ(Half(value).bits, bits) << value;
  EXPECT_TRUE(std::isnan(f32(Half(NAN))));
  for (u32 bits = 0; bits < 0x7C00; ++bits) EXPECT_EQ(Half(Half::decode(static_cast<u16>(bits))).bits, bits);
  EXPECT_EQ(BFloat(1 + 0x1p-8f).bits, 0x3F80);
  EXPECT_EQ(BFloat(1 + 0x3p-8f).bits, 0x3F82);
}

/// One application of a function with guards behind the output.
struct Trial {
  std::vector<std::vector<u8>> data;
  std::vector<Operand> operands;
  Attributes attributes{};

  void add(const Type& type, std::minstd_rand& random) {
    std::vector<u8> bytes(usize{type.count()} * dtype_bytes(type.dtype));
    for (u8& byte : bytes) byte = static_cast<u8>(random() % 4 == 0 ? random() : random() % 3);
    if (type.dtype == DType::boolean)
      for (u8& byte : bytes) byte &= 1;
    data.push_back(std::move(bytes));
    operands.push_back({type, nullptr});
  }
};

Type random_type(std::minstd_rand& random) {
  constexpr DType kUsual[] = {DType::f32, DType::i64, DType::f32, DType::i32, DType::f64, DType::boolean};
  Type type{random() % 4 == 0 ? static_cast<DType>(random() % 13) : kUsual[random() % 6],
            static_cast<u32>(random() % 5),
            {}};
  for (u32 axis = 0; axis < type.rank; ++axis) type.dims[axis] = random() % 16 == 0 ? 0 : 1 + random() % 4;
  return type;
}

Trial random_trial(u32 function, std::minstd_rand& random) {
  Trial trial;
  trial.attributes.function = function;
  const u32 inputs = find_function(function)->min_inputs + random() % 2;
  const Type first = random_type(random);
  for (u32 i = 0; i < inputs; ++i) {
    Type type = random() % 3 == 0 ? random_type(random) : first;
    if (i > 0 && random() % 4 == 0) type.dtype = DType::i64;
    trial.add(type, random);
  }
  for (i32& value : trial.attributes.ints) {
    const u32 kind = static_cast<u32>(random() % 16);
    value = kind == 0   ? static_cast<i32>(static_cast<u32>(random()) << 1)
            : kind < 6  ? 0
            : kind < 12 ? 1
                        : static_cast<i32>(random() % 9) - 3;
  }
  for (f32& value : trial.attributes.reals)
    value = random() % 8 == 0 ? NAN : static_cast<f32>(random() % 9) / 2 - 1;
  return trial;
}

/// Random shapes, types and attributes: a function refuses them or stays within its output, whatever the data
/// are.
TEST(General, StaysWithinItsOperandsWhateverTheFileSays) {
  std::minstd_rand random(3);
  u32 accepted = 0, functions = 0;
  for (u32 function = 1; function <= kFunctionCount; ++function) {
    u32 runs = 0;
    for (u32 round = 0; round < 3000; ++round) {
      Trial trial = random_trial(function, random);
      Type out;
      if (infer({trial.operands, trial.attributes, {}, nullptr}, out) != nullptr || out.count() > 4096)
        continue;
      for (usize i = 0; i < trial.operands.size(); ++i) trial.operands[i].data = trial.data[i].data();
      const usize bytes = usize{out.count()} * dtype_bytes(out.dtype);
      std::vector<u8> memory(bytes + 64, 0xA5);
      find_function(function)->run({trial.operands, trial.attributes, out, memory.data()});
      for (usize i = bytes; i < memory.size(); ++i)
        ASSERT_EQ(memory[i], 0xA5) << find_function(function)->name;
      ++runs;
    }
    accepted += runs;
    functions += runs > 0;
  }
  EXPECT_GT(accepted, 5000u);
  EXPECT_GT(functions, 30u) << "random operands fit too few functions to say anything";
}

TEST(General, RunsInAPlannedModel) {
  pipit::nn::testing::ModelBuilder model;
  const u32 x = model.activation(DType::f64, {2, 3});
  const u32 y = model.activation(DType::f64, {2});
  Attributes attributes{};
  attributes.function = static_cast<u32>(FunctionId::reduce);
  attributes.ints[0] = static_cast<i32>(Reduce::sum);
  attributes.ints[1] = 0b10;
  model.op(format::Opcode::general, {x}, y, attributes);
  const std::vector<u8> file = model.build({x}, {y});
  const auto planned = PlannedModel::load(file);
  ASSERT_TRUE(planned.ok()) << planned.error().message;
  alignas(16) u8 arena[256];
  auto executor = Executor::create(*planned, arena);
  ASSERT_TRUE(executor.ok());
  const f64 values[] = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(executor->set_input(0, DType::f64, {reinterpret_cast<const u8*>(values), sizeof values}).ok());
  ASSERT_TRUE(executor->run().ok());
  f64 sums[2];
  std::memcpy(sums, executor->output(0).data(), sizeof sums);
  EXPECT_EQ(sums[0], 6);
  EXPECT_EQ(sums[1], 15);

  attributes.ints[1] = 0b100;  // an axis the input has not
  pipit::nn::testing::ModelBuilder wrong;
  const u32 a = wrong.activation(DType::f64, {2, 3}), b = wrong.activation(DType::f64, {2});
  wrong.op(format::Opcode::general, {a}, b, attributes);
  const std::vector<u8> bad = wrong.build({a}, {b});
  EXPECT_FALSE(PlannedModel::load(bad).ok());
}

}  // namespace
}  // namespace pipit::nn::general
