#include "nn/fast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "nn/fast_x86.h"
#include "nn/testing/prepared.h"
#include "nn/testing/sample_models.h"
#include "nn/testing/simde_vnni.h"
#include "nn/testing/window_cases.h"

namespace pipit::nn {
namespace {

using namespace testing;
using format::Opcode;

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  return Bytes(reinterpret_cast<const u8*>(values.data()), values.size() * sizeof(T));
}

/// A model of one node with weights.
struct OneLayer {
  Random random;
  ModelBuilder model;
  u32 output = 0;

  template <class Attributes>
  std::vector<u8> build_f32(Opcode opcode, const ModelBuilder::DimList& in,
                            const ModelBuilder::DimList& weights, u32 channels,
                            const ModelBuilder::DimList& out, const Attributes& attributes) {
    u32 count = 1;
    for (const u32 dim : weights) count *= dim;
    const u32 x = model.activation(DType::f32, in);
    const u32 w = model.constant(DType::f32, weights, random.reals(count));
    const u32 b = model.constant(DType::f32, {channels}, random.reals(channels));
    output = model.activation(DType::f32, out);
    model.op(opcode, {x, w, b}, output, attributes);
    return model.build({x}, {output});
  }

  template <class Attributes>
  std::vector<u8> build_i8(Opcode opcode, const ModelBuilder::DimList& in,
                           const ModelBuilder::DimList& weights, u32 channels,
                           const ModelBuilder::DimList& out, const Attributes& attributes,
                           i32 high_shift = -4, i32 weight_zero = 0) {
    u32 count = 1;
    for (const u32 dim : weights) count *= dim;
    const u32 x = model.activation(DType::i8, in, 0.1f, random.integer(-128, 127));
    const u32 w = model.constant(DType::i8, weights, random.int8s(count), 0.01f, weight_zero);
    const u32 b = model.constant(DType::i32, {channels}, random.int32s(channels, -100000, 100000));
    std::vector<i32> pairs;
    for (const format::Rescale& factor : random.factors(channels, -14, high_shift)) {
      pairs.push_back(factor.multiplier);
      pairs.push_back(factor.shift);
    }
    const u32 f = model.constant(DType::i32, {channels, 2}, pairs);
    output = model.activation(DType::i8, out, 0.1f, random.integer(-128, 127));
    model.op(opcode, {x, w, b, f}, output, attributes);
    return model.build({x}, {output});
  }
};

void expect_close(const std::vector<u8>& expected, const std::vector<u8>& got, f32 tolerance) {
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(expected.size(), got.size());
  for (usize at = 0; at < got.size(); at += sizeof(f32)) {
    f32 want, have;
    std::memcpy(&want, &expected[at], sizeof want);
    std::memcpy(&have, &got[at], sizeof have);
    ASSERT_NEAR(want, have, tolerance) << "element " << at / sizeof(f32);
  }
}

WindowShape wide_window(Random& random, u32 seed) {
  const i32 in_c = seed % 3 == 0 ? random.integer(1, 5) : random.integer(6, 70);
  WindowShape shape =
      random_window(random, in_c, seed % 2 == 0 ? random.integer(1, 15) : random.integer(16, 70));
  if (seed % 4 == 0) {  // pointwise, as most convolutions are
    shape.kernel_h = shape.kernel_w = 1;
    shape.window = {1, 1, 1, 1, 0, 0, 0, 0};
    shape.out_h = shape.in_h;
    shape.out_w = shape.in_w;
  }
  return shape;
}

/// A dynamically quantised layer with the scales and integers of its input: x → scales → int8 → layer.
template <class Attributes>
std::vector<u8> dynamic_layer(Random& random, Opcode opcode, const ModelBuilder::DimList& in, u32 rows,
                              const ModelBuilder::DimList& weights, u32 channels,
                              const ModelBuilder::DimList& out, const Attributes& attributes) {
  struct None {};
  ModelBuilder model;
  u32 count = 1;
  for (const u32 dim : weights) count *= dim;
  const auto values = random.int8s(count);
  std::vector<i32> sums(channels);
  for (u32 k = 0; k < count; ++k)
    sums[opcode == Opcode::dynamic_depthwise_conv2d ? k % channels : k / (count / channels)] += values[k];
  const u32 x = model.activation(DType::f32, in), scales = model.activation(DType::f32, {rows, 2});
  const u32 q = model.activation(DType::i8, in), y = model.activation(DType::f32, out);
  model.op(Opcode::dynamic_scale, {x}, scales, format::DynamicScaleAttributes{random.integer(0, 1) != 0});
  model.op(Opcode::dynamic_quantize, {x, scales}, q, None{});
  const u32 w = model.constant(DType::i8, weights, values);
  const u32 b = model.constant(DType::f32, {channels}, random.reals(channels));
  const u32 s = model.constant(DType::f32, {channels}, random.reals(channels, 0.001f, 0.01f));
  const u32 t = model.constant(DType::i32, {channels}, sums);
  model.op(opcode, {q, w, b, s, t, scales}, y, attributes);
  return model.build({x}, {y});
}

class Fast : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fast_kernels().empty()) GTEST_SKIP() << "no fast kernels for this processor";
  }
};

