#include <gtest/gtest.h>

#include "compiler/model/compiler.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/testing/emitted.h"
#include "compiler/model/testing/models.h"
#include "nn/general/types.h"
#include "support/files.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::Ints;

std::string error_of(const std::vector<u8>& file) {
  auto graph = import_onnx(file);
  return graph.ok() ? "" : graph.error().text;
}

/// The same network in single precision, or stored in half precision with such an input.
std::vector<u8> halves_network(bool halves) {
  Builder b;
  const auto type = halves ? onnx_file::ElementType::f16 : onnx_file::ElementType::f32;
  b.input("x", {1, 2, 6, 6});
  b.random("w", {4, 2, 3, 3});
  b.node("Conv", {"x", "w"}, "c", {{"kernel_shape", Ints{3, 3}}});
  b.node("Relu", {"c"}, "r");
  b.node("Where", {"choose", "r", "c"}, "y");
  b.model.initializers.push_back({"choose", onnx_file::ElementType::boolean, {1}, {1}});
  b.model.inputs[0].type = type;
  auto& w = b.model.initializers[0];
  std::vector<u16> stored;
  for (usize i = 0; i < w.data.size() / 4; ++i) {
    f32 value = 0;
    std::memcpy(&value, &w.data[4 * i], sizeof value);
    stored.push_back(nn::general::Half::encode(value));
    value = nn::general::Half::decode(stored.back());
    std::memcpy(&w.data[4 * i], &value, sizeof value);  // both networks have the stored weights
  }
  if (halves) w = {"w", onnx_file::ElementType::f16, w.dims, testing::bytes_of(stored)};
  b.model.outputs.push_back({"y", type, {1, 4, 4, 4}});
  return onnx_file::serialise(b.model);
}

TEST(Import, ComputesHalvesInSinglePrecisionAndRoundsOnce) {
  auto compiled = compile_model(halves_network(true)), exact = compile_model(halves_network(false));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  ASSERT_TRUE(exact.ok()) << exact.error().text;
  testing::Engine half(compiled->pipm), single(exact->pipm);
  EXPECT_EQ(half.model().input(0).dtype, DType::f16);
  EXPECT_EQ(half.model().output(0).dtype, DType::f16);
  std::minstd_rand random(3);
  const auto input = testing::random_tensor(half.model().input(0), random);
  std::vector<f32> same;
  for (usize i = 0; i < input.size() / 2; ++i)
    same.push_back(nn::general::Half::decode(static_cast<u16>(input[2 * i] | input[2 * i + 1] << 8)));
  const auto rounded = half.infer({input})[0], whole = single.infer({testing::bytes_of(same)})[0];
  for (usize i = 0; i < rounded.size() / 2; ++i) {
    f32 value = 0;
    std::memcpy(&value, &whole[4 * i], sizeof value);
    EXPECT_EQ(rounded[2 * i] | rounded[2 * i + 1] << 8, nn::general::Half::encode(value)) << i;
  }
  testing::expect_same_bits(compiled->pipm);
}

TEST(Import, TakesAConvolutionAlongOneAxisAsOneOfAnImage) {
  Builder b;
  b.input("x", {2, 4, 9});
  b.random("w", {6, 2, 3});
  b.random("bias", {6});
  b.node("Conv", {"x", "w", "bias"}, "c", {{"group", i64{2}}, {"pads", Ints{2, 1}}, {"strides", Ints{2}}});
  b.node("Relu", {"c"}, "y");
  const auto compiled = compile_model(b.finish("y", {2, 6, 5}));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(std::ranges::count_if(compiled->operators, [](const auto& op) { return op.opcode == "conv2d"; }),
            1);
  EXPECT_EQ(std::ranges::count_if(compiled->operators,
                                  [](const auto& op) { return op.opcode.starts_with("general"); }),
            0);
}

