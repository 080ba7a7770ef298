#include "compiler/model/import_tflite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/testing/tflite.h"

namespace pipit::model {
namespace {

using testing::Flat;
using testing::LiteBuilder;
using testing::LiteScale;
using testing::LiteType;

enum Builtin : i32 { kAdd = 0, kConv = 3, kFullyConnected = 9, kReshape = 22, kSoftmax = 25, kWhile = 119 };

Flat conv_options() {
  return Flat::table().scalar(0, i8{0}).scalar(1, i32{1}).scalar(2, i32{1}).scalar(3, i8{1});
}

/// uint8 convolution (weights with a zero point), reshape, softmax: [1,4,4,2] → [1,48].
std::vector<u8> small_uint8() {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::u8, {1, 4, 4, 2}, {{0.5f}, {120}});
  std::vector<u8> weights;
  for (i32 i = 0; i < 3 * 3 * 3 * 2; ++i) weights.push_back(static_cast<u8>(i * 37 % 256));
  const i32 w = b.constant("w", LiteType::u8, {3, 3, 3, 2}, weights, {{0.01f}, {131}});
  const i32 bias = b.constant("b", LiteType::i32, {3}, std::vector<i32>{10, -200, 3000}, {{0.005f}, {0}});
  const i32 c = b.tensor("c", LiteType::u8, {1, 4, 4, 3}, {{0.2f}, {40}});
  const i32 r = b.tensor("r", LiteType::u8, {1, 48}, {{0.2f}, {40}});
  const i32 y = b.tensor("y", LiteType::u8, {1, 48}, {{1.0f / 256}, {0}});
  b.node(kConv, {x, w, bias}, {c}, 1, conv_options());
  b.node(kReshape, {c}, {r}, 17, Flat::table());
  b.node(kSoftmax, {r}, {y}, 9, Flat::table().scalar(0, 1.0f));
  return b.finish({x}, {y});
}

TEST(ImportTflite, ComputesAUint8ConvolutionExactly) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::u8, {1, 1, 2, 1}, {{0.5f}, {10}});
  const i32 w = b.constant("w", LiteType::u8, {1, 1, 1, 1}, std::vector<u8>{7}, {{0.25f}, {3}});
  const i32 y = b.tensor("y", LiteType::u8, {1, 1, 2, 1}, {{0.5f}, {5}});
  b.node(kConv, {x, w}, {y}, 1, Flat::table().scalar(0, i8{1}).scalar(1, i32{1}).scalar(2, i32{1}));
  auto compiled = compile_model(b.finish({x}, {y}));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  auto session = Session::create(compiled->pipm);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->model().input(0).dtype, DType::u8);
  EXPECT_EQ(session->model().input(0).zero_point, 10);
  // (x − 10)/2 × (7 − 3)/4, in halves from 5 on: x = 14 → 2 × 1 = 2 → 4 + 5.
  const u8 input[] = {14, 4};
  const auto output = session->run(Bytes(input));
  ASSERT_TRUE(output.ok());
  EXPECT_EQ((*output)[0], 9);
  EXPECT_EQ((*output)[1], 0);  // −6 + 5 saturates
}

TEST(ImportTflite, CompilesTheSmallModel) {
  auto compiled = compile_model(small_uint8());
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(compiled->operators.size(), 5u);  // with the two edges
  EXPECT_EQ(compiled->operators[1].opcode, "conv2d_asymmetric");
}

/// Output 0 of a float model for its one input.
std::vector<f32> infer_floats(const std::vector<u8>& file, const std::vector<f32>& input) {
  auto compiled = compile_model(file);
  if (!compiled.ok()) {
    ADD_FAILURE() << compiled.error().text;
    return {};
  }
  auto session = Session::create(compiled->pipm);
  EXPECT_TRUE(session.ok());
  const auto output =
      session->run(Bytes(reinterpret_cast<const u8*>(input.data()), input.size() * sizeof(f32)));
  EXPECT_TRUE(output.ok());
  return real_values(session->model().output(0), *output);
}