// The bound: k products of numbers up to 1 differ by at most about k × 2^-24 × |sum|; 1e-4 is far above it
// and far below any wrong index.
TEST_F(Fast, F32ConvolutionIsCloseToTheReference) {
  for (u32 seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    OneLayer layer{Random(seed)};
    const WindowShape s = wide_window(layer.random, seed);
    const auto file = layer.build_f32(Opcode::conv2d, {s.batch, s.in_h, s.in_w, s.in_c},
                                      {s.out_c, s.kernel_h, s.kernel_w, s.in_c}, s.out_c,
                                      {s.batch, s.out_h, s.out_w, s.out_c},
                                      format::Conv2dAttributes{s.window, format::Clamp::of(-3.0f, 4.0f)});
    const auto input = layer.random.reals(input_size(s));
    u32 fast = 0;
    const auto got = run_prepared(file, bytes_of(input), fast_kernels(), fast);
    EXPECT_EQ(fast, 1u);
    expect_close(run_portable(file, bytes_of(input)), got, 1e-4f);
  }
}

TEST_F(Fast, I8ConvolutionIsTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    OneLayer layer{Random(seed)};
    const WindowShape s = wide_window(layer.random, seed);
    const i32 low = layer.random.integer(-128, 0), high = layer.random.integer(0, 127);
    const auto file = layer.build_i8(Opcode::conv2d, {s.batch, s.in_h, s.in_w, s.in_c},
                                     {s.out_c, s.kernel_h, s.kernel_w, s.in_c}, s.out_c,
                                     {s.batch, s.out_h, s.out_w, s.out_c},
                                     format::Conv2dAttributes{s.window, format::Clamp::of(low, high)});
    const auto input = layer.random.int8s(input_size(s));
    u32 fast = 0;
    const auto got = run_prepared(file, bytes_of(input), fast_kernels(), fast);
    EXPECT_EQ(fast, 1u);
    ASSERT_EQ(run_portable(file, bytes_of(input)), got);
  }
}

// Sizes that the kernels for 3 × 3 windows of stride 1 take, with channels for one, two and three parts.
TEST_F(Fast, I8ConvolutionByTilesIsTheReferenceBitForBit) {
  const u32 in_channels[] = {16, 32, 48, 240, 464};
  for (u32 seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    OneLayer layer{Random(seed)};
    WindowShape s{};
    s.batch = static_cast<u32>(layer.random.integer(1, 2));
    s.in_h = static_cast<u32>(layer.random.integer(4, 21));
    s.in_w = static_cast<u32>(layer.random.integer(4, 21));
    s.in_c = in_channels[seed % 5];
    s.out_c = static_cast<u32>(layer.random.integer(1, 70));
    s.kernel_h = s.kernel_w = 3;
    const auto pad = [&] { return static_cast<u16>(layer.random.integer(0, 2)); };
    s.window = {1, 1, 1, 1, pad(), pad(), pad(), pad()};
    s.out_h = s.in_h + s.window.pad_top + s.window.pad_bottom - 2;
    s.out_w = s.in_w + s.window.pad_left + s.window.pad_right - 2;
    const auto file =
        layer.build_i8(Opcode::conv2d, {s.batch, s.in_h, s.in_w, s.in_c}, {s.out_c, 3, 3, s.in_c}, s.out_c,
                       {s.batch, s.out_h, s.out_w, s.out_c}, format::Conv2dAttributes{s.window, kNoClampI8});
    const auto input = layer.random.int8s(input_size(s));
    u32 fast = 0;
    const auto got = run_prepared(file, bytes_of(input), fast_kernels(), fast);
    EXPECT_EQ(fast, 1u);
    ASSERT_EQ(run_portable(file, bytes_of(input)), got);
  }
}

