#include "nn/kernels/wide/wide.h"

#include "nn/kernels/c99/c99.h"

namespace pipit::nn {
namespace c99 {
namespace {
// clang-format off: each stands on those before it
#include "nn/kernels/c99/quantize_wide.c"
#include "nn/kernels/c99/requantize_wide.c"
#include "nn/kernels/c99/rescale_wide.c"
#include "nn/kernels/c99/dot_wide.c"
#include "nn/kernels/c99/conv2d_wide.c"
#include "nn/kernels/c99/transpose_conv2d_wide.c"
#include "nn/kernels/c99/add_wide.c"
#include "nn/kernels/c99/leaky_relu_wide.c"
// clang-format on

// One name for each, told apart by their types.
REQUANTIZE_WIDE(requantized, i8, i16, -32768, 32767)
REQUANTIZE_WIDE(requantized, i8, i32, INT32_MIN, INT32_MAX)
REQUANTIZE_WIDE(requantized, i16, i8, -128, 127)
REQUANTIZE_WIDE(requantized, i16, i16, -32768, 32767)
REQUANTIZE_WIDE(requantized, i16, i32, INT32_MIN, INT32_MAX)
REQUANTIZE_WIDE(requantized, i32, i8, -128, 127)
REQUANTIZE_WIDE(requantized, i32, i16, -32768, 32767)
REQUANTIZE_WIDE(requantized, i32, i32, INT32_MIN, INT32_MAX)
QUANTIZE_WIDE(quantized, i16, -32768, 32767)
QUANTIZE_WIDE(quantized, i32, INT32_MIN, INT32_MAX)
}  // namespace
}  // namespace c99

i32 rescale_wide(i64 acc, format::Rescale factor) { return c99::rescale_wide(acc, c99::pairs(&factor)); }
i32 rescale_twice(i32 x, format::Rescale factor) { return c99::rescale_twice(x, c99::pairs(&factor)); }

void conv2d_wide(const WideConv2d& conv) {
  const c99::window window = c99::window_of(conv.shape);
  c99::conv2d_wide(&window, conv.input, conv.weights, conv.bias, c99::pairs(conv.factors),
                   conv.clamp.low_i32(), conv.clamp.high_i32(), conv.output);
}

void transpose_conv2d_wide(const WideConv2d& conv) {
  const c99::window window = c99::window_of(conv.shape);
  c99::transpose_conv2d_wide(&window, conv.input, conv.weights, conv.bias, c99::pairs(conv.factors),
                             conv.clamp.low_i32(), conv.clamp.high_i32(), conv.output);
}

void add_wide(const i16* a, u32 count, const i16* b, u32 b_count, bool subtract,
              const format::AddAttributes& how, i16* out) {
  const format::Rescale factors[] = {how.a, how.b, how.out};
  c99::add_wide(a, static_cast<i32>(count), b, static_cast<i32>(b_count), subtract ? -1 : 1,
                c99::pairs(factors), how.clamp.low_i32(), how.clamp.high_i32(), out);
}

void leaky_relu_wide(const i16* in, u32 count, format::Rescale positive, format::Rescale negative, i16* out) {
  const format::Rescale factors[] = {positive, negative};
  c99::leaky_relu_wide(in, static_cast<i32>(count), c99::pairs(factors), out);
}

template <class From, class To>
void requantize_wide(const From* in, u32 count, i32 from_zero, format::Rescale factor, i32 to_zero, To* out) {
  c99::requantized(in, static_cast<i32>(count), from_zero, c99::pairs(&factor), to_zero, out);
}
template void requantize_wide(const i8*, u32, i32, format::Rescale, i32, i16*);
template void requantize_wide(const i8*, u32, i32, format::Rescale, i32, i32*);
template void requantize_wide(const i16*, u32, i32, format::Rescale, i32, i8*);
template void requantize_wide(const i16*, u32, i32, format::Rescale, i32, i16*);
template void requantize_wide(const i16*, u32, i32, format::Rescale, i32, i32*);
template void requantize_wide(const i32*, u32, i32, format::Rescale, i32, i8*);
template void requantize_wide(const i32*, u32, i32, format::Rescale, i32, i16*);
template void requantize_wide(const i32*, u32, i32, format::Rescale, i32, i32*);

template <class To>
void quantize_wide(const f32* in, u32 count, f32 scale, i32 zero, To* out) {
  c99::quantized(in, static_cast<i32>(count), scale, zero, out);
}
template void quantize_wide(const f32*, u32, f32, i32, i16*);
template void quantize_wide(const f32*, u32, f32, i32, i32*);

}  // namespace pipit::nn
