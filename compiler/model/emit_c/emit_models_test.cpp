// Models of others as generated C: the engine's bits for whatever becomes C at all.
#include "compiler/model/compiler.h"
#include "compiler/model/onnx_suite.h"
#include "compiler/model/testing/emitted.h"
#include "support/files.h"

namespace pipit::model {
namespace {

namespace fs = std::filesystem;

/// Every model under a folder with such an end, sorted.
std::vector<fs::path> models_in(const fs::path& folder, const std::string& end) {
  std::vector<fs::path> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().string().ends_with(end)) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

/// PIPIT_EMIT_ALL=1 takes every model, for a change of a kernel.
usize one_in(usize sample) { return std::getenv("PIPIT_EMIT_ALL") != nullptr ? 1 : sample; }

u32 compare_models(const std::vector<fs::path>& paths, usize sample) {
  u32 compared = 0;
  for (usize i = 0; i < paths.size(); i += sample) {
    const auto file = support::read_file(paths[i]);
    if (!file.ok()) continue;
    const auto compiled = compile_model(*file);
    if (!compiled.ok() || !emit_c(compiled->pipm, "model").ok()) continue;
    SCOPED_TRACE(paths[i].string());
    testing::expect_same_bits(compiled->pipm, 3);
    ++compared;
    if (::testing::Test::HasFatalFailure()) return compared;
  }
  return compared;
}

TEST(EmitC, ComputesOnnxNodeTestsAsTheEngineDoes) {
  const auto models = models_in(fs::path(onnx_suite_folder()) / "node", "model.onnx");
  if (models.empty()) GTEST_SKIP() << "apt-get install libonnx-testdata";
  EXPECT_GE(compare_models(models, one_in(13)), 5u);
}

/// Floats are moved as bits and read as floats again: compilers may think that these are two memories.
TEST(EmitC, SeesMemoryAsOneTypeAfterTheOther) {
  const auto model = fs::path(onnx_suite_folder()) / "node/test_nllloss_NCd1_weight_expanded/model.onnx";
  if (!fs::exists(model)) GTEST_SKIP() << "apt-get install libonnx-testdata";
  EXPECT_EQ(compare_models({model}, 1), 1u);
}

TEST(EmitC, ComputesLayersOf16BitActivations) {
  const auto models = models_in(fs::path(PIPIT_TESTDATA) / "tflm-seanet", ".tflite");
  if (models.empty()) GTEST_SKIP() << "no trained models at " << PIPIT_TESTDATA;
  EXPECT_GE(compare_models(models, one_in(9)), 13u);
}

}  // namespace
}  // namespace pipit::model
