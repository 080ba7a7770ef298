// Emitted modules in our own engine: no import, and the bits of nn/.
#include "compiler/model/emit_wasm/emit_wasm.h"

#include <gtest/gtest.h>

#include <cstring>

#include "compiler/model/compiler.h"
#include "compiler/model/emit_wasm/pack.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/testing/recurrent.h"
#include "wasm/instance.h"
#include "wasm/module.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::Ints;

/// A module in the engine that executes it where it lies.
class Guest {
 public:
  explicit Guest(const std::vector<u8>& code) : memory_(usize{64} << 20), arena_(memory_) {
    auto module = ::pipit::wasm::ValidModule::load(code, arena_);
    EXPECT_TRUE(module.ok()) << module.error().message;
    module_.emplace(*module);
    auto instance = ::pipit::wasm::Instance::create(*module_, {}, {}, arena_);
    EXPECT_TRUE(instance.ok()) << instance.error().message;
    instance_ = *instance;
  }

  std::vector<u8> infer(Bytes input, u32 output_bytes) {
    const auto in = instance_->memory(call("model_input0"), static_cast<u32>(input.size()));
    EXPECT_TRUE(in.ok());
    std::memcpy(in->data(), input.data(), input.size());
    call("model_run");
    const auto out = instance_->memory(call("model_output0"), output_bytes);
    EXPECT_TRUE(out.ok());
    return {out->begin(), out->end()};
  }

 private:
  u32 call(const char* name) {
    const auto function = module_->exported_function(name);
    EXPECT_TRUE(function.ok()) << name;
    EXPECT_TRUE(instance_->start(*function).ok());
    EXPECT_EQ(instance_->resume(), ::pipit::wasm::RunState::finished) << name;
    return instance_->results().empty() ? 0 : instance_->results()[0].u32_;
  }

  std::vector<u8> memory_;
  Arena arena_;
  std::optional<::pipit::wasm::ValidModule> module_;
  ::pipit::wasm::Instance* instance_ = nullptr;
};

void expect_same_bits(const std::vector<u8>& pipm) {
  const auto made = emit_wasm(pipm, "model");
  ASSERT_TRUE(made.ok()) << made.error().text;
  Guest guest(made->module);
  const auto model = nn::PlannedModel::load(pipm);
  ASSERT_TRUE(model.ok());
  std::vector<u8> memory(model->arena_bytes() + 16);
  u8* arena = memory.data() + (16 - reinterpret_cast<usize>(memory.data()) % 16);
  auto executor = nn::Executor::create(*model, {arena, model->arena_bytes()});
  ASSERT_TRUE(executor.ok());
  const nn::TensorInfo info = model->input(0);
  std::minstd_rand random(5);
  for (int i = 0; i < 3; ++i) {
    std::vector<u8> x(info.bytes);
    if (info.dtype == DType::f32)
      x = testing::bytes_of(Builder(13, static_cast<u32>(random())).random_values(info.bytes / 4, -2, 2));
    else
      for (u8& value : x) value = static_cast<u8>(random() >> 8);
    ASSERT_TRUE(executor->set_input(0, info.dtype, x).ok());
    ASSERT_TRUE(executor->run().ok());
    const Bytes expected = executor->output(0);
    ASSERT_EQ(guest.infer(x, model->output(0).bytes), std::vector<u8>(expected.begin(), expected.end()));
  }
}

std::vector<u8> planned(Bytes file) {
  auto compiled = compile_model(file);
  if (compiled.ok()) return std::move(compiled->pipm);
  ADD_FAILURE() << compiled.error().text;
  return {};
}

