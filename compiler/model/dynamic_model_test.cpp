#include "compiler/model/dynamic_model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "compiler/model/compiler.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/profile.h"
#include "compiler/model/testing/models.h"
#include "support/files.h"

namespace pipit::model {
namespace {

using testing::Builder;
using testing::bytes_of;
using testing::Ints;

HostValue floats(Shape shape, const std::vector<f32>& values) {
  return {Value::Kind::tensor, DType::f32, std::move(shape), bytes_of(values), {}};
}
HostValue integers(Shape shape, const std::vector<i64>& values) {
  return {Value::Kind::tensor, DType::i64, std::move(shape), bytes_of(values), {}};
}

template <class T>
std::vector<T> values_of(const HostValue& value) {
  std::vector<T> values(value.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), value.data.data(), value.data.size());
  return values;
}

DynamicModel loaded(const std::vector<u8>& file) {
  auto model = DynamicModel::create(file);
  EXPECT_TRUE(model.ok()) << model.error().text;
  return *std::move(model);
}

/// y = relu(x) of any length.
DynamicModel open_relu() {
  Builder b;
  b.input("x", {-1, 2});
  b.node("Relu", {"x"}, "y");
  return loaded(b.finish("y", {-1, 2}));
}

TEST(DynamicModel, PlansOncePerShape) {
  DynamicModel model = open_relu();
  for (i64 rows : {1, 3, 1, 3, 3}) {
    const auto out = model.run({floats({rows, 2}, std::vector<f32>(static_cast<usize>(rows) * 2, -1.5f))});
    ASSERT_TRUE(out.ok()) << out.error().text;
    EXPECT_EQ((*out)[0].shape, (Shape{rows, 2}));
    EXPECT_EQ(values_of<f32>((*out)[0]), std::vector<f32>(static_cast<usize>(rows) * 2, 0.0f));
  }
  EXPECT_EQ(model.plans(), 2u);
}

/// An operator of which only the type of an operand is read.
TEST(DynamicModel, AnOperandReadForItsTypeMayHaveAnyShape) {
  Builder b(15);
  b.input("x", {2});
  b.input("like", {3, 4});
  b.node("CastLike", {"x", "like"}, "y");
  DynamicModel model = loaded(b.finish("y", {2}));
  const auto out = model.run({floats({2}, {1.5f, -2}), floats({1}, {0})});
  ASSERT_TRUE(out.ok()) << out.error().text;
  EXPECT_EQ(values_of<f32>((*out)[0]), (std::vector<f32>{1.5f, -2}));
  EXPECT_FALSE(model.run({floats({1}, {1.5f}), floats({1}, {0})}).ok());
}

TEST(DynamicModel, IsProfiledStageByStage) {
  Builder b;
  b.input("x", {-1, 2});
  b.node("Relu", {"x"}, "positive");
  b.node("NonZero", {"positive"}, "where");
  b.node("Cast", {"where"}, "y", {{"to", i64{1}}});
  DynamicModel model = loaded(b.finish("y", {2, -1}));
  const auto profile = profile_model(model, {floats({2, 2}, {1, -1, 2, 3})}, 3);
  ASSERT_TRUE(profile.ok()) << profile.error().text;
  EXPECT_GE(profile->stages, 1u);
  ASSERT_FALSE(profile->operators.empty());
  EXPECT_EQ(profile->operators.front().stage, 0u);
  EXPECT_EQ(profile->operators.back().stage, profile->stages - 1);
  EXPECT_EQ(profile->operators.back().shape, "2x3") << "planned for these values";
  EXPECT_GT(profile->microseconds(), 0);
}

TEST(DynamicModel, RefusesAnInputThatIsNotTheModels) {
  DynamicModel model = open_relu();
  EXPECT_NE(model.run({floats({2, 3}, std::vector<f32>(6))}).error().text.find("the model needs"),
            std::string::npos);
  EXPECT_NE(model.run({integers({1, 2}, {1, 2})}).error().text.find("is i64"), std::string::npos);
  EXPECT_NE(model.run({}).error().text.find("is missing"), std::string::npos);
  EXPECT_NE(model.run({floats({1, 2}, {1})}).error().text.find("bytes"), std::string::npos);
}

/// NonZero's output is as long as the data say; what reads it is planned when that is known.
TEST(DynamicModel, FollowsShapesThatDataDecide) {
  Builder b;
  b.input("x", {4});
  b.node("Relu", {"x"}, "positive");
  b.node("NonZero", {"positive"}, "where");
  b.node("Transpose", {"where"}, "rows", {{"perm", Ints{1, 0}}});
  b.node("GatherND", {"x", "rows"}, "y");
  DynamicModel model = loaded(b.finish("y", {-1}));
  for (const std::vector<f32>& x : {std::vector<f32>{1, -2, 3, 4}, {-1, -1, 5, -1}, {-1, -2, -3, -4}}) {
    std::vector<f32> expected;
    for (f32 value : x)
      if (value > 0) expected.push_back(value);
    const auto out = model.run({floats({4}, x)});
    ASSERT_TRUE(out.ok()) << out.error().text;
    EXPECT_EQ(values_of<f32>((*out)[0]), expected);
  }
}

/// while (x < limit) x = x + x, one stage a round.
TEST(DynamicModel, RunsALoopWhoseEndIsComputed) {
  Builder b(16);
  b.input("x", {});
  b.input("limit", {});
  b.node("Less", {"x", "limit"}, "start");
  onnx_file::Graph body;
  body.inputs = {{"i"}, {"go"}, {"v"}};
  body.nodes = {{"Add", "", "twice", {"v", "v"}, {"next"}, {}},
                {"Less", "", "less", {"next", "limit"}, {"on"}, {}}};
  body.outputs = {{"on"}, {"next"}};
  b.node("Loop", {"", "start", "x"}, "y", {{"body", std::vector<onnx_file::Graph>{body}}});
  DynamicModel model = loaded(b.finish("y", {}));
  for (const auto& [limit, expected] : std::vector<std::pair<f32, f32>>{{20, 24}, {3, 3}, {100, 192}}) {
    const auto out = model.run({floats({}, {3}), floats({}, {limit})});
    ASSERT_TRUE(out.ok()) << out.error().text;
    EXPECT_EQ(values_of<f32>((*out)[0]), std::vector<f32>{expected});
  }
}

TEST(DynamicModel, InlinesFunctionsOfTheModel) {
  Builder b;
  b.input("x", {2});
  b.node("Twice", {"x"}, "y");
  b.model.nodes[0].domain = "mine";
  b.model.outputs.push_back({"y", onnx_file::ElementType::f32, {2}});
  b.model.functions.push_back({"mine", "Twice", {"a"}, {"b"}, {{"Add", "", "sum", {"a", "a"}, {"b"}, {}}}});
  DynamicModel model = loaded(onnx_file::serialise(b.model));
  const auto out = model.run({floats({2}, {1, 2})});
  ASSERT_TRUE(out.ok()) << out.error().text;
  EXPECT_EQ(values_of<f32>((*out)[0]), (std::vector<f32>{2, 4}));
}

/// A planned file cannot be made of such a model, and says why.
TEST(DynamicModel, StaticImportNamesTheValueItWouldNeed) {
  Builder b;
  b.input("x", {4});
  b.node("NonZero", {"x"}, "y");
  const auto graph = import_onnx(b.finish("y", {1, -1}));
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::unsupported);
  EXPECT_NE(graph.error().text.find("known at run time only"), std::string::npos) << graph.error().text;
}