// Windows of every kind over channels that come in fours, deep enough for products of pairs; some of them
// with every weight and activation at an end of its range.
TEST_F(Fast, I8ConvolutionByPairsIsTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    OneLayer layer{Random(seed)};
    WindowShape s{};
    do {
      const i32 in_c = 4 * layer.random.integer(seed % 4 == 0 ? 32 : 4, 40);
      s = random_window(layer.random, in_c, layer.random.integer(1, 70));
      if (seed % 4 == 0) {
        s.kernel_h = s.kernel_w = 1;
        s.window = {1, 1, 1, 1, 0, 0, 0, 0};
        s.out_h = s.in_h;
        s.out_w = s.in_w;
      }
    } while (s.out_h * s.out_w < 16 || s.in_c * s.kernel_h * s.kernel_w < 128);
    const auto file = layer.build_i8(
        Opcode::conv2d, {s.batch, s.in_h, s.in_w, s.in_c}, {s.out_c, s.kernel_h, s.kernel_w, s.in_c}, s.out_c,
        {s.batch, s.out_h, s.out_w, s.out_c}, format::Conv2dAttributes{s.window, kNoClampI8});
    auto input = layer.random.int8s(input_size(s));
    if (seed % 5 == 0)
      for (i8& value : input) value = value < 0 ? -128 : 127;
    u32 fast = 0;
    const auto got = run_prepared(file, bytes_of(input), fast_kernels(), fast);
    EXPECT_EQ(fast, 1u);
    const auto expected = run_portable(file, bytes_of(input));
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(expected, got);
  }
}

// Every weight and activation at an end of its range: the largest transformed values and sums there are.
TEST_F(Fast, I8ConvolutionByTilesHoldsTheLargestSums) {
  const u32 side = 16, channels = 224;
  for (const i32 weight : {-128, 127})
    for (const i32 value : {-128, 127, 0}) {  // 0: ends by turns
      ModelBuilder model;
      const u32 x = model.activation(DType::i8, {1, side, side, channels}, 0.1f, -128);
      const u32 w = model.constant(DType::i8, {1, 3, 3, channels},
                                   std::vector<i8>(usize{9} * channels, static_cast<i8>(weight)), 0.01f);
      const u32 b = model.constant(DType::i32, {1}, std::vector<i32>{12345});
      const u32 f = model.constant(DType::i32, {1, 2}, std::vector<i32>{0x50000000, -19});
      const u32 y = model.activation(DType::i8, {1, side - 2, side - 2, 1}, 0.1f, 3);
      model.op(Opcode::conv2d, {x, w, b, f}, y,
               format::Conv2dAttributes{{1, 1, 1, 1, 0, 0, 0, 0}, kNoClampI8});
      const auto file = model.build({x}, {y});
      std::vector<i8> input(usize{side} * side * channels, static_cast<i8>(value));
      for (usize i = 0; value == 0 && i < input.size(); ++i)
        input[i] = (i / channels % side + i / channels / side) % 2 == 0 ? 127 : -128;
      u32 fast = 0;
      ASSERT_EQ(run_portable(file, bytes_of(input)),
                run_prepared(file, bytes_of(input), fast_kernels(), fast));
      EXPECT_EQ(fast, 1u);
    }
}

TEST_F(Fast, DynamicConvolutionIsTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    WindowShape s = wide_window(random, seed);
    if (seed % 5 == 0) {  // by tiles
      s.in_h = s.in_w = s.out_h = s.out_w = 13;
      s.in_c = 32;
      s.kernel_h = s.kernel_w = 3;
      s.window = {1, 1, 1, 1, 1, 1, 1, 1};
    }
    const auto file = dynamic_layer(random, Opcode::dynamic_conv2d, {s.batch, s.in_h, s.in_w, s.in_c},
                                    s.batch, {s.out_c, s.kernel_h, s.kernel_w, s.in_c}, s.out_c,
                                    {s.batch, s.out_h, s.out_w, s.out_c},
                                    format::Conv2dAttributes{s.window, format::Clamp::of(-0.5f, 2.0f)});
    auto input = random.reals(input_size(s), -3, 2);
    if (seed % 7 == 0) input[input.size() / 2] = __builtin_nanf("");
    if (seed % 11 == 0) input[input.size() / 3] = -__builtin_inff();
    u32 fast = 0;
    const auto got = run_prepared(file, bytes_of(input), fast_kernels(), fast);
    EXPECT_EQ(fast, 3u);
    const auto expected = run_portable(file, bytes_of(input));
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(expected, got);
  }
}

TEST_F(Fast, DynamicFullyConnectedIsTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 batch = random.integer(1, 9), inputs = random.integer(1, 300), outputs = random.integer(1, 70);
    const auto file =
        dynamic_layer(random, Opcode::dynamic_fully_connected, {batch, inputs}, batch, {outputs, inputs},
                      outputs, {batch, outputs}, format::ClampAttributes{kNoClampF32});
    const auto input = random.reals(batch * inputs, -3, 2);
    u32 fast = 0;
    const auto got = run_prepared(file, bytes_of(input), fast_kernels(), fast);
    EXPECT_EQ(fast, 3u);
    const auto expected = run_portable(file, bytes_of(input));
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(expected, got);
  }
}

