// Generated C computes the bits that the engine computes.
#include "compiler/model/emit_c/emit_c.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "compiler/model/compiler.h"
#include "compiler/model/emit_wasm/emit_wasm.h"
#include "compiler/model/testing/emitted.h"
#include "compiler/model/testing/models.h"
#include "compiler/model/testing/recurrent.h"
#include "nn/nn.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::Engine;
using testing::expect_same_bits;
using testing::Ints;

std::vector<u8> planned(const std::vector<u8>& onnx, bool integer_io = false) {
  CompileOptions options;
  options.integer_io = integer_io;
  auto compiled = compile_model(onnx, options);
  if (compiled.ok()) return std::move(compiled->pipm);
  ADD_FAILURE() << compiled.error().text;
  return {};
}

std::vector<u8> quantized(const std::vector<u8>& onnx, i64 elements) {
  const Samples samples{
      8, [elements](u32 index) { return Builder(13, 9 + index).random_values(elements, -2, 2); }};
  auto made = quantize_model(onnx, samples, {});
  if (made.ok()) return std::move(made->onnx);
  ADD_FAILURE() << made.error().text;
  return {};
}

TEST(EmitC, ComputesAFloatNetwork) { expect_same_bits(planned(testing::small_network())); }

TEST(EmitC, ComputesAnInt8Network) {
  const auto onnx = quantized(testing::small_network(), 3 * 8 * 8);
  expect_same_bits(planned(onnx));
  expect_same_bits(planned(onnx, true));
}

/// Strides, dilations, odd channels, padding on one side, every kind of pool, a residual, a softmax.
std::vector<u8> crooked_network() {
  Builder b(13, 3);
  const auto x = b.input("x", {1, 5, 9, 7});
  b.random("w1", {7, 5, 3, 2});
  b.random("b1", {7});
  b.node("Conv", {x, "w1", "b1"}, "c1",
         {{"kernel_shape", Ints{3, 2}}, {"pads", Ints{2, 0, 1, 1}}, {"dilations", Ints{2, 1}}});
  b.node("Relu", {"c1"}, "r1");
  b.random("w2", {7, 1, 3, 3});
  b.random("b2", {7});
  b.node("Conv", {"r1", "w2", "b2"}, "c2",
         {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}, {"group", i64{7}}});
  b.node("Mul", {"c2", "r1"}, "m2");
  b.node("Add", {"m2", "c2"}, "a2");
  b.node("AveragePool", {"a2"}, "p2",
         {{"kernel_shape", Ints{3, 3}},
          {"strides", Ints{2, 2}},
          {"pads", Ints{1, 1, 1, 1}},
          {"count_include_pad", i64{1}}});
  b.node("MaxPool", {"p2"}, "p3", {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{1, 0, 0, 1}}});
  b.random("w4", {6, 7, 1, 1});
  b.random("b4", {6});
  b.node("Conv", {"p3", "w4", "b4"}, "c4", {{"kernel_shape", Ints{1, 1}}, {"strides", Ints{2, 1}}});
  b.node("GlobalAveragePool", {"c4"}, "g4");
  b.node("Flatten", {"g4"}, "flat");
  b.random("w5", {6, 5});
  b.random("b5", {5});
  b.node("Gemm", {"flat", "w5", "b5"}, "logits");
  b.node("Softmax", {"logits"}, "y", {{"axis", i64{1}}});
  return b.finish("y", {1, 5});
}

TEST(EmitC, ComputesCrookedShapes) {
  expect_same_bits(planned(crooked_network()));
  expect_same_bits(planned(quantized(crooked_network(), 5 * 9 * 7)));
}

TEST(EmitC, ComputesDynamicallyQuantisedLayers) {
  CompileOptions options;
  options.dynamic = true;
  for (const auto& onnx : {testing::small_network(), crooked_network()}) {
    const auto compiled = compile_model(onnx, options);
    ASSERT_TRUE(compiled.ok()) << compiled.error().text;
    expect_same_bits(compiled->pipm);
  }
}

TEST(EmitC, MovesElements) {
  Builder b(13, 4);
  b.node("Transpose", {b.input("x", {2, 3, 4})}, "t", {{"perm", Ints{2, 0, 1}}});
  b.integers("pads", {0, 1, 0, 2, 0, 1});
  b.node("Pad", {"t", "pads"}, "p");
  b.node("Concat", {"p", "p"}, "both", {{"axis", i64{1}}});
  b.constant("low", {}, {-0.5f});
  b.constant("high", {}, {0.75f});
  b.node("Clip", {"both", "low", "high"}, "y");
  expect_same_bits(planned(b.finish("y", {6, 6, 4})));
}

TEST(EmitC, SlicesForwardsAndBackwards) {
  Builder b(13, 5);
  b.integers("starts", {2, 6});
  b.integers("ends", {9, -100});
  b.integers("axes", {0, 2});
  b.integers("steps", {3, -2});
  b.node("Slice", {b.input("x", {9, 3, 8}), "starts", "ends", "axes", "steps"}, "s");
  b.node("Relu", {"s"}, "y");
  expect_same_bits(planned(b.finish("y", {3, 3, 4})));
}

