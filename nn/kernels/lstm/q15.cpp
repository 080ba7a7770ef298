#include "nn/kernels/lstm/q15.h"

#include <cstdint>

namespace pipit::nn::q15 {
namespace {
#include "nn/kernels/c99/q15.c"
}  // namespace

i16 sigmoid(i16 x) { return q15_sigmoid(x); }
i16 tanh(i16 x, u32 integer_bits) { return q15_tanh(x, static_cast<i32>(integer_bits)); }

}  // namespace pipit::nn::q15
