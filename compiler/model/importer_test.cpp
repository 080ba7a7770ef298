#include "compiler/model/importer.h"

#include <gtest/gtest.h>

#include "compiler/model/testing/models.h"

namespace pipit::model {
namespace {

TEST(OnnxImporter, PlansOnnxBytesAndKeepsThem) {
  OnnxImporter importer;
  std::vector<u8> onnx = testing::small_network();
  auto model = importer.import(1, onnx);
  ASSERT_TRUE(model.ok()) << importer.why();
  onnx.assign(onnx.size(), 0);  // the caller's bytes are no longer needed
  EXPECT_EQ(model->input(0).bytes, 3u * 8 * 8 * 4);
  EXPECT_EQ(model->name(), "test");
}

TEST(OnnxImporter, RefusesOtherEncodingsAndBrokenBytes) {
  OnnxImporter importer;
  auto tflite = importer.import(4, testing::small_network());
  ASSERT_FALSE(tflite.ok());
  EXPECT_EQ(tflite.error().code, Code::unsupported);
  const u8 broken[] = {1, 2, 3};
  EXPECT_FALSE(importer.import(1, broken).ok());
  EXPECT_NE(importer.why(), "");
}

/// y = relu(x) of any length, as wasi-nn's calls drive it.
TEST(OnnxImporter, PlansAgainForEveryShape) {
  testing::Builder b;
  b.input("x", {-1, 2});
  b.node("Relu", {"x"}, "y");
  const std::vector<u8> onnx = b.finish("y", {-1, 2});
  OnnxImporter importer;
  EXPECT_EQ(importer.import(1, onnx).error().code, Code::unsupported);
  ASSERT_TRUE(importer.load_dynamic(0, 1, onnx).ok()) << importer.why();
  ASSERT_TRUE(importer.open_dynamic(0, 1).ok());
  EXPECT_FALSE(importer.compute_dynamic(1).ok()) << "no input was set";
  for (u32 rows : {1u, 3u, 2u}) {
    const std::vector<f32> x(rows * 2, -1.0f);
    const u32 dims[] = {rows, 2};
    EXPECT_FALSE(
        importer.set_dynamic_input(1, 0, DType::f32, dims, Bytes(testing::bytes_of(x)).first(4)).ok());
    ASSERT_TRUE(importer.set_dynamic_input(1, 0, DType::f32, dims, testing::bytes_of(x)).ok());
    ASSERT_TRUE(importer.compute_dynamic(1).ok()) << importer.why();
    const auto y = importer.dynamic_output(1, 0);
    ASSERT_TRUE(y.ok());
    EXPECT_EQ(y->size(), x.size() * 4);
    EXPECT_FALSE(importer.dynamic_output(1, 1).ok());
  }
  const u32 wrong[] = {1, 3};
  ASSERT_TRUE(
      importer.set_dynamic_input(1, 0, DType::f32, wrong, testing::bytes_of(std::vector<f32>(3))).ok());
  EXPECT_FALSE(importer.compute_dynamic(1).ok());
  EXPECT_NE(importer.why().find("the model needs"), std::string::npos);
}

TEST(OnnxImporter, HoldsNoMoreModelsThanWasiNnHasGraphs) {
  OnnxImporter importer;
  for (u32 i = 0; i < wasi::kMaxGraphs; ++i) EXPECT_TRUE(importer.import(1, testing::small_network()).ok());
  auto more = importer.import(1, testing::small_network());
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, Code::out_of_memory);
}

}  // namespace
}  // namespace pipit::model
