#pragma once
#include <random>
#include <string>
#include <vector>

#include "compiler/model/onnx_file.h"

/// ONNX models built by hand for the tests.
namespace pipit::model::testing {

template <class T>
std::vector<u8> bytes_of(const std::vector<T>& values) {
  const u8* first = reinterpret_cast<const u8*>(values.data());
  return {first, first + values.size() * sizeof(T)};
}

inline i64 count_of(const std::vector<i64>& dims) {
  i64 count = 1;
  for (i64 dim : dims) count *= dim;
  return count;
}

/// Appends to an ONNX model; every call yields the name of what it made.
class Builder {
 public:
  explicit Builder(i64 opset = 13, u32 seed = 1) : random_(seed) {
    model.opset = opset;
    model.graph_name = "test";
  }

  std::string input(const std::string& name, std::vector<i64> dims) {
    model.inputs.push_back({name, onnx_file::ElementType::f32, std::move(dims)});
    return name;
  }
  std::string constant(const std::string& name, std::vector<i64> dims, const std::vector<f32>& values) {
    model.initializers.push_back({name, onnx_file::ElementType::f32, std::move(dims), bytes_of(values)});
    return name;
  }
  std::string integers(const std::string& name, const std::vector<i64>& values) {
    model.initializers.push_back(
        {name, onnx_file::ElementType::i64, {static_cast<i64>(values.size())}, bytes_of(values)});
    return name;
  }
  std::string random(const std::string& name, std::vector<i64> dims, f32 low = -1, f32 high = 1) {
    return constant(name, dims, random_values(count_of(dims), low, high));
  }
  std::vector<f32> random_values(i64 count, f32 low = -1, f32 high = 1) {
    std::vector<f32> values;
    for (i64 i = 0; i < count; ++i)
      values.push_back(low + (high - low) * static_cast<f32>(random_() % 4096) / 4095.0f);
    return values;
  }
  std::string node(const std::string& op_type, std::vector<std::string> inputs, const std::string& output,
                   std::vector<onnx_file::Attribute> attributes = {}) {
    model.nodes.push_back(
        {op_type, "", output + "_node", std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  std::vector<u8> finish(const std::string& output, std::vector<i64> dims) {
    model.outputs.push_back({output, onnx_file::ElementType::f32, std::move(dims)});
    return onnx_file::serialise(model);
  }

  onnx_file::Model model;

 private:
  std::minstd_rand random_;
};

using Ints = std::vector<i64>;

/// Convolution, batch normalisation, ReLU6, pooling, depthwise convolution with a residual sum, flatten,
/// Gemm: one of everything the compiler rewrites. Input [1,3,8,8], output [1,5].
inline std::vector<u8> small_network() {
  Builder b;
  const auto x = b.input("image", {1, 3, 8, 8});
  b.random("w1", {4, 3, 3, 3});
  b.random("scale", {4}, 0.5f, 1.5f);
  b.random("shift", {4});
  b.random("mean", {4});
  b.random("variance", {4}, 0.5f, 2);
  b.node("Conv", {x, "w1"}, "c1", {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}});
  b.node("BatchNormalization", {"c1", "scale", "shift", "mean", "variance"}, "n1", {{"epsilon", 1e-3f}});
  b.constant("zero", {}, {0});
  b.constant("six", {}, {6});
  b.node("Clip", {"n1", "zero", "six"}, "r1");
  b.node("MaxPool", {"r1"}, "p1", {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  b.random("w2", {4, 1, 3, 3});
  b.random("b2", {4});
  b.node("Conv", {"p1", "w2", "b2"}, "c2",
         {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}, {"group", i64{4}}});
  b.node("Add", {"c2", "p1"}, "sum");
  b.node("Relu", {"sum"}, "r2");
  b.node("Flatten", {"r2"}, "flat");
  b.random("w3", {64, 5});
  b.random("b3", {5});
  b.node("Gemm", {"flat", "w3", "b3"}, "logits");
  return b.finish("logits", {1, 5});
}

}  // namespace pipit::model::testing