/// Channels around the width of a vector, with every stride, dilation and edge; transposes at both ends.
std::vector<u8> windows_network(i64 channels, i64 stride, i64 dilation, i64 kernel) {
  Builder b(13, static_cast<u32>(channels));
  const auto x = b.input("x", {1, 3, 11, 9});
  const i64 pad = dilation * (kernel - 1) / 2;
  const std::vector<onnx_file::Attribute> window = {{"kernel_shape", Ints{kernel, kernel}},
                                                    {"dilations", Ints{dilation, dilation}},
                                                    {"pads", Ints{pad, pad, pad, pad}}};
  auto strided = window, grouped = window;
  strided.push_back({"strides", Ints{stride, stride}});
  grouped.push_back({"group", channels});
  b.random("w1", {channels, 3, kernel, kernel});
  b.random("b1", {channels});
  b.node("Conv", {x, "w1", "b1"}, "c1", strided);
  b.random("w2", {channels, 1, kernel, kernel});
  b.random("b2", {channels});
  b.node("Conv", {"c1", "w2", "b2"}, "c2", grouped);
  b.node("Add", {"c2", "c1"}, "sum");
  b.node("MaxPool", {"sum"}, "m", {{"kernel_shape", Ints{2, 3}}, {"pads", Ints{1, 1, 0, 1}}});
  b.node("AveragePool", {"m"}, "a", {{"kernel_shape", Ints{3, 2}}, {"pads", Ints{1, 0, 1, 1}}});
  b.node("GlobalAveragePool", {"a"}, "g");
  b.node("Flatten", {"g"}, "flat");
  b.random("w3", {channels, 37});
  b.random("b3", {37});
  b.node("Gemm", {"flat", "w3", "b3"}, "y");
  return b.finish("y", {1, 37});
}

TEST(EmitWasm, ComputesTheBitsOfTheEngineInTheEngine) {
  struct Shape {
    i64 channels, stride, dilation, kernel;
  };
  for (const Shape& s : {Shape{1, 1, 1, 3}, Shape{5, 2, 1, 3}, Shape{8, 1, 2, 3}, Shape{19, 2, 2, 3},
                         Shape{33, 1, 1, 1}, Shape{16, 3, 1, 5}}) {
    SCOPED_TRACE(std::to_string(s.channels) + " channels, stride " + std::to_string(s.stride));
    const auto onnx = windows_network(s.channels, s.stride, s.dilation, s.kernel);
    expect_same_bits(planned(onnx));
    const Samples samples{4,
                          [](u32 index) { return Builder(13, 9 + index).random_values(3 * 11 * 9, -2, 2); }};
    const auto quantized = quantize_model(onnx, samples, {});
    ASSERT_TRUE(quantized.ok()) << quantized.error().text;
    expect_same_bits(planned(quantized->onnx));
  }
}

/// Weights with a zero point, which portable C has no kernels for.
TEST(EmitWasm, FindsTheGroupsOfDenseWeights) {
  // Two groups of three inputs and two outputs, two taps; one weight of another group makes one of them.
  std::vector<f32> weights(4 * 12, 0.0f);
  for (u32 o = 0; o < 4; ++o)
    for (u32 k = 0; k < 12; ++k)
      if (o / 2 == k % 6 / 3) weights[o * 12 + k] = 1;
  EXPECT_EQ(wasm::groups_of(weights.data(), 4, 12, 6), 2u);
  weights[5] = 1;
  EXPECT_EQ(wasm::groups_of(weights.data(), 4, 12, 6), 1u);
  EXPECT_EQ(wasm::groups_of(std::vector<f32>(48, 0.0f).data(), 4, 12, 6), 2u);
}

TEST(EmitWasm, TakesGroupsTogetherWhereThatIsLessWork) {
  EXPECT_EQ(wasm::least_work_groups(1, 64, 64), 1u);
  EXPECT_EQ(wasm::least_work_groups(4, 64, 64), 4u);
  EXPECT_EQ(wasm::least_work_groups(8, 32, 64), 4u);  // eight outputs at a time anyway
  EXPECT_EQ(wasm::least_work_groups(4, 8, 64), 1u);
}

/// 1 x 1, which reads the image where it lies, and windows with edges, strides and dilations.
TEST(EmitWasm, GroupedConvolutionsHaveTheBitsOfTheEngine) {
  for (const i64 kernel : {1, 3})
    for (const i64 group : {2, 3, 6}) {
      SCOPED_TRACE(std::to_string(kernel) + " " + std::to_string(group));
      Builder b(13, static_cast<u32>(10 * kernel + group));
      const auto x = b.input("x", {1, 12, 7, 5});
      const i64 pad = kernel - 1, step = kernel == 1 ? 1 : 2;
      b.random("w", {6 * group, 12 / group, kernel, kernel});
      b.random("b", {6 * group});
      b.node("Conv", {x, "w", "b"}, "y",
             {{"kernel_shape", Ints{kernel, kernel}},
              {"group", group},
              {"strides", Ints{step, 1}},
              {"dilations", Ints{1, kernel == 1 ? 1 : 2}},
              {"pads", Ints{pad, pad, 0, pad}}});
      b.node("Relu", {"y"}, "z");
      const i64 height = (7 + pad - kernel) / step + 1;
      const auto onnx =
          b.finish("z", {1, 6 * group, height, 5 + 2 * pad - (kernel - 1) * (kernel == 1 ? 1 : 2)});
      expect_same_bits(planned(onnx));
      const Samples samples{
          4, [](u32 index) { return Builder(13, 9 + index).random_values(12 * 7 * 5, -2, 2); }};
      const auto quantized = quantize_model(onnx, samples, {});
      ASSERT_TRUE(quantized.ok()) << quantized.error().text;
      expect_same_bits(planned(quantized->onnx));
    }
}

