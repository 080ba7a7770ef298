#pragma once
#include "base/types.h"
#include "nn/format.h"

/// Element by element. `out` may be exactly an input of the same size. Binary operators repeat b, which has
/// b_count elements, along a: out[i] = a[i] ∘ b[i mod b_count]. Arithmetic as nn/format.h.
namespace pipit::nn {

void clamp_f32(const f32* in, u32 count, format::Clamp clamp, f32* out);
void clamp_i8(const i8* in, u32 count, format::Clamp clamp, i8* out);
void add_f32(const f32* a, u32 count, const f32* b, u32 b_count, format::Clamp clamp, f32* out);
void mul_f32(const f32* a, u32 count, const f32* b, u32 b_count, format::Clamp clamp, f32* out);

struct ZeroPoints {
  i32 a, b, out;
};
void add_i8(const i8* a, u32 count, const i8* b, u32 b_count, const ZeroPoints& zero,
            const format::AddAttributes& how, i8* out);
void mul_i8(const i8* a, u32 count, const i8* b, u32 b_count, const ZeroPoints& zero,
            const format::RescaleAttributes& how, i8* out);

}  // namespace pipit::nn
