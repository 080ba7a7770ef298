// cast: to the element type ints[0]; real numbers lose their fraction, to boolean everything but 0 is true,
// integers keep their low bits. quantize: x, scale, zero point along axis ints[0] (−1: per tensor); q =
// saturate(round half to even(x / scale) + zero point). dequantize: (q − zero point) × scale.
#include <cmath>
#include <limits>

#include "nn/general/general.h"
#include "nn/general/is_nan.h"

namespace pipit::nn::general {
namespace {

/// A real number as an integer: what does not fit saturates, NaN is 0.
template <class To>
To whole(f64 value) {
  if (is_nan(value)) return To(0);
  constexpr f64 low = static_cast<f64>(std::numeric_limits<To>::min());
  constexpr f64 high = static_cast<f64>(std::numeric_limits<To>::max());
  if (value <= low) return std::numeric_limits<To>::min();
  if (value >= high) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

template <class To, class From>
To convert(From value) {
  const Compute<From> x = value;
  if constexpr (std::is_same_v<To, Bool>)
    return x != Compute<From>(0);
  else if constexpr (kIsReal<To>)
    return To(static_cast<std::conditional_t<std::is_same_v<To, f64>, f64, f32>>(x));
  else if constexpr (kIsReal<From>)
    return whole<To>(static_cast<f64>(x));
  else
    return static_cast<To>(x);
}

struct Axis {
  u32 inner = 1, extent = 1;
  u32 of(u32 index) const { return index / inner % extent; }
};
Axis axis_of(const Call& call) {
  if (call.at(0) < 0) return {};
  const u32 axis = static_cast<u32>(call.at(0));
  const Type& x = call[0].type;
  return {x.product(axis + 1, x.rank), x.dims[axis]};
}

const char* check_scales(const Call& call) {
  if (call.at(0) < -1 || (call.at(0) >= 0 && !is_axis(call.at(0), call[0].type.rank)))
    return "quantisation axis is outside the rank";
  const u32 extent = call.at(0) < 0 ? 1 : call[0].type.dims[call.at(0)];
  if (!includes(Kinds::real, call[1].type.dtype) || call[1].type.count() != extent ||
      call[2].type.count() != extent)
    return "scale or zero point does not fit the quantisation axis";
  return nullptr;
}

f64 round_even(f64 x) {
  const f64 down = std::floor(x), rest = x - down;
  if (rest != 0.5) return rest < 0.5 ? down : down + 1;
  return std::fmod(down, 2.0) == 0 ? down : down + 1;
}

}  // namespace

const char* infer_cast(const Call& call, Type& out) {
  out = call[0].type;
  if (call.at(0) < 0 || call.at(0) > static_cast<i32>(kLastDType)) return "cast to an unknown element type";
  out.dtype = static_cast<DType>(call.at(0));
  return nullptr;
}

void run_cast(const Call& call) {
  with_type<Kinds::any>(call[0].type.dtype, [&]<class From> {
    with_type<Kinds::any>(call.type.dtype, [&]<class To> {
      for (u32 i = 0, count = call.type.count(); i < count; ++i)
        call.as<To>()[i] = convert<To>(call[0].as<From>()[i]);
    });
  });
}

const char* infer_quantize(const Call& call, Type& out) {
  if (!includes(Kinds::real, call[0].type.dtype) && call[0].type.dtype != DType::i32)
    return "only real numbers can be quantised";
  if (!includes(Kinds::integer, call[2].type.dtype)) return "zero point is not an integer";
  out = call[0].type;
  out.dtype = call[2].type.dtype;
  return check_scales(call);
}

void run_quantize(const Call& call) {
  const Axis axis = axis_of(call);
  with_type<Kinds::integer>(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call.type.count(); i < count; ++i) {
      const u32 at = axis.of(i);
      const f32 quotient = static_cast<f32>(call[0].real(i)) / static_cast<f32>(call[1].real(at));
      call.as<T>()[i] = whole<T>(round_even(static_cast<f64>(quotient)) + call[2].real(at));
    }
  });
}

const char* infer_dequantize(const Call& call, Type& out) {
  if (!includes(Kinds::integer, call[0].type.dtype) || call[0].type.dtype != call[2].type.dtype)
    return "dequantised values and zero point are not integers of one type";
  out = call[0].type;
  out.dtype = call[1].type.dtype;
  return check_scales(call);
}

void run_dequantize(const Call& call) {
  const Axis axis = axis_of(call);
  with_type<Kinds::real>(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call.type.count(); i < count; ++i) {
      const u32 at = axis.of(i);
      const i64 steps = call[0].integer(i) - call[2].integer(at);
      call.as<T>()[i] = T(static_cast<Compute<T>>(steps) * static_cast<Compute<T>>(call[1].real(at)));
    }
  });
}

}  // namespace pipit::nn::general