void expect_near(const std::vector<f32>& got, const std::vector<f32>& expected, f32 gap) {
  ASSERT_EQ(got.size(), expected.size());
  for (usize i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], gap) << "element " << i;
}

struct FloatFunction {
  const char* name;
  i32 builtin;
  f32 (*expected)(f32 x);
};

TEST(ImportTflite, ComputesFloatFunctions) {
  const FloatFunction functions[] = {
      {"LOGISTIC", 14, [](f32 x) { return 1 / (1 + std::exp(-x)); }},
      {"TANH", 28, [](f32 x) { return std::tanh(x); }},
      {"EXP", 47, [](f32 x) { return std::exp(x); }},
      {"NEG", 59, [](f32 x) { return -x; }},
      {"SIN", 66, [](f32 x) { return std::sin(x); }},
      {"LOG", 73, [](f32 x) { return std::log(x); }},
      {"SQRT", 75, [](f32 x) { return std::sqrt(x); }},
      {"RSQRT", 76, [](f32 x) { return 1 / std::sqrt(x); }},
      {"SQUARE", 92, [](f32 x) { return x * x; }},
      {"ABS", 101, [](f32 x) { return std::fabs(x); }},
      {"HARD_SWISH", 117, [](f32 x) { return x * std::clamp(x + 3, 0.0f, 6.0f) / 6; }},
  };
  for (const FloatFunction& function : functions) {
    SCOPED_TRACE(function.name);
    LiteBuilder b;
    const i32 x = b.tensor("x", LiteType::f32, {2, 3}), y = b.tensor("y", LiteType::f32, {2, 3});
    b.node(function.builtin, {x}, {y}, 0, Flat::table());
    const std::vector<f32> input = {0.25f, 1, 1.5f, 2, 0.01f, 3.75f};
    std::vector<f32> expected;
    for (f32 value : input) expected.push_back(function.expected(value));
    expect_near(infer_floats(b.finish({x}, {y}), input), expected, 2e-5f);
  }
}

TEST(ImportTflite, BroadcastsBothOperandsAndReduces) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, {2, 1});
  const i32 row = b.constant("row", LiteType::f32, {1, 3}, std::vector<f32>{1, 2, 4});
  const i32 axis = b.constant("axis", LiteType::i32, {1}, std::vector<i32>{-2});
  const i32 sum = b.tensor("sum", LiteType::f32, {2, 3}), y = b.tensor("y", LiteType::f32, {3});
  b.node(0, {row, x}, {sum}, 11, Flat::table().scalar(0, i8{1}));  // ADD with RELU
  b.node(82, {sum, axis}, {y}, 27, Flat::table());                 // REDUCE_MAX
  expect_near(infer_floats(b.finish({x}, {y}), {-3, -1.5f}), {0, 0.5f, 2.5f}, 0);
}

/// Integers by way of their real values: within a step, as TensorFlow Lite allows itself.
TEST(ImportTflite, SubtractsInt8) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::i8, {1, 4}, {{0.5f}, {-3}});
  const i32 w = b.constant("w", LiteType::i8, {4}, std::vector<i8>{0, 8, -8, 127}, {{0.25f}, {4}});
  const i32 y = b.tensor("y", LiteType::i8, {1, 4}, {{1.0f}, {10}});
  b.node(41, {x, w}, {y}, 28, Flat::table());
  auto compiled = compile_model(b.finish({x}, {y}));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  auto session = Session::create(compiled->pipm);
  ASSERT_TRUE(session.ok());
  const i8 input[] = {-3, 1, 5, -128};
  const auto output = session->run(Bytes(reinterpret_cast<const u8*>(input), 4));
  ASSERT_TRUE(output.ok());
  // 0 + 1, 2 - 1, 4 + 3, -62.5 - 30.75
  const i8 expected[] = {11, 11, 17, -83};
  for (usize i = 0; i < 4; ++i) EXPECT_EQ(static_cast<i8>((*output)[i]), expected[i]) << i;
}

