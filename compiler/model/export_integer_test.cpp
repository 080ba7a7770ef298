#include "compiler/model/export_integer.h"

#include <gtest/gtest.h>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "nn/testing/random.h"

namespace pipit::model {
namespace {

using nn::testing::Random;

/// An integer network in execution layout with every operator that can be written.
struct Network {
  Random random{3};
  Graph graph;

  Network() { graph.channels_last = true; }

  static Quantization scale(f32 value, i32 zero) { return {{value}, {zero}, -1}; }

  TensorId activation(const char* name, Shape shape, f32 value, i32 zero) {
    return graph.add_tensor({name, DType::i8, std::move(shape), scale(value, zero)});
  }
  TensorId weights(Shape shape, i32 axis) {
    const auto values = random.int8s(static_cast<u32>(element_count(shape)));
    const auto channels = static_cast<usize>(shape[static_cast<usize>(axis)]);
    const TensorId id = graph.add_constant("weights", DType::i8, std::move(shape), values);
    Quantization q{{}, std::vector<i32>(channels), axis};
    for (usize c = 0; c < channels; ++c) q.scales.push_back(0.001f * static_cast<f32>(c % 3 + 1));
    graph[id].quantization = q;
    return id;
  }
  TensorId bias(i64 channels) {
    return graph.add_constant("bias", DType::i32, {channels},
                              random.int32s(static_cast<u32>(channels), -2000, 2000));
  }
  TensorId add(Op op, std::vector<TensorId> inputs, TensorId output, Attributes attributes = {},
               Clamp clamp = {}) {
    graph.append({op, graph[output].name, std::move(inputs), output, std::move(attributes), clamp});
    return output;
  }

  void build() {
    const TensorId x = activation("x", {1, 6, 6, 3}, 0.05f, 4);
    graph.inputs = {x};
    const Window same{{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    const TensorId a =
        add(Op::conv, {x, weights({5, 3, 3, 3}, 0), bias(5)}, activation("a", {1, 6, 6, 5}, 0.06f, -20),
            ConvAttributes{same, 1}, Clamp{.low = 0});
    const TensorId b =
        add(Op::depthwise_conv, {a, weights({1, 3, 3, 5}, 3), bias(5)},
            activation("b", {1, 6, 6, 5}, 0.02f, 7), ConvAttributes{same, 1}, Clamp{-1.0f, 1.5f});
    const TensorId c = add(Op::add, {a, b}, activation("c", {1, 6, 6, 5}, 0.07f, -3));
    const Window halves{{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
    const TensorId p =
        add(Op::average_pool, {c}, activation("p", {1, 3, 3, 5}, 0.07f, -3), PoolAttributes{halves});
    const TensorId flat =
        add(Op::reshape, {p}, activation("flat", {1, 45}, 0.07f, -3), ReshapeAttributes{{1, 45}});
    const TensorId d =
        add(Op::fully_connected, {flat, weights({6, 45}, 0), bias(6)}, activation("d", {1, 6}, 0.05f, 0));
    const TensorId y = add(Op::softmax, {d}, activation("y", {1, 6}, 1.0f / 256, -128), AxisAttributes{1});
    graph.outputs = {y};
  }
};

std::vector<u8> run(const Graph& graph, const std::vector<u8>& input, bool integer_io) {
  CompileOptions options;
  options.integer_io = integer_io;
  const auto compiled = compile_graph(graph, options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  if (!compiled.ok()) return {};
  auto session = Session::create(compiled->pipm);
  EXPECT_TRUE(session.ok());
  const auto output = session->run(Bytes(input));
  EXPECT_TRUE(output.ok()) << output.error().text;
  return output.ok() ? std::vector<u8>(output->begin(), output->end()) : std::vector<u8>{};
}

TEST(ExportInteger, TheOnnxModelComputesTheSameIntegers) {
  Network network;
  network.build();
  const auto onnx = export_integer_onnx(network.graph, false);
  ASSERT_TRUE(onnx.ok()) << onnx.error().text;
  const auto imported = import_model(*onnx);
  ASSERT_TRUE(imported.ok()) << imported.error().text;
  EXPECT_EQ((*imported)[imported->inputs[0]].shape, (Shape{1, 3, 6, 6}));
  for (u32 seed = 0; seed < 5; ++seed) {
    const auto values = Random(seed).int8s(6 * 6 * 3);
    const std::vector<u8> input(values.begin(), values.end());
    const auto expected = run(network.graph, input, false);
    const auto got = run(*imported, channels_first({1, 6, 6, 3}, input), true);
    ASSERT_EQ(expected.size(), 6u);
    ASSERT_EQ(got.size(), 6u);
    for (usize i = 0; i < 6; ++i)
      EXPECT_NEAR(static_cast<i8>(expected[i]), static_cast<i8>(got[i]), 1)
          << "seed " << seed << " element " << i;
  }
}

TEST(ExportInteger, UnsignedActivationsAreTheSameNumbers) {
  Network network;
  network.build();
  const auto onnx = export_integer_onnx(network.graph, true);
  ASSERT_TRUE(onnx.ok()) << onnx.error().text;
  const auto imported = import_model(*onnx);
  ASSERT_TRUE(imported.ok()) << imported.error().text;
  const Tensor& x = (*imported)[imported->inputs[0]];
  EXPECT_EQ(x.dtype, DType::u8);
}

TEST(ExportInteger, NamesWhatItCannotWrite) {
  Network network;
  network.build();
  const TensorId y = network.activation("z", {1, 6}, 1, 0);
  network.add(Op::clamp, {network.graph.outputs[0]}, y);
  network.graph.outputs = {y};
  const auto onnx = export_integer_onnx(network.graph, false);
  ASSERT_FALSE(onnx.ok());
  EXPECT_EQ(onnx.error().code, Code::unsupported);
  EXPECT_NE(onnx.error().text.find("'z'"), std::string::npos) << onnx.error().text;
  Graph first;
  EXPECT_FALSE(export_integer_onnx(first, false).ok());
}

TEST(ExportInteger, ChannelsGoFirst) {
  EXPECT_EQ(channels_first({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}), (std::vector<u8>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(channels_first({2, 2}, {1, 2, 3, 4}), (std::vector<u8>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace pipit::model