// ---- hostile files

std::string refusal(const std::vector<u8>& file, const std::string& folder = "") {
  auto model = DynamicModel::create(file, folder);
  if (!model.ok()) return model.error().text;
  const auto out = model->run({floats({2}, {1, 2})});
  return out.ok() ? "" : out.error().text;
}

TEST(DynamicModel, RefusesACycleByNode) {
  Builder b;
  b.input("x", {2});
  b.node("Add", {"x", "y"}, "z");
  b.node("Relu", {"z"}, "y");
  EXPECT_NE(refusal(b.finish("y", {2})).find("Add node 'z_node': reads 'y'"), std::string::npos);
}

TEST(DynamicModel, RefusesAbsurdSizesByNode) {
  Builder b;
  b.input("x", {2});
  b.integers("shape", {1 << 20, 1 << 20, 2});
  b.node("Expand", {"x", "shape"}, "y");
  EXPECT_NE(refusal(b.finish("y", {-1})).find("Expand node 'y_node'"), std::string::npos);
}

TEST(DynamicModel, RefusesAnEndlessLoop) {
  Builder b(16);
  b.input("x", {2});
  onnx_file::Graph body;
  body.inputs = {{"i"}, {"go"}, {"v"}};
  body.nodes = {{"Relu", "", "r", {"v"}, {"next"}, {}}, {"Identity", "", "g", {"go"}, {"on"}, {}}};
  body.outputs = {{"on"}, {"next"}};
  b.node("Loop", {"", "", "x"}, "y", {{"body", std::vector<onnx_file::Graph>{body}}});
  EXPECT_NE(refusal(b.finish("y", {2})).find("unroll to more than"), std::string::npos);
}

