#include <cmath>

#include "nn/general/audio.h"

namespace pipit::nn::general {
namespace {

struct Complex {
  i16 real, imaginary;
};

constexpr f64 kPi = 3.14159265358979323846;
constexpr i32 kMost = 32767;

i16 rounded(i32 value) { return static_cast<i16>((value + (1 << 14)) >> 15); }
i16 wrapped(i32 value) { return static_cast<i16>(static_cast<u16>(value)); }

Complex turned(f64 phase) {
  return {static_cast<i16>(std::floor(0.5 + kMost * std::cos(phase))),
          static_cast<i16>(std::floor(0.5 + kMost * std::sin(phase)))};
}
Complex operator*(Complex a, Complex b) {
  return {rounded(a.real * b.real - a.imaginary * b.imaginary),
          rounded(a.real * b.imaginary + a.imaginary * b.real)};
}
Complex operator+(Complex a, Complex b) {
  return {wrapped(a.real + b.real), wrapped(a.imaginary + b.imaginary)};
}
Complex operator-(Complex a, Complex b) {
  return {wrapped(a.real - b.real), wrapped(a.imaginary - b.imaginary)};
}
Complex divided(Complex a, i32 by) {
  return {rounded(a.real * (kMost / by)), rounded(a.imaginary * (kMost / by))};
}

/// The complex transform whose input is the samples, two by two.
class Transform {
 public:
  Transform(const i16* samples, u32 count, u32 points) : samples_(samples), count_(count), points_(points) {}

  /// Every `stride`-th point from `first` on: points_ / stride of them, in order of frequency.
  void run(u32 first, u32 stride, Complex* out) const {
    const u32 points = points_ / stride;
    if (points == 1) {
      *out = at(first);
      return;
    }
    const u32 radix = points % 4 == 0 ? 4 : 2, part = points / radix;
    for (u32 i = 0; i < radix; ++i) run(first + i * stride, stride * radix, out + i * part);
    for (u32 k = 0; k < part; ++k)
      radix == 4 ? four(out + k, part, k * stride) : two(out + k, part, k * stride);
  }

 private:
  i16 sample(u32 index) const { return index < count_ ? samples_[index] : i16{0}; }
  Complex at(u32 point) const { return {sample(2 * point), sample(2 * point + 1)}; }
  Complex twiddle(u32 index) const { return turned(-2 * kPi * index / points_); }

  void two(Complex* x, u32 part, u32 turn) const {
    const Complex a = divided(x[0], 2), b = divided(x[part], 2) * twiddle(turn);
    x[part] = a - b;
    x[0] = a + b;
  }
  void four(Complex* x, u32 part, u32 turn) const {
    const Complex a = divided(x[0], 4), b = divided(x[part], 4) * twiddle(turn),
                  c = divided(x[2 * part], 4) * twiddle(2 * turn),
                  d = divided(x[3 * part], 4) * twiddle(3 * turn);
    const Complex even = a + c, odd = a - c, sum = b + d, difference = b - d;
    x[0] = even + sum;
    x[2 * part] = even - sum;
    x[part] = {wrapped(odd.real + difference.imaginary), wrapped(odd.imaginary - difference.real)};
    x[3 * part] = {wrapped(odd.real - difference.imaginary), wrapped(odd.imaginary + difference.real)};
  }

  const i16* samples_;
  u32 count_, points_;
};

}  // namespace

void rfft_i16(const i16* samples, u32 count, u32 length, i16* out) {
  const u32 points = length / 2;
  Complex* bins = reinterpret_cast<Complex*>(out);
  Transform(samples, count, points).run(0, 1, bins);
  // The halves of the spectrum of pairs are taken apart into the spectrum of the samples.
  const Complex zero = divided(bins[0], 2);
  for (u32 k = 1; k <= points / 2; ++k) {
    const Complex a = divided(bins[k], 2),
                  b = divided({bins[points - k].real, wrapped(-bins[points - k].imaginary)}, 2);
    const Complex sum = a + b, turn = (a - b) * turned(-kPi * (static_cast<f64>(k) / points + 0.5));
    bins[k] = {wrapped((sum.real + turn.real) >> 1), wrapped((sum.imaginary + turn.imaginary) >> 1)};
    bins[points - k] = {wrapped((sum.real - turn.real) >> 1), wrapped((turn.imaginary - sum.imaginary) >> 1)};
  }
  bins[0] = {wrapped(zero.real + zero.imaginary), 0};
  bins[points] = {wrapped(zero.real - zero.imaginary), 0};
}

}  // namespace pipit::nn::general