TEST_F(Fast, FullyConnectedAgrees) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random sizes(seed);
    const u32 batch = sizes.integer(1, 20), inputs = sizes.integer(1, 300), outputs = sizes.integer(1, 70);
    u32 fast = 0;
    OneLayer real{Random(seed)}, quantized{Random(seed)};
    auto file = real.build_f32(Opcode::fully_connected, {batch, inputs}, {outputs, inputs}, outputs,
                               {batch, outputs}, format::ClampAttributes{kNoClampF32});
    const auto reals = sizes.reals(batch * inputs);
    expect_close(run_portable(file, bytes_of(reals)),
                 run_prepared(file, bytes_of(reals), fast_kernels(), fast), 1e-4f);
    EXPECT_EQ(fast, 1u);
    file = quantized.build_i8(Opcode::fully_connected, {batch, inputs}, {outputs, inputs}, outputs,
                              {batch, outputs}, format::ClampAttributes{kNoClampI8});
    const auto bytes = sizes.int8s(batch * inputs);
    ASSERT_EQ(run_portable(file, bytes_of(bytes)), run_prepared(file, bytes_of(bytes), fast_kernels(), fast));
    EXPECT_EQ(fast, 1u);
  }
}

// As uint8 models have them: weights with a zero point, 128 - 255 at the most.
TEST_F(Fast, AsymmetricLayersAreTheReferenceBitForBit) {
  const auto agree = [](const std::vector<u8>& file, const std::vector<i8>& input) {
    u32 fast = 0;
    const auto expected = run_portable(file, bytes_of(input));
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(expected, run_prepared(file, bytes_of(input), fast_kernels(), fast));
    EXPECT_EQ(fast, 1u);
  };
  for (u32 seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random sizes(seed);
    const i32 zero = seed % 3 == 0 ? -128 : seed % 3 == 1 ? 127 : sizes.integer(-128, 127);
    const WindowShape s = wide_window(sizes, seed), d = random_window(sizes, s.in_c, s.in_c);
    const format::Conv2dAttributes window{s.window, format::Clamp::of(sizes.integer(-128, 0), 127)};
    OneLayer conv{Random(seed)}, depthwise{Random(seed)}, full{Random(seed)};
    agree(conv.build_i8(Opcode::conv2d_asymmetric, {s.batch, s.in_h, s.in_w, s.in_c},
                        {s.out_c, s.kernel_h, s.kernel_w, s.in_c}, s.out_c,
                        {s.batch, s.out_h, s.out_w, s.out_c}, window, -4, zero),
          sizes.int8s(input_size(s)));
    agree(depthwise.build_i8(Opcode::depthwise_conv2d_asymmetric, {d.batch, d.in_h, d.in_w, d.in_c},
                             {1, d.kernel_h, d.kernel_w, d.out_c}, d.out_c,
                             {d.batch, d.out_h, d.out_w, d.out_c},
                             format::Conv2dAttributes{d.window, kNoClampI8}, -4, zero),
          sizes.int8s(input_size(d)));
    const u32 batch = sizes.integer(1, 20), inputs = sizes.integer(1, 300), outputs = sizes.integer(1, 70);
    agree(full.build_i8(Opcode::fully_connected_asymmetric, {batch, inputs}, {outputs, inputs}, outputs,
                        {batch, outputs}, format::ClampAttributes{kNoClampI8}, -4, zero),
          sizes.int8s(batch * inputs));
  }
}

TEST_F(Fast, DepthwiseConvolutionAgrees) {
  for (u32 seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random sizes(seed);
    const i32 channels = sizes.integer(1, 50);
    const WindowShape s = random_window(sizes, channels, channels);
    const ModelBuilder::DimList in{s.batch, s.in_h, s.in_w, s.in_c}, out{s.batch, s.out_h, s.out_w, s.out_c},
        weights{1, s.kernel_h, s.kernel_w, s.out_c};
    OneLayer real{Random(seed)}, quantized{Random(seed)};
    u32 fast = 0;
    auto file = real.build_f32(Opcode::depthwise_conv2d, in, weights, s.out_c, out,
                               format::Conv2dAttributes{s.window, format::Clamp::of(-1.0f, 2.0f)});
    const auto reals = sizes.reals(input_size(s));
    expect_close(run_portable(file, bytes_of(reals)),
                 run_prepared(file, bytes_of(reals), fast_kernels(), fast), 1e-5f);
    EXPECT_EQ(fast, 1u);
    const i32 low = sizes.integer(-128, 0), high = sizes.integer(0, 127);
    file = quantized.build_i8(Opcode::depthwise_conv2d, in, weights, s.out_c, out,
                              format::Conv2dAttributes{s.window, format::Clamp::of(low, high)});
    const auto bytes = sizes.int8s(input_size(s));
    ASSERT_EQ(run_portable(file, bytes_of(bytes)), run_prepared(file, bytes_of(bytes), fast_kernels(), fast));
    EXPECT_EQ(fast, 1u);
  }
}

