#pragma once
#include "base/types.h"

namespace pipit::nn::general {

/// The real transform of `samples` int16 values, filled up with zeros to `length`, a power of two from 4 on:
/// length / 2 + 1 complex numbers, divided by `length`. Fixed point in the arithmetic of kiss_fft with 16
/// bits (Borgerding): radix 4 where it divides, every stage scaled down and rounded. `out` must not overlap
/// the samples.
void rfft_i16(const i16* samples, u32 count, u32 length, i16* out);

/// e^(-2 pi i index / length) in 15 bits behind the point, as the transform rounds it. It asks for indices
/// below 3/4 length.
struct RfftTurn {
  i16 real, imaginary;
};
RfftTurn rfft_turn_of(u32 index, u32 length);

}  // namespace pipit::nn::general