TEST(EmitWasm, ComputesUint8Models) {
  using testing::Flat;
  using testing::LiteType;
  testing::LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::u8, {1, 7, 6, 5}, {{0.5f}, {120}});
  std::vector<u8> weights;
  for (i32 i = 0; i < 9 * 3 * 3 * 5; ++i) weights.push_back(static_cast<u8>(i * 37 % 256));
  const i32 w = b.constant("w", LiteType::u8, {9, 3, 3, 5}, weights, {{0.01f}, {131}});
  const i32 bias = b.constant("b", LiteType::i32, {9}, std::vector<i32>(9, -200), {{0.005f}, {0}});
  const std::vector<u8> taps(weights.begin(), weights.begin() + 81);
  const i32 v = b.constant("v", LiteType::u8, {1, 3, 3, 9}, taps, {{0.02f}, {101}});
  const i32 c = b.tensor("c", LiteType::u8, {1, 7, 6, 9}, {{0.6f}, {90}});
  const i32 y = b.tensor("y", LiteType::u8, {1, 7, 6, 9}, {{1.1f}, {128}});
  b.node(3, {x, w, bias}, {c}, 1, Flat::table().scalar(1, i32{1}).scalar(2, i32{1}));
  b.node(4, {c, v}, {y}, 2, Flat::table().scalar(1, i32{1}).scalar(2, i32{1}).scalar(3, i32{1}));
  expect_same_bits(planned(b.finish({x}, {y})));
}

/// Eight channels whose scales are too far apart for one shift are rescaled one by one, and give the same.
TEST(EmitWasm, ChannelsOfVeryDifferentScales) {
  Builder b(13, 2);
  const auto x = b.input("x", {1, 2, 4, 4});
  std::vector<f32> weights = b.random_values(12 * 2 * 9);
  for (usize i = 0; i < weights.size(); ++i) weights[i] *= i < 18 ? 1e6f : i < 36 ? 1e-4f : 1;
  b.constant("w", {12, 2, 3, 3}, weights);
  b.constant("bias", {12}, std::vector<f32>(12, 0.5f));
  b.node("Conv", {x, "w", "bias"}, "y", {{"kernel_shape", Ints{3, 3}}});
  const auto onnx = b.finish("y", {1, 12, 2, 2});
  const Samples samples{4, [](u32 index) { return Builder(13, 9 + index).random_values(32, -2, 2); }};
  const auto quantized = quantize_model(onnx, samples, {});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  expect_same_bits(planned(quantized->onnx));
}

TEST(EmitWasm, PacksAnImpossibleShiftAsNone) {
  const std::vector<i8> weights(8, 127);
  const std::vector<i32> bias(8, 1 << 29);
  std::vector<nn::format::Rescale> factors(8, {1 << 30, -4});
  factors[3].shift = -20;  // 2^16 times smaller than its neighbours
  const auto shift_of = [&] {
    const auto packed = wasm::pack_gemm_i8({weights.data(), bias.data(), factors.data(), 0, 8, 1, 1, 1});
    i32 shift = 0;
    std::memcpy(&shift, &packed[24 * sizeof(i32)], sizeof shift);
    return shift;
  };
  EXPECT_EQ(shift_of(), 0);
  factors[3].shift = -4;
  EXPECT_EQ(shift_of(), 3);
  factors[5].shift = 0;  // rescale() of its own rule
  EXPECT_EQ(shift_of(), 0);
}

TEST(EmitWasm, RemembersAsTheEngineDoes) {
  using testing::LiteType;
  for (LiteType type : {LiteType::f32, LiteType::i8}) {
    testing::Values values(22);
    expect_same_bits(planned(testing::svdf(type, values)));
    expect_same_bits(planned(testing::lstm(0, true, values, type)));
  }
}

}  // namespace
}  // namespace pipit::model
