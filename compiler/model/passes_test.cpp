#include "compiler/model/passes/passes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "compiler/model/compiler.h"
#include "compiler/model/emit_pipm.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/export_onnx.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/quantize.h"
#include "compiler/model/testing/models.h"
#include "support/files.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::Ints;

Graph imported(const std::vector<u8>& file) {
  auto graph = import_onnx(file);
  EXPECT_TRUE(graph.ok()) << graph.error().text;
  return *std::move(graph);
}

/// Operators of a graph in order: "conv clamp reshape".
std::string operators(const Graph& graph) {
  std::string text;
  for (NodeId id : graph.order()) text += (text.empty() ? "" : " ") + std::string(op_name(graph[id].op));
  return text;
}

void apply(Graph& graph, support::Status (*pass)(Graph&)) {
  const auto done = pass(graph);
  ASSERT_TRUE(done.ok()) << done.error().text;
}

std::vector<f32> run_once(const std::vector<u8>& onnx, const std::vector<f32>& input) {
  const auto compiled = compile_model(onnx);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  auto session = Session::create(compiled->pipm);
  EXPECT_TRUE(session.ok());
  const auto output = session->run(std::span<const f32>(input));
  EXPECT_TRUE(output.ok()) << output.error().text;
  return real_values(session->model().output(0), *output);
}