/// Half precision is for storage: the weights are folded into floats.
TEST(ImportTflite, FoldsFloat16Weights) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, {1, 2});
  const std::vector<u16> halves = {0x3C00, 0xC000, 0x3800, 0x4200};  // 1, -2, 0.5, 3
  const i32 small = b.constant("small", LiteType::f16, {2, 2}, halves);
  const i32 w = b.tensor("w", LiteType::f32, {2, 2}), y = b.tensor("y", LiteType::f32, {1, 2});
  b.node(6, {small}, {w}, 0, Flat::table());  // DEQUANTIZE
  b.node(kFullyConnected, {x, w}, {y}, 8, Flat::table());
  const std::vector<u8> file = b.finish({x}, {y});
  expect_near(infer_floats(file, {3, 4}), {-5, 13.5f}, 0);
  const auto compiled = compile_model(file);
  ASSERT_TRUE(compiled.ok());
  EXPECT_EQ(compiled->operators.size(), 1u) << "nothing is converted at run time";
}

struct Refusal {
  const char* what;
  Code code;
  std::vector<u8> file;
};

std::vector<u8> with_node(i32 builtin) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, {1, 4});
  const i32 y = b.tensor("y", LiteType::f32, {1, 4});
  b.node(builtin, {x}, {y}, 0, Flat::table());
  return b.finish({x}, {y});
}

std::vector<u8> with_custom(const char* name) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, {1, 4});
  const i32 y = b.tensor("y", LiteType::f32, {1, 4});
  b.custom(name, {x}, {y});
  return b.finish({x}, {y});
}

std::vector<u8> with_cycle() {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, {1, 4});
  const i32 y = b.tensor("y", LiteType::f32, {1, 4});
  const i32 z = b.tensor("z", LiteType::f32, {1, 4});
  b.node(kAdd, {x, z}, {y}, 11, Flat::table());
  b.node(kAdd, {x, y}, {z}, 11, Flat::table());
  return b.finish({x}, {z});
}

std::vector<u8> with_shape(const std::vector<i32>& shape) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, shape);
  const i32 y = b.tensor("y", LiteType::f32, shape);
  b.node(kSoftmax, {x}, {y}, 9, Flat::table().scalar(0, 1.0f));
  return b.finish({x}, {y});
}

std::vector<u8> with_short_weights() {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::f32, {1, 4});
  const i32 w = b.constant("w", LiteType::f32, {2, 4}, std::vector<f32>(7));
  const i32 y = b.tensor("y", LiteType::f32, {1, 2});
  b.node(kFullyConnected, {x, w}, {y}, 8, Flat::table());
  return b.finish({x}, {y});
}

std::vector<u8> with_zero_point(i64 zero_point) {
  LiteBuilder b;
  const i32 x = b.tensor("x", LiteType::i8, {1, 4}, {{0.5f}, {zero_point}});
  const i32 y = b.tensor("y", LiteType::i8, {1, 4}, {{0.5f}, {0}});
  b.node(kSoftmax, {x}, {y}, 9, Flat::table().scalar(0, 1.0f));
  return b.finish({x}, {y});
}

TEST(ImportTflite, RefusesByNodeAndReason) {
  const Refusal cases[] = {
      {"WHILE node 0 'y': operator outside the importer's table; register it", Code::unsupported,
       with_node(kWhile)},
      {"ethos-u node 0 'y': a command stream of Arm's Vela compiler", Code::unsupported,
       with_custom("ethos-u")},
      {"Mystery node 0 'y': custom operator outside the importer's table; register it", Code::unsupported,
       with_custom("Mystery")},
      {"operator 250 node 0 'y'", Code::unsupported, with_node(250)},
      {"ADD node 0 'y': reads 'z', which no earlier node or input makes", Code::malformed, with_cycle()},
      {"'x' has more than 2^28 elements", Code::out_of_range, with_shape({65536, 65536, 65536})},
      {"negative dimension", Code::malformed, with_shape({1, -1})},
      {"empty or dynamic shape", Code::unsupported, with_shape({1, 0})},
      {"28 bytes of data, its shape 2x4 needs 32", Code::malformed, with_short_weights()},
      {"zero point 200 does not fit", Code::malformed, with_zero_point(200)},
      {"identifier TFL3", Code::malformed, std::vector<u8>(64)},
  };
  for (const Refusal& refusal : cases) {
    SCOPED_TRACE(refusal.what);
    const auto graph = import_tflite(refusal.file);
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().code, refusal.code);
    EXPECT_NE(graph.error().text.find(refusal.what), std::string::npos) << graph.error().text;
  }
}

