#pragma once
#include <cstdint>
#include <cstring>

#include "nn/kernels/window.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

/// The C99 kernels, of which C generated from a model has a copy, as the engine's own.
namespace pipit::nn::c99 {

// clang-format off: each stands on those before it
#include "nn/kernels/c99/window.c"
#include "nn/kernels/c99/within.c"
#include "nn/kernels/c99/fixed_point.c"
#include "nn/kernels/c99/rescale_twice.c"
#include "nn/kernels/c99/dsp.c"
#include "nn/kernels/c99/halves_dsp.c"
#include "nn/kernels/c99/requantize_dsp.c"
#include "nn/kernels/c99/conv2d_patch_dsp.c"
#include "nn/kernels/c99/depthwise_lines_dsp.c"
// clang-format on

inline window window_of(const WindowShape& s) {
  const auto number = [](u32 value) { return static_cast<i32>(value); };
  return {number(s.batch),   number(s.in_h),      number(s.in_w),      number(s.in_c),     number(s.out_h),
          number(s.out_w),   number(s.out_c),     number(s.kernel_h),  number(s.kernel_w), s.window.stride_h,
          s.window.stride_w, s.window.dilation_h, s.window.dilation_w, s.window.pad_top,   s.window.pad_left};
}

/// Bytes of conv2d_i8()'s patch for windows of `depth` values with the DSP extension.
inline u32 conv2d_patch_bytes(u32 depth) {
  const i32 pixels = conv2d_pixels(static_cast<i32>(depth));
  return pixels == 1 ? depth : (depth + 3) / 4 * 4 * static_cast<u32>(2 * pixels + 1);
}

/// Whether depthwise_3x3_i8() computes such a layer.
inline bool depthwise_3x3_fits(const WindowShape& s) {
  return s.kernel_h == 3 && s.kernel_w == 3 && s.window.dilation_h == 1 && s.window.dilation_w == 1 &&
         s.window.stride_w <= 2 && s.in_c == s.out_c && s.out_c % 4 == 0;
}

/// A Rescale is the pair of integers that the kernels take.
inline const i32* pairs(const format::Rescale* factors) { return reinterpret_cast<const i32*>(factors); }

}  // namespace pipit::nn::c99