TEST(Import, NamesAnUnknownOperatorItsNodeAndTheRemedy) {
  Builder b;
  b.input("x", {1, 4});
  b.node("ImageDecoder", {"x"}, "y");
  const std::string text = error_of(b.finish("y", {1, 4}));
  EXPECT_NE(text.find("ImageDecoder node 'y_node'"), text.npos) << text;
  EXPECT_NE(text.find("--operators=FOLDER"), text.npos) << text;
}

TEST(Import, RefusesAnAttributeItDoesNotKnow) {
  Builder b;
  b.input("x", {1, 4});
  b.node("Relu", {"x"}, "y", {{"leak", 0.5f}});
  EXPECT_NE(error_of(b.finish("y", {1, 4})).find("attribute 'leak'"), std::string::npos);
}

TEST(Import, RefusesAnAttributeOfTheWrongType) {
  Builder b;
  b.input("x", {1, 4});
  b.node("Softmax", {"x"}, "y", {{"axis", 1.5f}});
  EXPECT_NE(error_of(b.finish("y", {1, 4})).find("wrong type"), std::string::npos);
}

TEST(Import, RefusesAValueNobodyMakes) {
  Builder b;
  b.input("x", {1, 4});
  b.node("Relu", {"later"}, "y");
  b.node("Relu", {"x"}, "later");
  EXPECT_NE(error_of(b.finish("y", {1, 4})).find("reads 'later'"), std::string::npos);
}

TEST(Import, RefusesTheSameNameTwice) {
  Builder b;
  b.input("x", {1, 4});
  b.node("Relu", {"x"}, "y");
  b.node("Relu", {"x"}, "y");
  EXPECT_NE(error_of(b.finish("y", {1, 4})).find("defined twice"), std::string::npos);
}

TEST(Import, MakesASymbolicBatchOneAndRefusesOtherSymbols) {
  Builder batch;
  batch.input("x", {-1, 4});
  batch.node("Relu", {"x"}, "y");
  auto graph = import_onnx(batch.finish("y", {-1, 4}));
  ASSERT_TRUE(graph.ok()) << graph.error().text;
  EXPECT_EQ((*graph)[graph->inputs[0]].shape, (Shape{1, 4}));

  Builder width;
  width.input("x", {1, -1});
  width.node("Relu", {"x"}, "y");
  EXPECT_NE(error_of(width.finish("y", {1, -1})).find("dynamic dimension"), std::string::npos);
}

TEST(Import, FoldsTheShapeComputationOfAView) {
  // What torch exports for x.view(x.size(0), -1).
  Builder b;
  b.input("x", {2, 3, 4});
  b.integers("zero", {0});
  b.integers("rest", {-1});
  b.node("Shape", {"x"}, "shape");
  b.node("Gather", {"shape", "zero"}, "batch", {{"axis", i64{0}}});
  b.node("Concat", {"batch", "rest"}, "target", {{"axis", i64{0}}});
  b.node("Reshape", {"x", "target"}, "y");
  auto graph = import_onnx(b.finish("y", {2, 12}));
  ASSERT_TRUE(graph.ok()) << graph.error().text;
  EXPECT_EQ((*graph)[graph->outputs[0]].shape, (Shape{2, 12}));
  EXPECT_EQ(graph->order().size(), 1u);
}

TEST(Import, ResolvesAutomaticPadding) {
  Builder b;
  b.input("x", {1, 1, 6, 6});
  b.random("w", {1, 1, 3, 3});
  b.node("Conv", {"x", "w"}, "y", {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}});
  auto graph = import_onnx(b.finish("y", {1, 1, 3, 3}));
  ASSERT_TRUE(graph.ok()) << graph.error().text;
  const Node& conv = (*graph)[graph->order()[0]];
  EXPECT_EQ(conv.as<ConvAttributes>().window.pad_begin, (std::array<u32, 2>{0, 0}));
  EXPECT_EQ(conv.as<ConvAttributes>().window.pad_end, (std::array<u32, 2>{1, 1}));
}

