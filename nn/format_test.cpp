#include "nn/format.h"

#include <gtest/gtest.h>

#include <set>

#include "nn/nn.h"
#include "nn/operator.h"
#include "nn/testing/model_builder.h"

namespace pipit::nn {
namespace {

using namespace testing;

TEST(Format, OperatorTableIsConsistent) {
  std::set<u8> numbers;
  for (const format::OperatorTraits& traits : format::kOperatorTraits) {
    EXPECT_TRUE(numbers.insert(static_cast<u8>(traits.opcode)).second) << traits.name;
    EXPECT_EQ(format::traits_of(static_cast<u8>(traits.opcode)), &traits);
    EXPECT_GE(traits.min_inputs, 1);
    EXPECT_LE(traits.min_inputs, traits.max_inputs);
  }
  EXPECT_EQ(format::traits_of(0), nullptr);
  EXPECT_STREQ(format::opcode_name(1), "conv2d");
  EXPECT_STREQ(format::opcode_name(200), "?");
}

TEST(Format, EveryOperatorHasAKernel) {
  for (const format::OperatorTraits& traits : format::kOperatorTraits) {
    const u8 opcode = static_cast<u8>(traits.opcode);
    const auto has = [opcode](DType dtype) { return find_operator(opcode, dtype) != nullptr; };
    EXPECT_TRUE(has(DType::f32) || has(DType::i8) || has(DType::i16)) << traits.name;
  }
  EXPECT_EQ(find_operator(1, DType::f64), nullptr);
}

// One relu in place, word by word as format.h says: a change of layout is a new version.
TEST(Format, IsTheseWords) {
  // clang-format off
  const std::vector<u32> golden{
      0x4D504950, 0x00600002, 204, 0x77F59DA3,                // magic, header size and version, file size, CRC-32
      16, 5, 0, 0,                                            // arena, MACs low and high, flags
      112, 1, 180, 1, 196, 1, 200, 1,                         // tensors, operators, inputs, outputs
      0x756C6572, 0, 0, 0, 0, 0, 0, 0,                        // "relu"
      0x00000000, 0x7F800000,                                 // at 96: clamp 0 … +inf
      0, 0,                                                   // at 104: operands 0 → 0
      0x00000201, 1, 4, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0,  // at 112: f32, rank 2, arena; [1,4]; offset, bytes, …
      0x00010107, 104, 96, 8,                                 // at 180: clamp, one input, one output; ids, attributes
      0, 0,                                                   // at 196: model inputs, model outputs
  };
  // clang-format on
  ModelBuilder model;
  const u32 x = model.activation(DType::f32, {1, 4});
  model.op(format::Opcode::clamp, {x}, x, format::ClampAttributes{format::Clamp::of(0.0f, __builtin_inff())});
  const std::vector<u8> file = model.build({x}, {x}, "relu", 5);
  std::vector<u32> words(file.size() / 4);
  std::memcpy(words.data(), file.data(), file.size());
  EXPECT_EQ(words, golden);
  EXPECT_TRUE(PlannedModel::load({reinterpret_cast<const u8*>(golden.data()), golden.size() * 4}).ok());
}

}  // namespace
}  // namespace pipit::nn