/// A model of one node without weights, of one or two inputs that are the same tensor's shape or a constant.
template <class Attributes>
void expect_same(Random& random, Opcode opcode, DType dtype, const ModelBuilder::DimList& in,
                 const ModelBuilder::DimList& out, const Attributes& attributes, u32 second = 0) {
  ModelBuilder model;
  const bool integer = dtype == DType::i8;
  const f32 scale = integer ? 0.1f : 0;
  const i32 zero = integer ? random.integer(-128, 127) : 0;
  u32 count = 1;
  for (const u32 dim : in) count *= dim;
  const u32 x = model.activation(dtype, in, scale, zero);
  std::vector<u32> inputs{x};
  if (second != 0) inputs.push_back(model.constant(DType::i8, {second}, random.int8s(second), 0.2f));
  const bool pools = opcode == Opcode::max_pool2d || opcode == Opcode::transpose;
  const u32 y = model.activation(dtype, out, scale, pools || !integer ? zero : random.integer(-128, 127));
  model.op(opcode, inputs, y, attributes);
  const auto file = model.build({x}, {y});
  u32 fast = 0;
  const auto bytes = random.int8s(count);
  const auto reals = random.reals(count);
  const Bytes input = integer ? bytes_of(bytes) : bytes_of(reals);
  const auto expected = run_portable(file, input);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(expected, run_prepared(file, input, fast_kernels(), fast));
  EXPECT_EQ(fast, 1u);
}

TEST_F(Fast, AddAndMulAreTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 rows = random.integer(1, 5), columns = random.integer(1, 70);
    const i32 low = random.integer(-128, 0), high = random.integer(0, 127);
    const auto clamp = format::Clamp::of(low, high);
    expect_same(
        random, Opcode::add, DType::i8, {rows, columns}, {rows, columns},
        format::AddAttributes{random.factor(-8, 0), random.factor(-8, 0), random.factor(-22, -16), clamp},
        columns);
    expect_same(random, Opcode::mul, DType::i8, {rows, columns}, {rows, columns},
                format::RescaleAttributes{random.factor(-12, -4), clamp}, columns);
  }
}

/// A convolution of x and an addition of x itself to what it makes, as the end of a residual block.
struct Residual {
  Random random;
  WindowShape shape;
  ModelBuilder model;
  u32 x = 0, made = 0, sum = 0;
  bool swapped = false;  ///< the addend goes first

  explicit Residual(u32 seed) : random(seed) {
    const auto size = [&](i32 low, i32 high) { return static_cast<u32>(random.integer(low, high)); };
    const u32 kernel = seed % 2 == 0 ? 1 : 3;
    const u16 pad = kernel / 2;
    const u32 side = size(2, 9), channels = seed % 3 == 0 ? 16 * size(1, 12) : size(1, 70);
    shape = {size(1, 2), side,     side,   channels, side,
             side,       channels, kernel, kernel,   {1, 1, 1, 1, pad, pad, pad, pad}};
    swapped = random.integer(0, 1) != 0;
  }
  ModelBuilder::DimList dims() const { return {shape.batch, shape.in_h, shape.in_w, shape.in_c}; }
  ModelBuilder::DimList weights() const { return {shape.out_c, shape.kernel_h, shape.kernel_w, shape.in_c}; }
  u32 weight_count() const { return shape.out_c * shape.kernel_h * shape.kernel_w * shape.in_c; }
  void add(const format::AddAttributes& how) {
    const ModelBuilder::Ids inputs = swapped ? ModelBuilder::Ids{x, made} : ModelBuilder::Ids{made, x};
    model.op(Opcode::add, inputs, sum, how);
  }