TEST(Import, RefusesWeightsThatDoNotFit) {
  Builder b;
  b.input("x", {1, 2, 6, 6});
  b.random("w", {1, 3, 3, 3});
  b.node("Conv", {"x", "w"}, "y");
  EXPECT_NE(error_of(b.finish("y", {1, 1, 4, 4})).find("input's channels"), std::string::npos);
}

TEST(Import, RefusesATensorWhoseDataDoNotMatchItsShape) {
  Builder b;
  b.input("x", {1, 4});
  b.model.initializers.push_back({"w", onnx_file::ElementType::f32, {1000, 1000}, std::vector<u8>(16)});
  b.node("Add", {"x", "w"}, "y");
  EXPECT_NE(error_of(b.finish("y", {1, 4})).find("its shape needs"), std::string::npos);
}

TEST(Import, RefusesHugeAndNegativeDimensions) {
  for (const std::vector<i64>& dims : {Ints{i64{1} << 40, i64{1} << 40}, Ints{-5, 2}, Ints{i64{1} << 62}}) {
    Builder b;
    b.input("x", {1, 4});
    b.model.initializers.push_back({"w", onnx_file::ElementType::f32, dims, {}});
    b.node("Add", {"x", "w"}, "y");
    EXPECT_NE(error_of(b.finish("y", {1, 4})), "");
  }
}

TEST(Import, BoundsConstantsThatGrowByComputing) {
  // A Concat of 32 times the same: a few bytes of file must not become gigabytes of memory.
  Builder b;
  b.input("x", {1, 4});
  b.random("c", {1024});
  const auto repeat = [&](const std::string& from, const std::string& to) {
    b.node("Concat", std::vector<std::string>(32, from), to, {{"axis", i64{0}}});
  };
  repeat("c", "c1");
  repeat("c1", "c2");
  for (const char* name : {"d", "e", "f"}) repeat("c2", name);
  b.node("Relu", {"x"}, "y");
  EXPECT_NE(error_of(b.finish("y", {1, 4})).find("exceed"), std::string::npos);
}

/// Flips, cuts and inserts bytes. Every result is an error or a model; the sanitizer builds look for the
/// rest.
void mutate_and_compile(const std::vector<u8>& valid, u32 rounds, u32 seed) {
  std::mt19937 random(seed);
  u32 accepted = 0, refused = 0;
  for (u32 round = 0; round < rounds; ++round) {
    std::vector<u8> file = valid;
    for (u32 edits = 1 + random() % 4; edits > 0; --edits) {
      const usize at = random() % file.size();
      switch (random() % 4) {
        case 0: file[at] = static_cast<u8>(random()); break;
        case 1: file[at] ^= static_cast<u8>(1u << random() % 8); break;
        case 2: file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), static_cast<u8>(random())); break;
        case 3: file.erase(file.begin() + static_cast<std::ptrdiff_t>(at)); break;
      }
    }
    auto compiled = compile_model(file);
    if (compiled.ok()) {
      ++accepted;
    } else {
      ++refused;
      EXPECT_FALSE(compiled.error().text.empty());
    }
  }
  // Both must happen, or the mutations reach nothing.
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(refused, 0u);
}

TEST(Import, SurvivesMutatedFiles) { mutate_and_compile(testing::small_network(), 6000, 1); }

TEST(Import, SurvivesMutatedQuantisedFiles) {
  Builder random;
  const Samples samples{4, [&](u32) { return random.random_values(3 * 8 * 8); }};
  auto quantized = quantize_model(testing::small_network(), samples, {});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  mutate_and_compile(quantized->onnx, 6000, 2);
}

TEST(Import, SurvivesTruncation) {
  const std::vector<u8> valid = testing::small_network();
  for (usize size = 0; size < valid.size(); size += 7) {
    auto graph = import_onnx(Bytes(valid).first(size));
    if (!graph.ok()) EXPECT_FALSE(graph.error().text.empty());
  }
}

}  // namespace
}  // namespace pipit::model
