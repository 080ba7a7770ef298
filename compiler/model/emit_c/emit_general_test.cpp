// Functions of `general` as generated C, for shapes and parameters that are known ahead: the engine's bits.
#include <gtest/gtest.h>

#include "compiler/model/compiler.h"
#include "compiler/model/testing/emitted.h"
#include "compiler/model/testing/models.h"

namespace pipit::model {
namespace {

using onnx_file::ElementType;
using testing::Builder;
using testing::expect_same_bits;
using testing::Ints;

using Attributes = std::vector<onnx_file::Attribute>;

/// Models of many nodes over one input, every node's value an output: one compilation for all.
class Gathering {
 public:
  Gathering(Ints dims, ElementType type = ElementType::f32) : b_(17) {
    b_.input("x", std::move(dims));
    b_.model.inputs[0].type = type;
  }
  Builder& builder() { return b_; }
  Gathering& node(const std::string& op, std::vector<std::string> inputs, Attributes attributes = {},
                  ElementType type = ElementType::f32) {
    const std::string name = "y" + std::to_string(b_.model.nodes.size());
    inputs.insert(inputs.begin(), "x");
    b_.node(op, std::move(inputs), name, std::move(attributes));
    b_.model.outputs.push_back({name, type, {}});
    return *this;
  }
  void check() {
    const auto compiled = compile_model(onnx_file::serialise(b_.model));
    ASSERT_TRUE(compiled.ok()) << compiled.error().text;
    expect_same_bits(compiled->pipm, 4);
  }

