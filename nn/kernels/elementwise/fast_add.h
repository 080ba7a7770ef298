#pragma once
#include "nn/kernels/channel_output.h"

/// add_i8() in vectors, by factors that are all below a quarter. The inputs' reach 1/2; a quarter of them,
/// for values shifted two bits further, gives the same bits.
namespace pipit::nn {

constexpr int kAddHeadroom = 20 + 2;  ///< bits: the 20 of elementwise_ref.cpp and those of quarter()

constexpr format::Rescale quarter(format::Rescale factor) { return {factor.multiplier, factor.shift - 2}; }

inline bool fits_fast_add(const format::AddAttributes& how) {
  return how.a.shift >= -29 && how.b.shift >= -29 && NarrowFactor::fits(quarter(how.a)) &&
         NarrowFactor::fits(quarter(how.b)) && NarrowFactor::fits(how.out);
}

/// One factor for all lanes.
template <class Isa>
typename Isa::Factors factors_of(format::Rescale factor) {
  const NarrowFactor narrow = NarrowFactor::of(factor);
  i32 multipliers[Isa::kLanes], shifts[Isa::kLanes];
  for (u32 lane = 0; lane < Isa::kLanes; ++lane) {
    multipliers[lane] = narrow.multiplier;
    shifts[lane] = narrow.shift;
  }
  return Isa::factors(multipliers, shifts);
}

/// Which input's factor is one half, as is that of the larger scale: to rescale it is to shift it.
enum class Halved : u8 { first, second, neither };

inline Halved halved_input(const format::AddAttributes& how) {
  const auto is_half = [](format::Rescale factor) {
    return factor.multiplier == 1 << 30 && factor.shift == 0;
  };
  return is_half(how.a) ? Halved::first : is_half(how.b) ? Halved::second : Halved::neither;
}

/// add_i8() on vectors of inputs less their zero points, before the output's.
template <class Isa>
class VectorAdd {
 public:
  using I32 = typename Isa::I32;
  explicit VectorAdd(const format::AddAttributes& how)
      : a_(factors_of<Isa>(quarter(how.a))),
        b_(factors_of<Isa>(quarter(how.b))),
        out_(factors_of<Isa>(how.out)) {}

  template <Halved kHalved>
  [[gnu::always_inline]] I32 sum(I32 a, I32 b) const {
    return Isa::rescale(
        Isa::add(input<kHalved == Halved::first>(a, a_), input<kHalved == Halved::second>(b, b_)), out_);
  }

 private:
  template <bool kHalf>
  [[gnu::always_inline]] static I32 input(I32 x, const typename Isa::Factors& factors) {
    if constexpr (kHalf) return Isa::shift_left(x, kAddHeadroom - 3);
    return Isa::rescale(Isa::shift_left(x, kAddHeadroom), factors);
  }

  typename Isa::Factors a_, b_, out_;
};

}  // namespace pipit::nn
