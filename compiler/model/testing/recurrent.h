#pragma once
#include <random>

#include "compiler/model/testing/models.h"
#include "compiler/model/testing/tflite.h"

/// TensorFlow Lite models of one layer that remembers, with random weights.
namespace pipit::model::testing {

class Values {
 public:
  explicit Values(u32 seed) : random_(seed) {}
  template <class T>
  std::vector<T> integers(usize count, i32 most) {
    std::vector<T> values(count);
    for (T& value : values)
      value = static_cast<T>(static_cast<i32>(random_() % (2 * static_cast<u32>(most) + 1)) - most);
    return values;
  }
  std::vector<f32> reals(usize count, f32 most) {
    std::vector<f32> values;
    for (i32 value : integers<i32>(count, 10'000)) values.push_back(most * static_cast<f32>(value) / 10'000);
    return values;
  }

 private:
  std::minstd_rand random_;
};

constexpr i8 kRelu = 1, kTanh = 4;

/// 10 inputs, 12 filters of 5 steps, two of them an output. f32, or i8 with a state of i16.
inline std::vector<u8> svdf(LiteType type, Values& values) {
  constexpr i32 kSvdf = 27;
  constexpr u8 kOptions = 6;
  LiteBuilder b;
  const bool real = type == LiteType::f32;
  const auto scale = [&](f32 s, i64 zero = 0) { return real ? LiteScale{} : LiteScale{{s}, {zero}}; };
  const i32 x = b.tensor("x", type, {2, 10}, scale(0.03f, -7));
  const i32 y = b.tensor("y", type, {2, 6}, scale(0.05f, -12));
  const LiteType wide = real ? LiteType::f32 : LiteType::i16, whole = real ? LiteType::f32 : LiteType::i32;
  const i32 feature = real ? b.constant("f", type, {12, 10}, values.reals(120, 1))
                           : b.constant("f", type, {12, 10}, values.integers<i8>(120, 127), scale(0.008f));
  const i32 time = real ? b.constant("t", wide, {12, 5}, values.reals(60, 1))
                        : b.constant("t", wide, {12, 5}, values.integers<i16>(60, 20'000), scale(0.00003f));
  const i32 bias = real ? b.constant("b", whole, {6}, values.reals(6, 1))
                        : b.constant("b", whole, {6}, values.integers<i32>(6, 10'000'000), scale(1.2e-8f));
  const i32 state = b.variable("s", wide, {2, 60}, scale(0.0004f));
  b.node(kSvdf, {x, feature, time, bias, state}, {y}, kOptions,
         Flat::table().scalar(0, i32{2}).scalar(1, kRelu));
  return b.finish({x}, {y});
}

/// 7 inputs, 9 units, three steps of two sequences an inference; i8 with a cell of i16, or f32.
inline std::vector<u8> lstm(f32 clip, bool time_major, Values& values, LiteType type = LiteType::f32) {
  constexpr i32 kLstm = 44;
  constexpr u8 kOptions = 71;
  LiteBuilder b;
  const bool real = type == LiteType::f32;
  const auto scale = [&](f32 s, i64 zero = 0) { return real ? LiteScale{} : LiteScale{{s}, {zero}}; };
  const std::vector<i32> sequence = time_major ? std::vector<i32>{3, 2, 7} : std::vector<i32>{2, 3, 7};
  const LiteScale of_hidden = scale(1 / 127.0f, -9);
  const i32 x = b.tensor("x", type, sequence, scale(0.02f, 11));
  const i32 y = b.tensor("y", type, {sequence[0], sequence[1], 9}, of_hidden);
  std::vector<i32> operands{x};
  const auto weights = [&](const std::vector<i32>& shape) {
    const usize count = static_cast<usize>(shape[0]) * static_cast<usize>(shape[1]);
    return real ? b.constant("w", type, shape, values.reals(count, 1))
                : b.constant("w", type, shape, values.integers<i8>(count, 127), scale(0.008f));
  };
  for (i32 gate = 0; gate < 4; ++gate) operands.push_back(weights({9, 7}));
  for (i32 gate = 0; gate < 4; ++gate) operands.push_back(weights({9, 9}));
  operands.insert(operands.end(), 3, -1);
  for (i32 gate = 0; gate < 4; ++gate)
    operands.push_back(
        real ? b.constant("b", type, {9}, values.reals(9, 1))
             : b.constant("b", LiteType::i32, {9}, values.integers<i32>(9, 6000), scale(0.00016f)));
  operands.insert(operands.end(), 2, -1);
  operands.push_back(b.variable("h", type, {2, 9}, of_hidden));
  operands.push_back(b.variable("c", real ? type : LiteType::i16, {2, 9}, scale(1 / 2048.0f)));
  operands.insert(operands.end(), 4, -1);
  b.node(kLstm, operands, {y}, kOptions,
         Flat::table().scalar(0, kTanh).scalar(1, clip).scalar(2, 0.0f).scalar(3, u8{time_major}));
  return b.finish({x}, {y});
}

}  // namespace pipit::model::testing