  /// `half`: the input whose factor is one half, or neither. `sum_at` as ModelBuilder's offset.
  void build_i8(u32 half, u32 sum_at = ~u32{0}) {
    const u32 channels = shape.out_c;
    x = model.activation(DType::i8, dims(), 0.1f, random.integer(-128, 127));
    made = model.activation(DType::i8, dims(), 0.1f, random.integer(-128, 127));
    sum = model.activation(DType::i8, dims(), 0.1f, random.integer(-128, 127), sum_at);
    const u32 w = model.constant(DType::i8, weights(), random.int8s(weight_count()), 0.01f);
    const u32 b = model.constant(DType::i32, {channels}, random.int32s(channels, -100000, 100000));
    std::vector<i32> pairs;
    for (const format::Rescale& factor : random.factors(channels, -14, -4)) {
      pairs.push_back(factor.multiplier);
      pairs.push_back(factor.shift);
    }
    const u32 f = model.constant(DType::i32, {channels, 2}, pairs);
    const auto clamp = [&] { return format::Clamp::of(random.integer(-128, 0), random.integer(0, 127)); };
    model.op(Opcode::conv2d, {x, w, b, f}, made, format::Conv2dAttributes{shape.window, clamp()});
    const format::Rescale one_half{1 << 30, 0};
    add({half == 0 ? one_half : random.factor(-8, -1), half == 1 ? one_half : random.factor(-8, -1),
         random.factor(-22, -16), clamp()});
  }

  void build_dynamic() {
    struct None {};
    const u32 channels = shape.out_c;
    x = model.activation(DType::f32, dims());
    const u32 scales = model.activation(DType::f32, {shape.batch, 2});
    const u32 q = model.activation(DType::i8, dims());
    made = model.activation(DType::f32, dims());
    sum = model.activation(DType::f32, dims());
    model.op(Opcode::dynamic_scale, {x}, scales, format::DynamicScaleAttributes{random.integer(0, 1) != 0});
    model.op(Opcode::dynamic_quantize, {x, scales}, q, None{});
    const auto values = random.int8s(weight_count());
    std::vector<i32> sums(channels);
    for (u32 k = 0; k < values.size(); ++k) sums[k / (values.size() / channels)] += values[k];
    const u32 w = model.constant(DType::i8, weights(), values);
    const u32 b = model.constant(DType::f32, {channels}, random.reals(channels));
    const u32 s = model.constant(DType::f32, {channels}, random.reals(channels, 0.001f, 0.01f));
    const u32 t = model.constant(DType::i32, {channels}, sums);
    model.op(Opcode::dynamic_conv2d, {q, w, b, s, t, scales}, made,
             format::Conv2dAttributes{shape.window, format::Clamp::of(-0.5f, 2.0f)});
    add({{}, {}, {}, format::Clamp::of(-1.0f, 1.5f)});
  }
};

// What runs a layer and the addition after it as one leaves the layer's own output unwritten. `all`: whether
// there is a kernel for every node.
void expect_sums_agree(std::span<const FastKernel* const> kernels, bool all) {
  for (u32 seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Residual integer(seed), dynamic(seed);
    integer.build_i8(seed % 3);
    dynamic.build_dynamic();
    const auto file = integer.model.build({integer.x}, {integer.sum});
    const auto dynamic_file = dynamic.model.build({dynamic.x}, {dynamic.sum});
    const auto bytes = integer.random.int8s(input_size(integer.shape));
    const auto reals = dynamic.random.reals(input_size(dynamic.shape), -3, 2);
    u32 fast = 0;
    const auto expected = run_portable(file, bytes_of(bytes));
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(expected, run_prepared(file, bytes_of(bytes), kernels, fast));
    // A sum of which neither factor is one half is an operator by itself.
    EXPECT_EQ(fast, all || seed % 3 != 2 ? 2u : 1u);
    const auto expected_reals = run_portable(dynamic_file, bytes_of(reals));
    ASSERT_FALSE(expected_reals.empty());
    ASSERT_EQ(expected_reals, run_prepared(dynamic_file, bytes_of(reals), kernels, fast));
    EXPECT_EQ(fast, all ? 4u : 2u);
  }
}
TEST_F(Fast, ConvolutionsWithAnAdditionAreTheReferenceBitForBit) { expect_sums_agree(fast_kernels(), true); }

// Where the sum takes the place of what the layer reads, or the layer's output is wanted by itself, the two
// run one after the other.
TEST_F(Fast, AdditionsStayApartWhereTheirLayerIsReadBesides) {
  for (u32 seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Residual in_place(seed), wanted(seed);
    // So large that its end is read after the first results are written.
    if (seed < 4) in_place.shape = {1, 48, 48, 45, 48, 48, 45, 3, 3, {1, 1, 1, 1, 1, 1, 1, 1}};
    in_place.build_i8(seed % 2, 0);
    wanted.build_i8(seed % 2);
    const auto agree = [](const std::vector<u8>& file, const std::vector<i8>& input) {
      u32 fast = 0;
      const auto expected = run_portable(file, bytes_of(input));
      ASSERT_FALSE(expected.empty());
      ASSERT_EQ(expected, run_prepared(file, bytes_of(input), fast_kernels(), fast));
    };
    agree(in_place.model.build({in_place.x}, {in_place.sum}),
          in_place.random.int8s(input_size(in_place.shape)));
    agree(wanted.model.build({wanted.x}, {wanted.made, wanted.sum}),
          wanted.random.int8s(input_size(wanted.shape)));
  }
}