 private:
  Builder b_;
};

TEST(EmitGeneral, ResizesPictures) {
  Gathering g({1, 2, 5, 7});
  auto& b = g.builder();
  b.constant("up", {4}, {1, 1, 1.7f, 2});
  b.constant("down", {4}, {1, 1, 0.6f, 0.5f});
  b.integers("sizes", {1, 2, 3, 11});
  for (const char* how : {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"})
    for (const char* mode : {"nearest", "linear", "cubic"})
      g.node("Resize", {"", std::string(how) == "asymmetric" ? "down" : "up"},
             {{"mode", std::string(mode)}, {"coordinate_transformation_mode", std::string(how)}});
  g.node("Resize", {"", "", "sizes"}, {{"mode", std::string("cubic")}, {"exclude_outside", i64{1}}});
  g.check();
}

TEST(EmitGeneral, ResizesIntegers) {
  Gathering g({1, 1, 4, 4}, ElementType::u8);
  g.builder().constant("up", {4}, {1, 1, 2, 1.5f});
  g.node("Resize", {"", "up"}, {{"mode", std::string("linear")}}, ElementType::u8);
  g.node("Resize", {"", "up"}, {{"mode", std::string("cubic")}}, ElementType::u8);
  g.check();
}

TEST(EmitGeneral, OrdersElements) {
  for (const ElementType type : {ElementType::f32, ElementType::i64, ElementType::u8}) {
    Gathering g({3, 6, 2}, type);
    g.builder().integers("k", {4});
    g.builder().integers("axis", {-2});
    for (const i64 largest : {0, 1}) g.node("TopK", {"k"}, {{"axis", i64{1}}, {"largest", largest}}, type);
    for (const i64 last : {0, 1}) {
      g.node("ArgMax", {}, {{"axis", i64{1}}, {"select_last_index", last}}, ElementType::i64);
      g.node("ArgMin", {}, {{"axis", i64{-1}}, {"keepdims", last}}, ElementType::i64);
    }
    g.check();
  }
}

TEST(EmitGeneral, AddsUpAlongAxes) {
  for (const ElementType type : {ElementType::f32, ElementType::f64, ElementType::i32, ElementType::u64}) {
    Gathering g({3, 4, 5}, type);
    auto& b = g.builder();
    b.integers("second", {1});
    b.integers("outer", {0, 2});
    for (const i64 on : {0, 1}) {
      b.model.initializers.push_back(
          {"axis" + std::to_string(on), ElementType::i64, {}, testing::bytes_of<i64>({on - 1})});
      g.node("CumSum", {"axis" + std::to_string(on)}, {{"exclusive", on}, {"reverse", 1 - on}}, type);
    }
    g.node("ReduceSum", {"outer"}, {}, type).node("ReduceSum", {"second"}, {{"keepdims", i64{0}}}, type);
    for (const char* op :
         {"ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceSumSquare"})
      g.node(op, {}, {{"axes", Ints{1}}}, type);
    if (type == ElementType::f32)
      for (const char* op : {"ReduceL2", "ReduceLogSumExp"}) g.node(op, {}, {{"axes", Ints{0, 2}}}, type);
    g.check();
  }
}

TEST(EmitGeneral, FindsByIndex) {
  Gathering g({3, 4, 2});
  auto& b = g.builder();
  b.model.initializers.push_back(
      {"at", ElementType::i64, {3, 2, 2}, testing::bytes_of<i64>({0, 3, -1, 2, 1, 1, -4, 0, 9, -9, 2, 3})});
  b.model.initializers.push_back(
      {"pairs", ElementType::i32, {3, 2}, testing::bytes_of<i32>({0, 1, -1, 3, 2, 0})});
  b.model.initializers.push_back(
      {"pairs64", ElementType::i64, {3, 2}, testing::bytes_of<i64>({0, 1, -1, 3, 0, 1})});
  b.random("some", {3, 2, 2});
  b.random("rows", {3, 2});
  g.node("GatherElements", {"at"}, {{"axis", i64{1}}}).node("GatherND", {"pairs64"});
  b.model.nodes.back().inputs[1] = "pairs64";
  for (const char* how : {"none", "add", "mul", "max", "min"}) {
    g.node("ScatterElements", {"at", "some"}, {{"axis", i64{1}}, {"reduction", std::string(how)}});
    g.node("ScatterND", {"pairs64", "rows"}, {{"reduction", std::string(how)}});
  }
  b.model.opset = 18;
  g.check();
}

TEST(EmitGeneral, MovesElements) {
  Gathering g({2, 3, 4, 4});
  auto& b = g.builder();
  b.integers("times", {1, 2, 1, 3});
  b.integers("around", {0, 0, 1, 2, 0, 0, 3, 1});
  b.integers("cut", {0, 0, -1, 2, 0, 0, 1, -2});
  b.constant("value", {}, {0.5f});
  b.model.initializers.push_back({"k", ElementType::i64, {}, testing::bytes_of<i64>({-1})});
  b.model.initializers.push_back({"lengths", ElementType::i64, {3}, testing::bytes_of<i64>({1, 4, 2})});
  g.node("Tile", {"times"}).node("Trilu", {"k"}, {{"upper", i64{0}}}).node("Trilu", {});
  for (const char* mode : {"constant", "edge", "reflect"}) {
    g.node("Pad", {"around", "value"}, {{"mode", std::string(mode)}});
    g.node("Pad", {"cut", "value"}, {{"mode", std::string(mode)}});
  }
  g.node("ReverseSequence", {"lengths"}, {{"time_axis", i64{3}}, {"batch_axis", i64{1}}});
  g.check();
}

TEST(EmitGeneral, LooksThroughWindowsOfAnyRank) {
  for (const auto& [dims, axes] : {std::pair{Ints{2, 4, 9}, usize{1}}, {Ints{1, 4, 5, 4, 6}, usize{3}}}) {
    Gathering g(dims);
    auto& b = g.builder();
    Ints kernel(axes, 3), pads(2 * axes, 1), strides(axes, 2), weights{6, 2}, across{4, 3};
    weights.insert(weights.end(), kernel.begin(), kernel.end());
    across.insert(across.end(), kernel.begin(), kernel.end());
    b.random("w", weights);
    b.random("t", across);
    const Attributes window = {{"kernel_shape", kernel}, {"pads", pads}, {"strides", strides}};
    const auto with = [&](const char* name, i64 value) {
      Attributes all = window;
      all.push_back({name, value});
      return all;
    };
    g.node("Conv", {"w"}, with("group", 2)).node("ConvTranspose", {"t"}, with("group", 2));
    g.node("MaxPool", {}, with("ceil_mode", 1)).node("AveragePool", {}, with("count_include_pad", 1));
    g.node("AveragePool", {}, with("ceil_mode", 1));
    g.check();
  }
}

TEST(EmitGeneral, CalculatesWithWholeNumbers) {
  for (const ElementType type : {ElementType::i32, ElementType::u16, ElementType::i64}) {
    Gathering g({2, 6}, type);
    auto& b = g.builder();
    std::vector<u8> other = type == ElementType::i64   ? testing::bytes_of<i64>({3, -2, 0, 7, -1, 5})
                            : type == ElementType::i32 ? testing::bytes_of<i32>({3, -2, 0, 7, -1, 5})
                                                       : testing::bytes_of<u16>({3, 2, 0, 7, 65535, 5});
    b.model.initializers.push_back({"o", type, {6}, other});
    g.node("Mod", {"o"}, {}, type).node("Mod", {"o"}, {{"fmod", i64{1}}}, type).node("Div", {"o"}, {}, type);
    g.node("Pow", {"o"}, {}, type).node("Max", {"o"}, {}, type);
    if (type == ElementType::u16)
      g.node("BitShift", {"o"}, {{"direction", std::string("LEFT")}}, type)
          .node("BitShift", {"o"}, {{"direction", std::string("RIGHT")}}, type);
    else
      g.node("Abs", {}, {}, type).node("Neg", {}, {}, type).node("Sign", {}, {}, type);
    g.check();
  }
}

TEST(EmitGeneral, ChangesElementTypes) {
  Gathering g({40});
  for (const ElementType to :
       {ElementType::f16, ElementType::bf16, ElementType::f64, ElementType::i8, ElementType::boolean})
    g.node("Cast", {}, {{"to", static_cast<i64>(to)}}, to);
  g.builder().constant("scale", {}, {0.02f});
  g.builder().model.initializers.push_back({"zero", ElementType::u16, {}, testing::bytes_of<u16>({32000})});
  g.node("IsNaN", {}, {}, ElementType::boolean).node("IsInf", {}, {}, ElementType::boolean);
  g.node("QuantizeLinear", {"scale", "zero"}, {}, ElementType::u16);
  g.check();
}

TEST(EmitGeneral, TurnsAndMultiplies) {
  Gathering g({4, 4});
  g.builder().random("w", {4, 4});
  for (const char* op :
       {"Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"})
    g.node(op, {});
  g.node("Mod", {"w"}, {{"fmod", i64{1}}});
  g.node("Einsum", {"w"}, {{"equation", std::string("ij,kj->ik")}});
  g.node("LogSoftmax", {}, {{"axis", i64{0}}}).node("Softmax", {}, {{"axis", i64{0}}}).node("Hardmax", {});
  g.check();
}

}  // namespace
}  // namespace pipit::model
