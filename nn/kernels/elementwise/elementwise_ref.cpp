#include "nn/kernels/elementwise/elementwise.h"

#include "nn/fixed_point.h"

namespace pipit::nn {
namespace {

template <class T>
T clamped(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

/// rescale() by a factor below 1, whose results do not saturate, without a case and a 64-bit shift by a
/// variable.
class BelowOne {
 public:
  explicit BelowOne(format::Rescale factor)
      : multiplier_(factor.multiplier), shift_(-factor.shift), half_(i64{1} << (30 - factor.shift)) {}
  i32 operator()(i32 x) const { return static_cast<i32>((i64{x} * multiplier_ + half_) >> 31) >> shift_; }

 private:
  i32 multiplier_, shift_;
  i64 half_;
};

/// out[i] = combine(a[i], b[i mod b_count]), without a division per element.
template <class T, class Combine>
void zip(const T* a, u32 count, const T* b, u32 b_count, T* out, Combine combine) {
  for (u32 done = 0; done < count; done += b_count)
    for (u32 i = 0; i < b_count; ++i) out[done + i] = combine(a[done + i], b[i]);
}

}  // namespace

void clamp_f32(const f32* in, u32 count, format::Clamp clamp, f32* out) {
  const f32 low = clamp.low_f32(), high = clamp.high_f32();
  for (u32 i = 0; i < count; ++i) out[i] = clamped(in[i], low, high);
}

void clamp_i8(const i8* in, u32 count, format::Clamp clamp, i8* out) {
  const i8 low = static_cast<i8>(clamp.low_i32()), high = static_cast<i8>(clamp.high_i32());
  for (u32 i = 0; i < count; ++i) out[i] = clamped(in[i], low, high);
}

void add_f32(const f32* a, u32 count, const f32* b, u32 b_count, format::Clamp clamp, f32* out) {
  const f32 low = clamp.low_f32(), high = clamp.high_f32();
  zip(a, count, b, b_count, out, [=](f32 x, f32 y) { return clamped(x + y, low, high); });
}

void mul_f32(const f32* a, u32 count, const f32* b, u32 b_count, format::Clamp clamp, f32* out) {
  const f32 low = clamp.low_f32(), high = clamp.high_f32();
  zip(a, count, b, b_count, out, [=](f32 x, f32 y) { return clamped(x * y, low, high); });
}

void add_i8(const i8* a, u32 count, const i8* b, u32 b_count, const ZeroPoints& zero,
            const format::AddAttributes& how, i8* out) {
  constexpr i32 kHeadroom = 1 << 20;  // fraction bits that survive the inputs' rescaling
  const ZeroPoints zeros = zero;
  const BelowOne of_a(how.a), of_b(how.b);
  const format::Rescale of_sum = how.out;
  const format::Clamp clamp = how.clamp;
  zip(a, count, b, b_count, out, [&](i8 x, i8 y) {
    const i32 sum = of_a((x - zeros.a) * kHeadroom) + of_b((y - zeros.b) * kHeadroom);
    return requantize(sum, of_sum, zeros.out, clamp);
  });
}

void mul_i8(const i8* a, u32 count, const i8* b, u32 b_count, const ZeroPoints& zero,
            const format::RescaleAttributes& how, i8* out) {
  zip(a, count, b, b_count, out,
      [&](i8 x, i8 y) { return requantize((x - zero.a) * (y - zero.b), how.rescale, zero.out, how.clamp); });
}

}  // namespace pipit::nn