TEST_F(Fast, MaximumPoolsAreTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const i32 channels = random.integer(32, 100);
    const WindowShape s = random_window(random, channels, channels, 1, true);
    format::Pool2dAttributes pool{};
    pool.window = s.window;
    pool.kernel_h = static_cast<u16>(s.kernel_h);
    pool.kernel_w = static_cast<u16>(s.kernel_w);
    const ModelBuilder::DimList in{s.batch, s.in_h, s.in_w, s.in_c}, out{s.batch, s.out_h, s.out_w, s.out_c};
    pool.clamp = format::Clamp::of(-100, 90);
    expect_same(random, Opcode::max_pool2d, DType::i8, in, out, pool);
    pool.clamp = format::Clamp::of(-0.5f, 0.75f);
    expect_same(random, Opcode::max_pool2d, DType::f32, in, out, pool);
  }
}

TEST_F(Fast, GlobalAveragesAreTheReferenceBitForBit) {
  for (u32 seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const u32 side = random.integer(1, 9), channels = random.integer(1, 60), batch = random.integer(1, 2);
    expect_same(random, Opcode::global_average_pool, DType::i8, {batch, side, side, channels},
                {batch, channels}, format::RescaleAttributes{random.factor(-9, 0), kNoClampI8});
    const u32 eights = 8 * static_cast<u32>(random.integer(1, 7));
    expect_same(random, Opcode::global_average_pool, DType::f32, {batch, side, side, eights}, {batch, eights},
                format::RescaleAttributes{{}, format::Clamp::of(-0.2f, 0.1f)});
  }
}

TEST_F(Fast, MatrixTransposesAreTheReferenceBitForBit) {
  const u32 d[4] = {2, 3, 37, 5};
  const u8 perms[][4] = {{0, 2, 3, 1}, {0, 3, 1, 2}, {1, 2, 3, 0}, {0, 1, 3, 2}, {2, 3, 0, 1}};
  for (const auto& perm : perms)
    for (const DType dtype : {DType::f32, DType::i8}) {
      Random random(7);
      expect_same(random, Opcode::transpose, dtype, {d[0], d[1], d[2], d[3]},
                  {d[perm[0]], d[perm[1]], d[perm[2]], d[perm[3]]},
                  format::TransposeAttributes{{perm[0], perm[1], perm[2], perm[3]}});
    }
}

// The largest accumulators, rescaled by the largest and smallest factors, with and without saturation.
TEST_F(Fast, I8RescalesTheLargestSumsExactly) {
  const u32 inputs = format::kMaxAccumulation;
  for (const i32 sign : {-128, 127})
    for (i32 shift = -31; shift <= -2; ++shift) {
      ModelBuilder model;
      const u32 x = model.activation(DType::i8, {1, inputs}, 0.1f);
      const u32 w =
          model.constant(DType::i8, {1, inputs}, std::vector<i8>(inputs, static_cast<i8>(sign)), 0.01f);
      const u32 b =
          model.constant(DType::i32, {1}, std::vector<i32>{sign < 0 ? format::kMaxBias : -format::kMaxBias});
      const u32 f = model.constant(DType::i32, {1, 2}, std::vector<i32>{0x7FFFFFFF, shift});
      const u32 y = model.activation(DType::i8, {1, 1}, 0.1f, 3);
      model.op(Opcode::fully_connected, {x, w, b, f}, y, format::ClampAttributes{kNoClampI8});
      const auto file = model.build({x}, {y});
      const std::vector<i8> input(inputs, -128);
      u32 fast = 0;
      ASSERT_EQ(run_portable(file, bytes_of(input)),
                run_prepared(file, bytes_of(input), fast_kernels(), fast));
      EXPECT_EQ(fast, 1u);
    }
}

