#include <cmath>
#include <cstdint>

#include "nn/general/audio.h"

namespace pipit::nn::general {
namespace {

#include "nn/kernels/c99/rfft_types.c"

/// Computed where generated C reads a table: a function has no memory beside its operands.
complex_i16 rfft_turn(const rfft_input* in, i32 index) {
  const RfftTurn turn = rfft_turn_of(static_cast<u32>(index), static_cast<u32>(in->length));
  return {turn.real, turn.imaginary};
}

#include "nn/kernels/c99/rfft_i16.c"

}  // namespace

RfftTurn rfft_turn_of(u32 index, u32 length) {
  constexpr f64 kPi = 3.14159265358979323846;
  const f64 phase = -2 * kPi * index / length;
  const auto rounded = [](f64 value) { return static_cast<i16>(std::floor(0.5 + 32767 * value)); };
  return {rounded(std::cos(phase)), rounded(std::sin(phase))};
}

void rfft_i16(const i16* samples, u32 count, u32 length, i16* out) {
  rfft_i16(samples, static_cast<i32>(count), static_cast<i32>(length), nullptr, out);
}

}  // namespace pipit::nn::general