void expect_near(const std::vector<f32>& a, const std::vector<f32>& b, f32 tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (usize i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(FoldBatchNorm, DisappearsIntoTheConvolutionBefore) {
  Graph graph = imported(testing::small_network());
  apply(graph, canonicalize);
  EXPECT_NE(operators(graph).find("batch_norm"), std::string::npos);
  apply(graph, fold_batch_norm);
  EXPECT_EQ(operators(graph).find("batch_norm"), std::string::npos);
  EXPECT_EQ(operators(graph).rfind("conv clamp max_pool", 0), 0u) << operators(graph);
}

TEST(FoldBatchNorm, ComputesScaleAndShiftPerChannel) {
  // A 1×1 convolution by 1: the output is the normalisation alone.
  Builder b;
  b.input("x", {1, 2, 1, 1});
  b.constant("w", {2, 2, 1, 1}, {1, 0, 0, 1});
  b.constant("scale", {2}, {2, 3});
  b.constant("shift", {2}, {0.5f, -1});
  b.constant("mean", {2}, {1, -2});
  b.constant("variance", {2}, {4, 0.25f});
  b.node("Conv", {"x", "w"}, "c");
  b.node("BatchNormalization", {"c", "scale", "shift", "mean", "variance"}, "y", {{"epsilon", 0.0f}});
  const auto y = run_once(b.finish("y", {1, 2, 1, 1}), {5, 1});
  expect_near(y, {2 * (5 - 1) / 2.0f + 0.5f, 3 * (1 + 2) / 0.5f - 1}, 1e-5f);
}

TEST(FoldBatchNorm, BecomesMulAndAddWithoutALayerBefore) {
  Builder b;
  b.input("x", {1, 2, 2, 2});
  b.constant("scale", {2}, {2, 3});
  b.constant("shift", {2}, {1, 2});
  b.constant("mean", {2}, {0, 0});
  b.constant("variance", {2}, {1, 1});
  b.node("BatchNormalization", {"x", "scale", "shift", "mean", "variance"}, "n", {{"epsilon", 0.0f}});
  b.node("MaxPool", {"n"}, "y", {{"kernel_shape", Ints{2, 2}}});
  const std::vector<u8> onnx = b.finish("y", {1, 2, 1, 1});
  Graph graph = imported(onnx);
  apply(graph, fold_batch_norm);
  EXPECT_EQ(operators(graph), "mul add max_pool");
  expect_near(run_once(onnx, {1, 2, 3, 4, 5, 6, 7, 8}), {9, 26}, 1e-5f);
}

TEST(FuseActivations, LeavesAnOutputThatIsReadBeforeItsClamp) {
  Builder b;
  b.input("x", {1, 4});
  b.random("w", {4, 4});
  b.node("MatMul", {"x", "w"}, "h");
  b.node("Relu", {"h"}, "r");
  b.node("Add", {"r", "h"}, "y");
  Graph graph = imported(b.finish("y", {1, 4}));
  apply(graph, canonicalize);
  apply(graph, fuse_activations);
  EXPECT_EQ(operators(graph), "fully_connected clamp add");
}

TEST(FuseActivations, JoinsConsecutiveClamps) {
  Builder b(6);
  b.input("x", {1, 4});
  b.random("w", {4, 4});
  b.node("MatMul", {"x", "w"}, "h");
  b.node("Clip", {"h"}, "c", {{"min", -1.0f}, {"max", 8.0f}});
  b.node("Relu", {"c"}, "y");
  Graph graph = imported(b.finish("y", {1, 4}));
  apply(graph, canonicalize);
  apply(graph, fuse_activations);
  EXPECT_EQ(operators(graph), "fully_connected");
  EXPECT_EQ(graph[graph.order()[0]].clamp, (Clamp{0, 8}));
}

TEST(EliminateIdentity, RemovesWhatChangesNothing) {
  Builder b;
  b.input("x", {1, 2, 3, 4});
  b.node("Dropout", {"x"}, "d");
  b.node("Transpose", {"d"}, "t", {{"perm", Ints{0, 2, 3, 1}}});
  b.node("Transpose", {"t"}, "u", {{"perm", Ints{0, 3, 1, 2}}});
  b.integers("shape", {1, 24});
  b.node("Reshape", {"u", "shape"}, "r");
  b.integers("back", {1, 2, 3, 4});
  b.node("Reshape", {"r", "back"}, "s");
  b.node("Relu", {"s"}, "y");
  Graph graph = imported(b.finish("y", {1, 2, 3, 4}));
  apply(graph, eliminate_identity);
  apply(graph, eliminate_dead_code);
  EXPECT_EQ(operators(graph), "clamp");
}

TEST(EliminateIdentity, KeepsAnOutputThatIsTheInput) {
  Builder b;
  b.input("x", {1, 4});
  b.node("Identity", {"x"}, "y");
  const std::vector<u8> onnx = b.finish("y", {1, 4});
  expect_near(run_once(onnx, {1, 2, 3, 4}), {1, 2, 3, 4}, 0);
}

TEST(EliminateIdentity, TurnsAPadIntoTheConvolutionsPadding) {
  Builder b;
  b.input("x", {1, 1, 4, 4});
  b.integers("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  b.random("w", {1, 1, 3, 3});
  b.node("Pad", {"x", "pads"}, "p");
  b.node("Conv", {"p", "w"}, "y");
  Graph graph = imported(b.finish("y", {1, 1, 4, 4}));
  apply(graph, eliminate_identity);
  EXPECT_EQ(operators(graph), "conv");
  EXPECT_EQ(graph[graph.order()[0]].as<ConvAttributes>().window.pad_end, (std::array<u32, 2>{1, 1}));
}

TEST(Canonicalize, BringsMatMulAndAddToOneLayer) {
  Builder b;
  b.input("x", {1, 2});
  b.constant("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  b.constant("c", {3}, {10, 20, 30});
  b.node("MatMul", {"x", "w"}, "h");
  b.node("Add", {"c", "h"}, "y");
  const std::vector<u8> onnx = b.finish("y", {1, 3});
  Graph graph = imported(onnx);
  apply(graph, canonicalize);
  EXPECT_EQ(operators(graph), "fully_connected");
  expect_near(run_once(onnx, {1, 10}), {51, 72, 93}, 1e-4f);
}

TEST(CommonSubexpressions, ComputesTheSameOnce) {
  Builder b;
  b.input("x", {1, 4});
  b.constant("c1", {4}, {1, 2, 3, 4});
  b.constant("c2", {4}, {1, 2, 3, 4});
  b.node("Sigmoid", {"x"}, "s1");
  b.node("Sigmoid", {"x"}, "s2");
  b.node("Add", {"s1", "c1"}, "a1");
  b.node("Add", {"s2", "c2"}, "a2");
  b.node("Mul", {"a1", "a2"}, "y");
  const auto onnx = b.finish("y", {1, 4});
  const auto compiled = compile_model(onnx);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(compiled->operators.size(), 3u);
  expect_near(run_once(onnx, {0, 0, 0, 0}), {2.25f, 6.25f, 12.25f, 20.25f}, 1e-5f);
}

TEST(CommonSubexpressions, KeepsEqualIntegersOfTwoScalesApart) {
  // In int8 both weights have the same bytes; the second's scale is twice the first's.
  Builder b;
  b.input("x", {1, 4});
  const std::vector<f32> weights = b.random_values(16);
  std::vector<f32> doubled = weights;
  for (f32& w : doubled) w *= 2;
  b.constant("w1", {4, 4}, weights);
  b.constant("w2", {4, 4}, doubled);
  b.node("Gemm", {"x", "w1"}, "y1", {{"transB", i64{1}}});
  b.node("Gemm", {"y1", "w2"}, "y", {{"transB", i64{1}}});
  const auto onnx = b.finish("y", {1, 4});
  const Samples samples{8, [](u32 index) { return Builder(13, index + 1).random_values(4); }};
  const auto quantized = quantize_model(onnx, samples, {});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  const auto compiled = compile_model(quantized->onnx);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
}

TEST(Generalize, MultipliesTwoMatricesOfActivations) {
  Builder b;
  b.input("x", {1, 2});
  b.input("z", {2, 3});
  b.node("MatMul", {"x", "z"}, "y");
  const auto compiled = compile_model(b.finish("y", {1, 3}));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  ASSERT_EQ(compiled->operators.size(), 1u);
  EXPECT_EQ(compiled->operators[0].opcode, "general matmul");
  EXPECT_EQ(compiled->macs, 6u);
}

/// As imported (what `pipit model info` shows), and as planned.
TEST(Macs, OfMatricesAreTheSameBeforeAndAfterLowering) {
  Builder b;
  b.input("x", {2, 4});
  b.random("w", {5, 4});
  b.node("Gemm", {"x", "w"}, "h", {{"transB", i64{1}}});
  b.random("m", {5, 3});
  b.node("MatMul", {"h", "m"}, "y");
  const auto file = b.finish("y", {2, 3});
  const Graph graph = imported(file);
  std::vector<u64> macs;
  for (NodeId id : graph.order()) macs.push_back(macs_of(graph, graph[id]));
  EXPECT_EQ(macs, (std::vector<u64>{2 * 4 * 5, 2 * 5 * 3}));
  const auto compiled = compile_model(file);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(compiled->macs, 2u * 4 * 5 + 2 * 5 * 3);
}

/// Every one of 2 × 3 × 4 inputs goes to 3 × 3 taps of 5 channels, however many outputs the strides make.
TEST(Macs, OfTransposedConvolutionsCountInputs) {
  Graph graph;
  const TensorId x = graph.add_tensor({.name = "x", .dtype = DType::i16, .shape = {1, 2, 3, 4}});
  const TensorId w = graph.add_constant<i8>("w", DType::i8, {5, 3, 3, 4}, std::vector<i8>(5 * 3 * 3 * 4));
  const TensorId y = graph.add_tensor({.name = "y", .dtype = DType::i16, .shape = {1, 4, 6, 5}});
  const NodeId node = graph.append({.op = Op::transpose_conv, .name = "t", .inputs = {x, w}, .output = y});
  EXPECT_EQ(macs_of(graph, graph[node]), 2u * 3 * 4 * 3 * 3 * 5);
}

TEST(Layout, LeavesNoTransposeBetweenImageOperators) {
  Graph graph = imported(testing::small_network());
  ASSERT_TRUE(run_passes(graph, canonical_passes()).ok());
  ASSERT_TRUE(run_passes(graph, lowering_passes()).ok());
  EXPECT_EQ(operators(graph), "transpose conv max_pool depthwise_conv add reshape fully_connected");
}

TEST(Layout, SpreadsGroupedWeights) {
  // Two groups of two channels; each output channel sums its own group.
  Builder b;
  b.input("x", {1, 4, 1, 1});
  b.constant("w", {2, 2, 1, 1}, {1, 1, 1, 1});
  b.node("Conv", {"x", "w"}, "y", {{"group", i64{2}}});
  expect_near(run_once(b.finish("y", {1, 2, 1, 1}), {1, 2, 3, 4}), {3, 7}, 1e-6f);
}

TEST(Layout, MovesPadConcatAndConstantsAlong) {
  Builder b;
  b.input("x", {1, 2, 2, 2});
  b.node("MaxPool", {"x"}, "m", {{"kernel_shape", Ints{1, 1}}});
  b.constant("c", {2, 1, 1}, {10, 20});
  b.node("Add", {"m", "c"}, "a");
  b.node("Concat", {"a", "m"}, "k", {{"axis", i64{1}}});
  b.integers("pads", {0, 0, 0, 0, 0, 0, 0, 1});
  b.node("Pad", {"k", "pads"}, "p");
  b.node("MaxPool", {"p"}, "y", {{"kernel_shape", Ints{1, 1}}});
  const std::vector<u8> onnx = b.finish("y", {1, 4, 2, 3});
  Graph graph = imported(onnx);
  ASSERT_TRUE(run_passes(graph, canonical_passes()).ok());
  ASSERT_TRUE(run_passes(graph, lowering_passes()).ok());
  EXPECT_EQ(operators(graph), "transpose max_pool add concat pad max_pool transpose");
  expect_near(run_once(onnx, {1, 2, 3, 4, 5, 6, 7, 8}),
              {11, 12, 0, 13, 14, 0, 25, 26, 0, 27, 28, 0, 1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8, 0}, 1e-6f);
}

/// Quantize → Dequantize with one scale and a zero point of the given type.
std::string pair(Builder& b, const std::string& from, f32 scale, i32 zero, onnx_file::ElementType type) {
  b.constant(from + "_scale", {}, {scale});
  b.model.initializers.push_back({from + "_zero", type, {}, {static_cast<u8>(zero)}});
  b.node("QuantizeLinear", {from, from + "_scale", from + "_zero"}, from + "_q");
  return b.node("DequantizeLinear", {from + "_q", from + "_scale", from + "_zero"}, from + "_r");
}

TEST(LowerQdq, ChangesTheScaleBehindAPool) {
  Builder b;
  b.input("x", {1, 1, 2, 2});
  const auto x = pair(b, "x", 0.1f, 0, onnx_file::ElementType::i8);
  b.node("MaxPool", {x}, "m", {{"kernel_shape", Ints{2, 2}}});
  const std::vector<u8> onnx = b.finish(pair(b, "m", 0.2f, 3, onnx_file::ElementType::i8), {1, 1, 1, 1});
  Graph graph = imported(onnx);
  ASSERT_TRUE(run_passes(graph, canonical_passes()).ok());
  apply(graph, lower_qdq);
  apply(graph, eliminate_dead_code);
  EXPECT_EQ(operators(graph), "quantize max_pool requantize dequantize");
  expect_near(run_once(onnx, {0.4f, 1.0f, -3, 0}), {1.0f}, 1e-6f);
}

TEST(LowerQdq, TakesUnsignedModelsAsSignedOnes) {
  for (const auto type : {onnx_file::ElementType::u8, onnx_file::ElementType::i8}) {
    const i32 zero = type == onnx_file::ElementType::u8 ? 128 : 0;
    Builder b;
    b.input("x", {1, 4});
    const auto x = pair(b, "x", 0.1f, zero, type);
    const auto y = pair(b, b.node("Add", {x, x}, "s"), 0.2f, zero, type);
    expect_near(run_once(b.finish(y, {1, 4}), {0.4f, -1, 3, 0}), {0.8f, -2, 6, 0}, 1e-6f);
  }
}

TEST(LowerQdq, ComputesInFloatWhatHasNoIntegerForm) {
  // Asymmetric weights are outside the int8 kernels; the model must still mean the same.
  Builder b;
  b.input("x", {1, 2});
  const auto x = pair(b, "x", 0.1f, 0, onnx_file::ElementType::i8);
  b.constant("ws", {}, {0.5f});
  b.model.initializers.push_back({"wz", onnx_file::ElementType::i8, {}, {1}});
  b.model.initializers.push_back({"wq", onnx_file::ElementType::i8, {2, 1}, {3, 5}});
  b.node("DequantizeLinear", {"wq", "ws", "wz"}, "w");
  b.node("MatMul", {x, "w"}, "h");
  const auto y = pair(b, "h", 0.05f, 0, onnx_file::ElementType::i8);
  expect_near(run_once(b.finish(y, {1, 1}), {1, 2}), {5}, 0.051f);
}

TEST(RunPasses, NamesThePassThatFailed) {
  Graph graph = imported(testing::small_network());
  const Pass broken{"broken",
                    [](Graph&) -> support::Status { return support::Error(Code::internal, "why"); }};
  const auto done = run_passes(graph, std::span(&broken, 1));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().text, "broken: why");
}

/// The text of every pass over one network, float and int8, against testdata/passes.golden. After an intended
/// change run this test with PIPIT_UPDATE_GOLDENS=1 and read the difference.
TEST(Golden, DumpsOfTheSmallNetwork) {
  std::string text;
  CompileOptions options;
  options.observer = [&](const char* pass, const Graph& graph) {
    text += std::string("=== after ") + pass + "\n" + print(graph);
  };
  Graph graph = *import_model(testing::small_network(), options);
  Calibration calibration;
  for (u32 i = 0; i < graph.tensor_count(); ++i) calibration.ranges[i] = {-1, 1};
  ASSERT_TRUE(quantize_graph(graph, calibration).ok());
  options.observer("quantize", graph);
  ASSERT_TRUE(compile_graph(graph, options).ok());

  const std::string path = PIPIT_SOURCE_DIR "/compiler/model/testdata/passes.golden";
  if (std::getenv("PIPIT_UPDATE_GOLDENS") != nullptr) {
    ASSERT_TRUE(support::write_file(path, as_bytes(text)).ok());
    GTEST_SKIP() << "rewrote " << path;
  }
  const auto golden = support::read_file(path);
  ASSERT_TRUE(golden.ok()) << golden.error().text;
  EXPECT_EQ(text, as_text(*golden));
}

TEST(Export, WritesWhatImportReads) {
  const std::vector<u8> first = testing::small_network();
  auto graph = import_model(first);
  ASSERT_TRUE(graph.ok());
  const auto second = export_onnx(*graph);
  ASSERT_TRUE(second.ok()) << second.error().text;
  Builder random;
  const auto sample = random.random_values(3 * 8 * 8);
  expect_near(run_once(first, sample), run_once(*second, sample), 1e-5f);
}

}  // namespace
}  // namespace pipit::model
