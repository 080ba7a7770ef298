#include "nn/custom/custom.h"

#include <gtest/gtest.h>

#include <cstring>

#include "nn/nn.h"
#include "nn/testing/model_builder.h"

namespace pipit::nn {
namespace {

using namespace testing;

const pipit_attribute kAttributes[] = {{"by", 0, {.integer = 1}}, {"scale", 1, {.real = 1.0f}}};

/// i32 vectors: out = x + by; the second attribute must be positive.
const pipit_operator kShift = {
    PIPIT_OPERATOR_ABI,
    "test.Shift",
    1,
    1,
    kAttributes,
    2,
    [](const pipit_node* node, pipit_tensor* output) -> const char* {
      if (node->inputs[0].dtype != PIPIT_I32 || node->inputs[0].rank != 1)
        return "Shift needs a vector of i32";
      if (!(node->attributes[1].real > 0)) return "Shift needs a positive scale";
      output->dtype = PIPIT_I32;
      output->rank = 1;
      output->dims[0] = node->inputs[0].dims[0];
      return nullptr;
    },
    [](const pipit_node* node, const void* const* inputs, const pipit_tensor* output, void* out) {
      for (u32 i = 0; i < output->dims[0]; ++i)
        static_cast<i32*>(out)[i] = static_cast<const i32*>(inputs[0])[i] + node->attributes[0].integer;
    },
    nullptr,
    nullptr,
};

format::CustomAttributes shift_by(i32 by, f32 scale = 1.0f) {
  format::CustomAttributes attributes{};
  std::strcpy(attributes.name, "test.Shift");
  attributes.count = 2;
  attributes.values[0] = static_cast<u32>(by);
  attributes.values[1] = std::bit_cast<u32>(scale);
  return attributes;
}

std::vector<u8> model_of(const format::CustomAttributes& attributes, u32 out_size = 3) {
  ModelBuilder model;
  const u32 x = model.activation(DType::i32, {3});
  const u32 out = model.activation(DType::i32, {out_size});
  model.op(format::Opcode::custom, {x}, out, attributes);
  return model.build({x}, {out});
}

void register_shift() {
  if (find_custom_operator("test.Shift") == nullptr) {
    ASSERT_TRUE(register_custom_operator(kShift).ok());
  }
}

const char* refusal(const format::CustomAttributes& attributes, u32 out_size = 3) {
  const auto file = model_of(attributes, out_size);
  const auto loaded = PlannedModel::load(file);
  return loaded.ok() ? "" : loaded.error().message;
}

TEST(CustomOperator, RunsByName) {
  register_shift();
  const auto file = model_of(shift_by(40));
  const auto model = PlannedModel::load(file);
  ASSERT_TRUE(model.ok()) << model.error().message;
  alignas(16) u8 arena[64];
  auto executor = Executor::create(*model, {arena, sizeof arena});
  ASSERT_TRUE(executor.ok());
  const i32 x[] = {1, -2, 300};
  ASSERT_TRUE(executor->set_input(0, DType::i32, {reinterpret_cast<const u8*>(x), sizeof x}).ok());
  ASSERT_TRUE(executor->run().ok());
  i32 out[3];
  std::memcpy(out, executor->output(0).data(), sizeof out);
  EXPECT_EQ(out[0], 41);
  EXPECT_EQ(out[1], 38);
  EXPECT_EQ(out[2], 340);
}

TEST(CustomOperator, RefusesWhatTheOperatorDoesNotAccept) {
  register_shift();
  EXPECT_STREQ(refusal(shift_by(1)), "");
  EXPECT_STREQ(refusal(shift_by(1, -1.0f)), "Shift needs a positive scale");
  EXPECT_STREQ(refusal(shift_by(1), 4), "operator's output is not what it infers");
  auto attributes = shift_by(1);
  attributes.count = 1;
  EXPECT_STREQ(refusal(attributes), "operator with a wrong number of attributes");
  std::strcpy(attributes.name, "test.Unknown");
  EXPECT_STREQ(refusal(attributes), "operator of a name that this build does not have");
  std::memset(attributes.name, 'a', sizeof attributes.name);
  EXPECT_STREQ(refusal(attributes), "operator name without an end");
}

TEST(CustomOperator, RefusesWhatCannotBeRegistered) {
  register_shift();
  EXPECT_EQ(register_custom_operator(kShift).error().code, Code::invalid_argument);
  pipit_operator other = kShift;
  other.abi = 99;
  EXPECT_EQ(register_custom_operator(other).error().code, Code::invalid_argument);
  other = kShift;
  other.name = "a name that is far too long to be the name of an operator";
  EXPECT_EQ(register_custom_operator(other).error().code, Code::invalid_argument);
  other = kShift;
  other.most_inputs = 9;
  EXPECT_EQ(register_custom_operator(other).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace pipit::nn