TEST(ImportTflite, EveryTruncationIsRefused) {
  const std::vector<u8> whole = small_uint8();
  ASSERT_TRUE(compile_model(whole).ok());
  u32 refused = 0;
  for (usize size = 0; size < whole.size(); ++size) refused += !compile_model(Bytes(whole).first(size)).ok();
  // What may be missing is the padding at the end and the name's terminator.
  EXPECT_GE(refused, whole.size() - 16);
}

/// Convolution, depthwise convolution with padding, residual sum, mean over the image, fully connected.
std::vector<u8> small_float() {
  LiteBuilder b;
  std::minstd_rand random(3);
  const auto values = [&](usize count) {
    std::vector<f32> made(count);
    for (f32& value : made) value = static_cast<f32>(random() % 2001) / 1000 - 1;
    return made;
  };
  const i32 x = b.tensor("x", LiteType::f32, {1, 6, 5, 3}), c = b.tensor("c", LiteType::f32, {1, 6, 5, 4});
  const i32 d = b.tensor("d", LiteType::f32, {1, 6, 5, 4}), s = b.tensor("s", LiteType::f32, {1, 6, 5, 4});
  const i32 m = b.tensor("m", LiteType::f32, {1, 4}), y = b.tensor("y", LiteType::f32, {1, 5});
  const i32 w1 = b.constant("w1", LiteType::f32, {4, 3, 3, 3}, values(108));
  const i32 w2 = b.constant("w2", LiteType::f32, {1, 3, 3, 4}, values(36));
  const i32 b1 = b.constant("b1", LiteType::f32, {4}, values(4)),
            b2 = b.constant("b2", LiteType::f32, {4}, values(4));
  const i32 w3 = b.constant("w3", LiteType::f32, {5, 4}, values(20));
  const i32 axes = b.constant("axes", LiteType::i32, {2}, std::vector<i32>{1, 2});
  b.node(kConv, {x, w1, b1}, {c}, 1, conv_options());
  b.node(
      4, {c, w2, b2}, {d}, 2,
      Flat::table().scalar(0, i8{0}).scalar(1, i32{1}).scalar(2, i32{1}).scalar(3, i32{1}).scalar(4, i8{1}));
  b.node(kAdd, {c, d}, {s}, 11, Flat::table());
  b.node(40, {s, axes}, {m}, 27, Flat::table());  // MEAN
  b.node(kFullyConnected, {m, w3}, {y}, 8, Flat::table());
  return b.finish({x}, {y});
}

std::vector<f32> waves(u32 seed, usize count) {
  std::vector<f32> values(count);
  for (usize i = 0; i < count; ++i) values[i] = std::sin(static_cast<f32>(i * (seed + 3)));
  return values;
}