TEST(OnnxFile, RefusesOperatorSetsThatAreNotKnownYet) {
  const auto with_opset = [](i64 opset) {
    Builder b(opset);
    b.input("x", {2});
    b.node("Relu", {"x"}, "y");
    return b.finish("y", {2});
  };
  EXPECT_EQ(refusal(with_opset(21)), "");
  EXPECT_NE(refusal(with_opset(22)).find("operator set 22; known are those up to 21"), std::string::npos);
}

TEST(OnnxFile, ReadsExternalDataAndNeverOutsideItsFolder) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("pipit-external-" + std::to_string(::getpid()));
  fs::create_directories(folder / "inner");
  const std::vector<f32> weights{10, 20};
  ASSERT_TRUE(support::write_file((folder / "inner" / "w.bin").string(), bytes_of(weights)).ok());
  const auto model_with = [](const std::string& location) {
    Builder b;
    b.input("x", {2});
    b.node("Add", {"x", "w"}, "y");
    return onnx_file::serialise_external(
        [&] {
          b.model.initializers.push_back({"w", onnx_file::ElementType::f32, {2}, {}});
          b.model.outputs.push_back({"y", onnx_file::ElementType::f32, {2}});
          return b.model;
        }(),
        location);
  };
  const std::string inner = (folder / "inner").string();
  EXPECT_EQ(refusal(model_with("w.bin"), inner), "");
  CompileOptions beside;
  beside.folder = inner;
  EXPECT_TRUE(compile_model(model_with("w.bin"), beside).ok());
  EXPECT_FALSE(compile_model(model_with("w.bin")).ok());
  EXPECT_NE(refusal(model_with("none.bin"), inner).find("cannot be opened"), std::string::npos);
  EXPECT_NE(refusal(model_with("../inner/../../etc/passwd"), inner).find("outside the model's folder"),
            std::string::npos);
  EXPECT_NE(refusal(model_with("/etc/passwd"), inner).find("outside the model's folder"), std::string::npos);
  EXPECT_NE(refusal(model_with("w.bin"), "").find("save it as one file"), std::string::npos);
  fs::remove_all(folder);
}

/// Bytes of a model with control flow, sequences and general functions, changed at random: an answer or an
/// error, and the loader still accepts every plan that was made.
TEST(DynamicModel, SurvivesMutatedFiles) {
  Builder b(16);
  b.input("x", {2});
  b.integers("two", {2});
  b.integers("k", {1});
  b.node("Tile", {"x", "two"}, "tiled");
  b.node("SequenceConstruct", {"x", "tiled"}, "list");
  b.node("ConcatFromSequence", {"list"}, "joined", {{"axis", i64{0}}});
  b.node("TopK", {"joined", "k"}, "top");
  b.node("NonZero", {"joined"}, "found");
  b.node("Cast", {"found"}, "real", {{"to", i64{1}}});
  b.node("ReduceSum", {"real"}, "sum", {{"keepdims", i64{0}}});
  b.node("Mul", {"top", "sum"}, "y");
  const std::vector<u8> valid = b.finish("y", {1});
  ASSERT_EQ(refusal(valid), "");
  std::minstd_rand random(7);
  u32 answered = 0, refused = 0;
  for (u32 round = 0; round < 1500; ++round) {
    std::vector<u8> file = valid;
    for (u32 change = 1 + random() % 3; change-- > 0;) {
      u8& byte = file[random() % file.size()];
      byte = random() % 2 ? static_cast<u8>(random()) : static_cast<u8>(byte ^ (1 << random() % 8));
    }
    if (random() % 8 == 0) file.resize(random() % file.size());
    ++(refusal(file).empty() ? answered : refused);
  }
  EXPECT_GT(answered, 50u);
  EXPECT_GT(refused, 300u);
}

}  // namespace
}  // namespace pipit::model
