// Operators and accelerators of others, from registration to results.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "compiler/model/compiler.h"
#include "compiler/model/extend/operator_folder.h"
#include "compiler/model/testing/models.h"
#include "nn/custom/custom.h"
#include "nn/nn.h"
#include "rig/matrix_engine/matrix_engine.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::Ints;

/// What these tests compile is kept in a cache of their own.
class OwnCache : public ::testing::Environment {
 public:
  void SetUp() override { setenv("XDG_CACHE_HOME", path_.c_str(), 1); }
  void TearDown() override { std::filesystem::remove_all(path_); }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("pipit-cache-" + std::to_string(getpid()));
};
[[maybe_unused]] ::testing::Environment* const kCache = ::testing::AddGlobalTestEnvironment(new OwnCache);

std::string folder(const char* name) { return project_folder() + "/examples/" + name; }

void register_hard_gelu() {
  if (nn::find_custom_operator("com.example.HardGelu") != nullptr) return;
  const auto loaded = load_operator_folder(folder("operators/hard-gelu"));
  ASSERT_TRUE(loaded.ok()) << loaded.error().text;
}

/// y = HardGelu(x) with a slope, or without one when it is 0.
std::vector<u8> hard_gelu_model(f32 slope, const std::string& attribute = "slope") {
  Builder b;
  const auto x = b.input("x", {1, 4});
  b.node("HardGelu", {x}, "y");
  b.model.nodes.back().domain = "com.example";
  if (slope != 0) b.model.nodes.back().attributes = {{attribute, slope}};
  return b.finish("y", {1, 4});
}

/// Outputs of a model for one input, all as bytes.
std::vector<u8> infer(const std::vector<u8>& pipm, Bytes input) {
  const auto model = nn::PlannedModel::load(pipm);
  if (!model.ok()) {
    ADD_FAILURE() << model.error().message;
    return {};
  }
  std::vector<u8> memory(model->arena_bytes() + 16);
  u8* arena = memory.data() + (16 - reinterpret_cast<usize>(memory.data()) % 16);
  auto executor = nn::Executor::create(*model, {arena, model->arena_bytes()});
  EXPECT_TRUE(executor->set_input(0, model->input(0).dtype, input).ok());
  EXPECT_TRUE(executor->run().ok());
  const Bytes out = executor->output(0);
  return {out.begin(), out.end()};
}

TEST(OperatorFolder, ComputesWhatItsCFileSays) {
  register_hard_gelu();
  const auto compiled = compile_model(hard_gelu_model(0.5f));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  ASSERT_EQ(compiled->operators.size(), 1u);
  EXPECT_EQ(compiled->operators[0].opcode, "custom");
  const std::vector<f32> x = {-2, 0.5f, 1, -0.25f};
  const auto out = infer(compiled->pipm, testing::bytes_of(x));
  EXPECT_EQ(out, testing::bytes_of(std::vector<f32>{-0.0f, 0.375f, 1, -0.09375f}));
}

TEST(OperatorFolder, UsesFallbacksAndRefusesWhatItDoesNotKnow) {
  register_hard_gelu();
  const auto compiled = compile_model(hard_gelu_model(0));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  const auto out = infer(compiled->pipm, testing::bytes_of(std::vector<f32>{1, 4, -1, 0}));
  EXPECT_EQ(out, testing::bytes_of(std::vector<f32>{0.75f, 4, -0.25f, 0}));

  const auto negative = compile_model(hard_gelu_model(-1));
  ASSERT_FALSE(negative.ok());
  EXPECT_NE(negative.error().text.find("needs a positive slope"), std::string::npos) << negative.error().text;
  const auto unknown = compile_model(hard_gelu_model(1, "steepness"));
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().text.find("steepness"), std::string::npos) << unknown.error().text;
}

TEST(OperatorFolder, NamesTheNodeOfAnOperatorNobodyRegistered) {
  Builder b;
  b.node("Nowhere", {b.input("x", {1, 4})}, "y");
  b.model.nodes.back().domain = "com.example";
  const auto compiled = compile_model(b.finish("y", {1, 4}));
  ASSERT_FALSE(compiled.ok());
  EXPECT_NE(compiled.error().text.find("y_node"), std::string::npos) << compiled.error().text;
  EXPECT_NE(compiled.error().text.find("--operators=FOLDER"), std::string::npos) << compiled.error().text;
}

TEST(OperatorFolder, SaysWhatIsWrongWithAFolder) {
  const auto path = std::filesystem::temp_directory_path() / ("pipit-operator-" + std::to_string(getpid()));
  const auto refusal = [&] {
    const auto loaded = load_operator_folder(path.string());
    return loaded.ok() ? std::string() : loaded.error().text;
  };
  EXPECT_NE(refusal().find("No such file"), std::string::npos);
  std::filesystem::create_directory(path);
  EXPECT_NE(refusal().find("no C file"), std::string::npos);
  std::ofstream(path / "a.c") << "this is not C\n";
  EXPECT_NE(refusal().find("does not compile"), std::string::npos);
  std::ofstream(path / "a.c") << "int nothing;\n";
  EXPECT_NE(refusal().find("no C file defines pipit_operator_entry"), std::string::npos);
  std::filesystem::remove_all(path);
}