/// Weights with zero points, padded windows, a depth multiplier, a fully connected layer behind.
TEST(EmitC, ComputesUint8Models) {
  using testing::Flat;
  using testing::LiteType;
  testing::LiteBuilder b;
  const auto weights = [](u32 count, u32 step) {
    std::vector<u8> values(count);
    for (u32 i = 0; i < count; ++i) values[i] = static_cast<u8>(i * step % 256);
    return values;
  };
  const i32 x = b.tensor("x", LiteType::u8, {1, 7, 6, 5}, {{0.5f}, {120}});
  const i32 w = b.constant("w", LiteType::u8, {9, 3, 3, 5}, weights(405, 37), {{0.01f}, {131}});
  const i32 bias = b.constant("b", LiteType::i32, {9}, std::vector<i32>(9, -200), {{0.005f}, {0}});
  const i32 v = b.constant("v", LiteType::u8, {1, 3, 3, 18}, weights(162, 53), {{0.02f}, {101}});
  const i32 u = b.constant("u", LiteType::u8, {4, 216}, weights(864, 71), {{0.005f}, {120}});
  const i32 c = b.tensor("c", LiteType::u8, {1, 7, 6, 9}, {{0.6f}, {90}});
  const i32 d = b.tensor("d", LiteType::u8, {1, 4, 3, 18}, {{1.1f}, {128}});
  const i32 y = b.tensor("y", LiteType::u8, {1, 4}, {{2.0f}, {128}});
  b.node(3, {x, w, bias}, {c}, 1, Flat::table().scalar(1, i32{1}).scalar(2, i32{1}));
  b.node(4, {c, v}, {d}, 2, Flat::table().scalar(1, i32{2}).scalar(2, i32{2}).scalar(3, i32{2}));
  const i32 flat = b.tensor("flat", LiteType::u8, {1, 216}, {{1.1f}, {128}});
  b.node(22, {d}, {flat}, 0, Flat::table());
  b.node(9, {flat, u}, {y}, 8, Flat::table());
  expect_same_bits(planned(b.finish({x}, {y})));
}

TEST(EmitC, RemembersAsTheEngineDoes) {
  using testing::LiteType;
  for (LiteType type : {LiteType::f32, LiteType::i8}) {
    testing::Values values(21);
    expect_same_bits(planned(testing::svdf(type, values)));
    for (bool time_major : {false, true})
      expect_same_bits(planned(testing::lstm(time_major ? 0.5f : 0, time_major, values, type)));
  }
}

TEST(EmitC, NamesWhatHasNoKernel) {
  Builder b(13, 6);
  b.node("Det", {b.input("x", {3, 3})}, "y");
  const auto generated = emit_c(planned(b.finish("y", {})), "model");
  ASSERT_FALSE(generated.ok());
  EXPECT_NE(generated.error().text.find("general function lu (operator 0, which makes 3x3) has no C kernel"),
            std::string::npos)
      << generated.error().text;
}

/// Runs a module of ours in Node: the bytes of output 0 for the bytes of input 0.
constexpr const char* kRunInNode = R"JS(
const fs = require('fs');
const [module, input, bytes] = process.argv.slice(1);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(module)), {});
new Uint8Array(exports.memory.buffer).set(fs.readFileSync(input), exports.model_input0());
exports.model_run();
process.stdout.write(Buffer.from(exports.memory.buffer, exports.model_output0(), Number(bytes)).toString('hex'));
)JS";

TEST(EmitWasm, ComputesTheSameBitsInNode) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("pipit-emit-wasm-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  for (const auto& pipm : {planned(crooked_network()), planned(quantized(crooked_network(), 5 * 9 * 7))}) {
    const auto made = emit_wasm(pipm, "model");
    ASSERT_TRUE(made.ok()) << made.error().text;
    const auto x = testing::bytes_of(Builder(13, 8).random_values(5 * 9 * 7, -2, 2));
    ASSERT_TRUE(support::write_file((folder / "model.wasm").string(), made->module).ok());
    ASSERT_TRUE(support::write_file((folder / "x").string(), x).ok());
    const auto ran = support::run(
        {"node", "-e", kRunInNode, (folder / "model.wasm").string(), (folder / "x").string(), "20"});
    ASSERT_TRUE(ran.ok()) << ran.error().text;
    ASSERT_EQ(ran->exit_code, 0) << ran->err;
    std::string expected;
    const auto computed = Engine(pipm).infer({x});
    for (u8 byte : computed[0]) {
      char text[3];
      std::snprintf(text, sizeof text, "%02x", byte);
      expected += text;
    }
    EXPECT_EQ(ran->out, expected);
  }
  std::filesystem::remove_all(folder);
}

TEST(EmitC, StatesItsNeeds) {
  const auto generated = emit_c(planned(quantized(testing::small_network(), 3 * 8 * 8), true), "tiny_net");
  ASSERT_TRUE(generated.ok()) << generated.error().text;
  EXPECT_NE(generated->header.find("#define TINY_NET_ARENA_BYTES " + std::to_string(generated->arena_bytes)),
            std::string::npos);
  EXPECT_NE(generated->header.find("#define TINY_NET_INPUT0_SHAPE {1, 3, 8, 8}"), std::string::npos)
      << generated->header;
  EXPECT_NE(generated->header.find("int8_t* tiny_net_input0(void);"), std::string::npos);
  EXPECT_EQ(generated->source.find("conv2d_f32"), std::string::npos)
      << "a kernel that the model does not use";
}

TEST(EmitC, RefusesNamesThatAreNone) {
  const auto pipm = planned(testing::small_network());
  for (const char* name : {"", "3d", "a-b", "x y"}) {
    const auto generated = emit_c(pipm, name);
    ASSERT_FALSE(generated.ok());
    EXPECT_EQ(generated.error().code, Code::invalid_argument);
  }
  EXPECT_FALSE(emit_c(Bytes(pipm).first(50), "model").ok());
}

}  // namespace
}  // namespace pipit::model