/// Integer layers of many shapes by kernels that sum four products at a time.
void expect_integer_layers_agree(std::span<const FastKernel* const> kernels) {
  for (u32 seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    OneLayer layer{Random(seed)};
    const WindowShape s = wide_window(layer.random, seed);
    const ModelBuilder::DimList in{s.batch, s.in_h, s.in_w, s.in_c}, out{s.batch, s.out_h, s.out_w, s.out_c},
        weights{s.out_c, s.kernel_h, s.kernel_w, s.in_c};
    const auto bytes = layer.random.int8s(input_size(s));
    u32 fast = 0;
    auto file = layer.build_i8(Opcode::conv2d, in, weights, s.out_c, out,
                               format::Conv2dAttributes{s.window, format::Clamp::of(-100, 90)});
    auto got = run_prepared(file, bytes_of(bytes), kernels, fast);
    EXPECT_EQ(fast, 1u);
    ASSERT_EQ(run_portable(file, bytes_of(bytes)), got);
    file = dynamic_layer(layer.random, Opcode::dynamic_conv2d, in, s.batch, weights, s.out_c, out,
                         format::Conv2dAttributes{s.window, kNoClampF32});
    const auto reals = layer.random.reals(input_size(s), -3, 2);
    got = run_prepared(file, bytes_of(reals), kernels, fast);
    EXPECT_EQ(fast, 1u);  // the layer; its scale and integers are the portable kernels'
    ASSERT_EQ(run_portable(file, bytes_of(reals)), got);
    const u32 batch = 1 + seed % 9, inputs = 1 + seed * 2, outputs = 1 + seed;
    OneLayer full{Random(seed)};
    file = full.build_i8(Opcode::fully_connected, {batch, inputs}, {outputs, inputs}, outputs,
                         {batch, outputs}, format::ClampAttributes{kNoClampI8});
    const auto vectors = full.random.int8s(batch * inputs);
    got = run_prepared(file, bytes_of(vectors), kernels, fast);
    EXPECT_EQ(fast, 1u);
    ASSERT_EQ(run_portable(file, bytes_of(vectors)), got);
  }
}

TEST(FastVnni, IntegerLayersAreTheReferenceBitForBit) {
  if (!has_vnni()) GTEST_SKIP() << "no AVX-512 VNNI on this processor";
  expect_integer_layers_agree(vnni_gemm_kernels());
}

TEST(FastVnni, EmulatedIsTheReferenceBitForBit) { expect_integer_layers_agree(simde_vnni_kernels()); }
TEST(FastVnni, EmulatedSumsAreTheReferenceBitForBit) { expect_sums_agree(simde_vnni_kernels(), false); }

TEST_F(Fast, LeavesNodesToTheReferenceWhereTheFactorIsTooLarge) {
  OneLayer layer{Random(1)};
  const auto file = layer.build_i8(Opcode::fully_connected, {1, 8}, {200, 8}, 200, {1, 200},
                                   format::ClampAttributes{kNoClampI8}, 9);
  const auto input = layer.random.int8s(8);
  u32 fast = 9;
  ASSERT_EQ(run_portable(file, bytes_of(input)), run_prepared(file, bytes_of(input), fast_kernels(), fast));
  EXPECT_EQ(fast, 0u);
}

TEST_F(Fast, WholeModelsAgree) {
  for (u32 seed = 1; seed < 20; ++seed) {
    const auto file = every_int8_operator(seed);
    const auto input = Random(seed).reals(8 * 8 * 2, -4, 4);
    u32 fast = 0;
    EXPECT_EQ(run_portable(file, bytes_of(input)), run_prepared(file, bytes_of(input), fast_kernels(), fast));
    EXPECT_GE(fast, 2u);
  }
}

TEST_F(Fast, RefusesTooLittleOrMisalignedMemory) {
  const auto file = every_int8_operator();
  const auto model = PlannedModel::load(file);
  ASSERT_TRUE(model.ok());
  const u64 need = PreparedModel::packed_bytes(*model, fast_kernels());
  AlignedBytes memory(need + 1), arena(model->arena_bytes());
  EXPECT_EQ(PreparedModel::create(*model, fast_kernels(), memory.get().first(need - 1)).error().code,
            Code::out_of_memory);
  EXPECT_EQ(PreparedModel::create(*model, fast_kernels(), memory.get().subspan(1)).error().code,
            Code::invalid_argument);
  const auto prepared = PreparedModel::create(*model, fast_kernels(), memory.get());
  ASSERT_TRUE(prepared.ok());
  ASSERT_GT(prepared->scratch_bytes(), 0u);
  AlignedBytes scratch(prepared->scratch_bytes() + 1);
  EXPECT_FALSE(
      Executor::create(*prepared, arena.get(), scratch.get().first(prepared->scratch_bytes() - 1)).ok());
  EXPECT_FALSE(Executor::create(*prepared, arena.get(), scratch.get().subspan(1)).ok());
}

}  // namespace
}  // namespace pipit::nn
