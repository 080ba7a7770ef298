#pragma once
#include "base/types.h"

/// Sigmoid and hyperbolic tangent of 16-bit fixed-point numbers in the arithmetic that TensorFlow Lite's
/// int16 gates have (gemmlowp's): an exponential by a polynomial on (−1/4, 0] and constants for the remaining
/// bits, then three steps of Newton's method for the quotient. Results are Q0.15.
namespace pipit::nn::q15 {

/// 1 / (1 + e^−x), x in Q3.12.
i16 sigmoid(i16 x);
/// tanh x, x with `integer_bits` (0 … 6) bits before the point and 15 − integer_bits behind it.
i16 tanh(i16 x, u32 integer_bits);

}  // namespace pipit::nn::q15