/// small_network in int8, calibrated on random images.
std::vector<u8> quantized_network() {
  const Samples samples{8, [](u32 index) { return Builder(13, 9 + index).random_values(3 * 8 * 8); }};
  const auto quantized = quantize_model(testing::small_network(), samples, {});
  if (!quantized.ok()) {
    ADD_FAILURE() << quantized.error().text;
    return {};
  }
  return quantized->onnx;
}

class MatrixEngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto parsed = parse_target("matrix-engine");
    ASSERT_TRUE(parsed.ok()) << parsed.error().text;
    target_ = *parsed;
    const pipit_operator* driver = nn::find_custom_operator("matrix_engine.layer");
    ASSERT_NE(driver, nullptr);
    *driver->registers = engine_.registers();
  }

  rig::MatrixEngine engine_;
  Target target_;
};

TEST_F(MatrixEngineTest, GivesTheBitsThatTheProcessorAloneGives) {
  const auto onnx = quantized_network();
  const auto alone = compile_model(onnx);
  ASSERT_TRUE(alone.ok()) << alone.error().text;
  CompileOptions options;
  options.target = &target_;
  const auto together = compile_model(onnx, options);
  ASSERT_TRUE(together.ok()) << together.error().text;

  u64 offloaded = 0;
  u32 layers = 0;
  for (const PartitionRow& row : together->partition) {
    EXPECT_EQ(row.refused, "") << row.node;
    offloaded += row.macs;
    ++layers;
  }
  EXPECT_EQ(layers,
            2u);  // the convolution and the classifier; the depthwise convolution stays on the processor
  EXPECT_EQ(together->macs, alone->macs);

  Builder random(13, 77);
  for (u32 run = 1; run <= 20; ++run) {
    const auto image = testing::bytes_of(random.random_values(3 * 8 * 8));
    EXPECT_EQ(infer(together->pipm, image), infer(alone->pipm, image));
    EXPECT_EQ(engine_.macs(), offloaded * run);
    EXPECT_EQ(engine_.layers(), layers * run);
  }
}

TEST_F(MatrixEngineTest, LeavesWhatItsAttributesRefuse) {
  auto small = parse_target("matrix-engine:depth=27,channels=4");
  ASSERT_TRUE(small.ok()) << small.error().text;
  CompileOptions options;
  options.target = &*small;
  const auto compiled = compile_model(quantized_network(), options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  ASSERT_EQ(compiled->partition.size(), 2u);
  EXPECT_EQ(compiled->partition[0].refused, "");  // 3 × 3 × 3 products
  EXPECT_EQ(compiled->partition[1].refused, "more products per value than the engine sums");
}

TEST_F(MatrixEngineTest, TakesNothingOfAFloatModel) {
  CompileOptions options;
  options.target = &target_;
  const auto compiled = compile_model(testing::small_network(), options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  for (const PartitionRow& row : compiled->partition) EXPECT_EQ(row.refused, "not int8");
}

TEST(Target, RefusesWhatItDoesNotKnow) {
  const auto refusal = [](const char* text) {
    const auto parsed = parse_target(text);
    return parsed.ok() ? std::string() : parsed.error().text;
  };
  EXPECT_NE(refusal("abacus").find("there are matrix-engine"), std::string::npos);
  EXPECT_NE(refusal("matrix-engine:speed=1").find("it has depth, channels"), std::string::npos);
  EXPECT_NE(refusal("matrix-engine:depth=0").find("from 1 to 65536"), std::string::npos);
  EXPECT_NE(refusal("matrix-engine:depth").find("from 1 to 65536"), std::string::npos);
}

int g_passes_run = 0;

/// Its two patterns begin with the same node and only tell that they matched.
TEST(Partition, PrefersPriorityAndRunsPassesByPhase) {
  const auto refuses = [](const Graph&, std::span<const NodeId>, const TargetAttributes&) -> const char* {
    return "only looking";
  };
  Accelerator accelerator{};
  accelerator.name = "looker";
  const auto count = [](Graph&) -> support::Status {
    ++g_passes_run;
    return {};
  };
  accelerator.passes = {{Phase::canonical, {"look-1", count}}, {Phase::partitioned, {"look-2", count}}};
  accelerator.patterns = {{"pool", {Op::max_pool}, 1, refuses, nullptr},
                          {"pool twice", {Op::max_pool, Op::global_average_pool}, 2, refuses, nullptr}};
  Builder b;
  b.node("MaxPool", {b.input("x", {1, 2, 4, 4})}, "largest", {{"kernel_shape", Ints{2, 2}}});
  b.node("GlobalAveragePool", {"largest"}, "y");
  const Target target{&accelerator, {}};
  CompileOptions options;
  options.target = &target;
  std::vector<std::string> seen;
  options.observer = [&](const char* pass, const Graph&) { seen.emplace_back(pass); };
  const auto compiled = compile_model(b.finish("y", {1, 2, 1, 1}), options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  ASSERT_EQ(compiled->partition.size(), 2u);
  EXPECT_EQ(compiled->partition[0].pattern, "pool twice");
  EXPECT_EQ(compiled->partition[1].pattern, "pool");
  EXPECT_EQ(g_passes_run, 2);
  const auto at = [&](const char* pass) { return std::ranges::find(seen, pass) - seen.begin(); };
  EXPECT_LT(at("look-1"), at("partition"));
  EXPECT_LT(at("partition"), at("look-2"));
}

}  // namespace
}  // namespace pipit::model
