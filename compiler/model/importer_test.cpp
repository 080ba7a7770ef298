#include "compiler/model/importer.h"

#include <gtest/gtest.h>

#include "compiler/model/test_models.h"

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

TEST(OnnxImporter, HoldsNoMoreModelsThanWasiNnHasGraphs) {
  OnnxImporter importer;
  for (u32 i = 0; i < wasi::kMaxGraphs; ++i) EXPECT_TRUE(importer.import(1, testing::small_network()).ok());
  auto more = importer.import(1, testing::small_network());
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, Code::out_of_memory);
}

}  // namespace
}  // namespace pipit::model
