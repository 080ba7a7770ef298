#pragma once
#include "nn/testing/model_builder.h"
#include "nn/testing/random.h"

/// Models that several tests use.
namespace pipit::nn::testing {

/// A small int8 classifier with most operators in it: quantize, conv2d, depthwise_conv2d, max_pool2d, add in
/// place, pad, concat, transpose, requantize, mul, average_pool2d, global_average_pool, fully_connected,
/// softmax, reshape, clamp, dequantize. Input f32 [1,8,8,2], output f32 [1,3].
inline std::vector<u8> every_int8_operator(u32 seed = 1) {
  using format::Clamp;
  using format::Opcode;
  Random random(seed);
  ModelBuilder model;
  const DType i8t = DType::i8;
  const f32 scale = 0.05f;
  const format::Window same{1, 1, 1, 1, 1, 1, 1, 1}, halve{2, 2, 1, 1, 0, 0, 0, 0};
  const format::Rescale third = rescale_of(1.0 / 3), half = rescale_of(0.5);
  const auto image = [&](u32 h, u32 w, u32 c) { return model.activation(i8t, {1, h, w, c}, scale, -3); };
  const auto factors = [&](u32 channels) {
    std::vector<i32> pairs;
    for (const format::Rescale& factor : random.factors(channels, -8, -5)) {
      pairs.push_back(factor.multiplier);
      pairs.push_back(factor.shift);
    }
    return model.constant(DType::i32, {channels, 2}, pairs);
  };
  const auto biases = [&](u32 channels) {
    return model.constant(DType::i32, {channels}, random.int32s(channels, -2000, 2000));
  };
  const auto weights = [&](const ModelBuilder::DimList& dims) {
    u32 count = 1;
    for (const u32 dim : dims) count *= dim;
    return model.constant(i8t, dims, random.int8s(count, -127, 127), 0.01f);
  };

  const u32 input = model.activation(DType::f32, {1, 8, 8, 2});
  const u32 q = image(8, 8, 2);
  model.op(Opcode::quantize, {input}, q, format::NoAttributes{});
  const u32 conv = image(8, 8, 4);
  model.op(Opcode::conv2d, {q, weights({4, 3, 3, 2}), biases(4), factors(4)}, conv,
           format::Conv2dAttributes{same, kNoClampI8});
  const u32 depthwise = image(8, 8, 4);
  model.op(Opcode::depthwise_conv2d, {conv, weights({1, 3, 3, 4}), biases(4), factors(4)}, depthwise,
           format::Conv2dAttributes{same, Clamp::of(-3, 127)});
  constexpr u32 kConvOffset =
      8 * 8 * 2 * 4 + 8 * 8 * 2;  // behind input and q: the sum lies exactly on `conv`
  const u32 sum = model.activation(i8t, {1, 8, 8, 4}, scale, -3, kConvOffset);
  model.op(Opcode::add, {conv, depthwise}, sum,
           format::AddAttributes{half, half, rescale_of(2.0 / (1 << 20)), kNoClampI8});
  const u32 pooled = image(4, 4, 4);
  model.op(Opcode::max_pool2d, {sum}, pooled, format::Pool2dAttributes{halve, 2, 2, 0, kNoClampI8});
  const u32 padded = image(6, 6, 4);
  model.op(Opcode::pad, {pooled}, padded,
           format::PadAttributes{{0, 1, 1, 0}, {0, 1, 1, 0}, static_cast<u32>(-3)});
  const u32 joined = image(6, 6, 8);
  model.op(Opcode::concat, {padded, padded}, joined, format::ConcatAttributes{3});
  const u32 turned = image(6, 6, 8);
  model.op(Opcode::transpose, {joined}, turned, format::TransposeAttributes{{0, 2, 1, 3}});
  const u32 rescaled = model.activation(i8t, {1, 6, 6, 8}, 0.15f, 5);
  model.op(Opcode::requantize, {turned}, rescaled, format::RescaleAttributes{third, kNoClampI8});
  const u32 gate = model.constant(i8t, {8}, random.int8s(8), 0.02f);
  const u32 gated = image(6, 6, 8);
  model.op(Opcode::mul, {rescaled, gate}, gated, format::RescaleAttributes{rescale_of(0.06), kNoClampI8});
  const u32 averaged = image(3, 3, 8);
  model.op(Opcode::average_pool2d, {gated}, averaged, format::Pool2dAttributes{halve, 2, 2, 1, kNoClampI8});
  const u32 mean = model.activation(i8t, {1, 8}, scale, -3);
  model.op(Opcode::global_average_pool, {averaged}, mean,
           format::RescaleAttributes{rescale_of(1.0 / 9), kNoClampI8});
  const u32 logits = model.activation(i8t, {1, 3}, scale, -3);
  model.op(Opcode::fully_connected, {mean, weights({3, 8}), biases(3), factors(3)}, logits,
           format::ClampAttributes{kNoClampI8});
  const u32 flat = model.activation(i8t, {3}, scale, -3);
  model.op(Opcode::reshape, {logits}, flat, format::NoAttributes{});
  const u32 clamped = model.activation(i8t, {3}, scale, -3);
  model.op(Opcode::clamp, {flat}, clamped, format::ClampAttributes{Clamp::of(-100, 100)});
  const u32 scores = model.activation(i8t, {3}, 1.0f / 256, -128);
  model.op(Opcode::softmax, {clamped}, scores, format::NoAttributes{});
  const u32 output = model.activation(DType::f32, {3});
  model.op(Opcode::dequantize, {scores}, output, format::NoAttributes{});
  return model.build({input}, {output}, "every int8 operator", 12345);
}

/// The same idea in f32, two inputs. Inputs [1,6,6,2] and [1,6,6,3], output [1,4].
inline std::vector<u8> every_f32_operator(u32 seed = 1) {
  using format::Opcode;
  Random random(seed);
  ModelBuilder model;
  const DType f = DType::f32;
  const format::Window same{1, 1, 1, 1, 1, 1, 1, 1}, halve{2, 2, 1, 1, 0, 0, 0, 0};
  const auto weights = [&](const ModelBuilder::DimList& dims) {
    u32 count = 1;
    for (const u32 dim : dims) count *= dim;
    return model.constant(f, dims, random.reals(count));
  };
  const auto image = [&](u32 h, u32 w, u32 c) { return model.activation(f, {1, h, w, c}); };

  const u32 x = image(6, 6, 2), side = image(6, 6, 3);
  const u32 conv = image(6, 6, 3);
  model.op(Opcode::conv2d, {x, weights({3, 3, 3, 2}), weights({3})}, conv,
           format::Conv2dAttributes{same, kNoClampF32});
  const u32 sum = image(6, 6, 3);
  model.op(Opcode::add, {conv, side}, sum, format::AddAttributes{{}, {}, {}, kNoClampF32});
  const u32 scaled = image(6, 6, 3);
  model.op(Opcode::mul, {sum, weights({3})}, scaled, format::RescaleAttributes{{}, kNoClampF32});
  const u32 wide = image(6, 6, 6);
  model.op(Opcode::depthwise_conv2d, {scaled, weights({1, 3, 3, 6}), weights({6})}, wide,
           format::Conv2dAttributes{same, format::Clamp::of(0.0f, 6.0f)});
  const u32 padded = image(8, 8, 6);
  model.op(Opcode::pad, {wide}, padded, format::PadAttributes{{0, 1, 1, 0}, {0, 1, 1, 0}, 0});
  const u32 top = image(4, 4, 6);
  model.op(Opcode::max_pool2d, {padded}, top, format::Pool2dAttributes{halve, 2, 2, 0, kNoClampF32});
  const u32 turned = image(6, 4, 4);
  model.op(Opcode::transpose, {top}, turned, format::TransposeAttributes{{0, 3, 1, 2}});
  const u32 joined = image(6, 4, 8);
  model.op(Opcode::concat, {turned, turned}, joined, format::ConcatAttributes{3});
  const u32 mean = image(3, 2, 8);
  model.op(Opcode::average_pool2d, {joined}, mean, format::Pool2dAttributes{halve, 2, 2, 0, kNoClampF32});
  const u32 all = model.activation(f, {1, 8});
  model.op(Opcode::global_average_pool, {mean}, all, format::RescaleAttributes{{}, kNoClampF32});
  const u32 logits = model.activation(f, {1, 4});
  model.op(Opcode::fully_connected, {all, weights({4, 8}), weights({4})}, logits,
           format::ClampAttributes{kNoClampF32});
  const u32 flat = model.activation(f, {4});
  model.op(Opcode::reshape, {logits}, flat, format::NoAttributes{});
  const u32 bounded = model.activation(f, {4});
  model.op(Opcode::clamp, {flat}, bounded, format::ClampAttributes{format::Clamp::of(-4.0f, 4.0f)});
  const u32 output = model.activation(f, {4});
  model.op(Opcode::softmax, {bounded}, output, format::NoAttributes{});
  return model.build({x, side}, {output}, "every f32 operator");
}

}  // namespace pipit::nn::testing