/// In ONNX's layout the model computes the same, and in int8 nearly.
TEST(ImportTflite, AFloatModelIsQuantisedStatically) {
  const std::vector<u8> file = small_float();
  const Samples samples{16, [](u32 index) { return waves(index, 90); }};
  const auto calibrated = calibrate_model(file, samples, {});
  ASSERT_TRUE(calibrated.ok()) << calibrated.error().text;
  const auto again = compile_graph(calibrated->graph);
  ASSERT_TRUE(again.ok()) << again.error().text;
  auto session = Session::create(again->pipm);
  ASSERT_TRUE(session.ok());
  const auto quantized = quantize_calibrated(*calibrated, {});
  ASSERT_TRUE(quantized.ok()) << quantized.error().text;
  for (u32 seed = 40; seed < 44; ++seed) {
    const std::vector<f32> x = waves(seed, 90), expected = infer_floats(file, x);
    const auto output = session->run(std::span<const f32>(x));
    ASSERT_TRUE(output.ok());
    expect_near(real_values(session->model().output(0), *output), expected, 1e-5f);
    expect_near(infer_floats(quantized->onnx, x), expected, 0.12f);
  }
  const auto integer = compile_model(quantized->onnx);
  ASSERT_TRUE(integer.ok());
  u32 layers = 0;
  for (const auto& row : integer->operators)
    layers += row.opcode == "conv2d" || row.opcode == "depthwise_conv2d" || row.opcode == "fully_connected";
  EXPECT_EQ(layers, 3u);
  EXPECT_FALSE(calibrate_model(small_uint8(), samples, {}).ok()) << "integers already";
}

/// Broadcasts, reductions and functions of real values, int8 at the edges.
std::vector<u8> small_general() {
  LiteBuilder b;
  const LiteScale scale{{0.125f}, {3}};
  const i32 x = b.tensor("x", LiteType::i8, {2, 1, 3}, scale);
  const i32 w = b.constant("w", LiteType::i8, {4, 3}, std::vector<i8>(12, 5), scale);
  const i32 axes = b.constant("axes", LiteType::i32, {2}, std::vector<i32>{1, -1});
  const i32 d = b.tensor("d", LiteType::i8, {2, 4, 3}, scale),
            m = b.tensor("m", LiteType::i8, {2, 4, 3}, scale);
  const i32 r = b.tensor("r", LiteType::f32, {2}), y = b.tensor("y", LiteType::f32, {2});
  b.node(41, {x, w}, {d}, 28, Flat::table().scalar(0, i8{3}));
  b.node(55, {w, d}, {m}, 0, Flat::table());
  b.node(74, {m, axes}, {r}, 27, Flat::table());
  b.node(28, {r}, {y}, 0, Flat::table());
  return b.finish({x}, {y});
}

/// Whatever a damaged file says, the importer answers; what compiles, runs.
void survives_mutations(const std::vector<u8>& whole, u32 rounds) {
  ASSERT_TRUE(compile_model(whole).ok()) << compile_model(whole).error().text;
  std::minstd_rand random(11);
  u32 compiled_count = 0, refused_count = 0;
  for (u32 round = 0; round < rounds; ++round) {
    std::vector<u8> file = whole;
    for (u32 change = 0, changes = 1 + random() % 4; change < changes; ++change) {
      const usize at = random() % file.size();
      switch (random() % 3) {
        case 0: file[at] = static_cast<u8>(random()); break;
        case 1: file[at] ^= static_cast<u8>(1u << (random() % 8)); break;
        default: file[at] = random() % 2 ? 0xFF : 0; break;
      }
    }
    auto compiled = compile_model(file);
    if (!compiled.ok()) {
      EXPECT_FALSE(compiled.error().text.empty());
      ++refused_count;
      continue;
    }
    ++compiled_count;
    if (compiled->arena_bytes > (1u << 24)) continue;
    auto session = Session::create(compiled->pipm);
    ASSERT_TRUE(session.ok());
    if (session->model().input_count() != 1) continue;
    EXPECT_TRUE(session->run(Bytes(std::vector<u8>(session->model().input(0).bytes, 7))).ok());
  }
  EXPECT_GT(compiled_count, 100u);
  EXPECT_GT(refused_count, 100u);
}

TEST(ImportTflite, SurvivesMutations) { survives_mutations(small_uint8(), 20'000); }
TEST(ImportTflite, SurvivesMutationsOfFunctions) { survives_mutations(small_general(), 10'000); }

}  // namespace
}  // namespace pipit::model
