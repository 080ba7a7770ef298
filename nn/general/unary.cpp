// unary: out[i] = f(x[i]). ints[0] = Unary; reals[0], reals[1] = its parameters.
#include <cmath>
#include <cstring>

#include "nn/general/float_functions.h"
#include "nn/general/general.h"
#include "nn/general/is_nan.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

Unary kind_of(const Call& call) { return static_cast<Unary>(call.at(0)); }

Kinds kinds_of(Unary kind) {
  switch (kind) {
    case Unary::absolute:
    case Unary::negate:
    case Unary::sign:
    case Unary::square: return Kinds::numbers;
    case Unary::logical_not: return Kinds::boolean;
    case Unary::bitwise_not: return Kinds::integer;
    case Unary::copy: return Kinds::any;
    default: return Kinds::real;
  }
}

/// The nearest whole number, half to even, in any rounding mode of the platform's library.
template <class C>
C round_even(C x) {
  const C down = std::floor(x), rest = x - down;
  if (rest < C(0.5)) return down;
  if (rest > C(0.5)) return down + 1;
  return std::fmod(down, C(2)) == 0 ? down : down + 1;
}

template <class C>
C sigmoid(C x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
template <class C>
C softplus(C x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

template <class C>
C activation(Unary kind, C x, C p, C q) {
  switch (kind) {
    case Unary::sigmoid: return sigmoid(x);
    case Unary::softplus: return softplus(x);
    case Unary::softsign: return x / (1 + std::fabs(x));
    case Unary::elu: return x < 0 ? p * std::expm1(x) : x;
    case Unary::selu: return q * (x > 0 ? x : p * std::expm1(x));
    case Unary::celu: return x > 0 ? x : p * std::expm1(x / p);
    case Unary::leaky: return x < 0 ? p * x : x;
    case Unary::thresholded: return x > p ? x : C(0);
    case Unary::hard_sigmoid: return std::fmax(C(0), std::fmin(C(1), p * x + q));
    case Unary::hard_swish: return x * std::fmax(C(0), std::fmin(C(1), x / 6 + C(0.5)));
    case Unary::shrink: return x < -p ? x + q : x > p ? x - q : C(0);
    case Unary::gelu: return x / 2 * (1 + std::erf(x * C(0.70710678118654752440)));
    case Unary::gelu_tanh:
      return x / 2 * (1 + std::tanh(C(0.79788456080286535588) * (x + C(0.044715) * x * x * x)));
    case Unary::mish: return x * std::tanh(softplus(x));
    default: return x;
  }
}

template <class C>
C real_function(Unary kind, C x, C p, C q) {
  switch (kind) {
    case Unary::absolute: return std::fabs(x);
    case Unary::negate: return -x;
    case Unary::floor: return std::floor(x);
    case Unary::ceil: return std::ceil(x);
    case Unary::round: return round_even(x);
    case Unary::sqrt: return std::sqrt(x);
    case Unary::exp: return std::exp(x);
    case Unary::log: return std::log(x);
    case Unary::sin: return std::sin(x);
    case Unary::cos: return std::cos(x);
    case Unary::tan: return std::tan(x);
    case Unary::asin: return std::asin(x);
    case Unary::acos: return std::acos(x);
    case Unary::atan: return std::atan(x);
    case Unary::sinh: return std::sinh(x);
    case Unary::cosh: return std::cosh(x);
    case Unary::tanh: return std::tanh(x);
    case Unary::asinh: return std::asinh(x);
    case Unary::acosh: return std::acosh(x);
    case Unary::atanh: return std::atanh(x);
    case Unary::erf: return std::erf(x);
    case Unary::reciprocal: return 1 / x;
    case Unary::sign: return x > 0 ? C(1) : x < 0 ? C(-1) : x;
    case Unary::square: return x * x;
    default: return activation(kind, x, p, q);
  }
}

template <class C>
C integer_function(Unary kind, C x) {
  const u64 wide = static_cast<u64>(x);  // wraps instead of overflowing
  switch (kind) {
    case Unary::absolute: return x < C(0) ? static_cast<C>(0 - wide) : x;
    case Unary::negate: return static_cast<C>(0 - wide);
    case Unary::sign: return static_cast<C>(x > C(0) ? 1 : x < C(0) ? -1 : 0);
    case Unary::square: return static_cast<C>(wide * wide);
    case Unary::bitwise_not: return static_cast<C>(~wide);
    default: return x;
  }
}

template <class T>
void classify(const Call& call, Unary kind) {
  const bool low = call.real_at(0) != 0, high = call.real_at(1) != 0;
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const Compute<T> x = call[0].as<T>()[i];
    call.as<Bool>()[i] = kind == Unary::is_nan ? is_nan(x) : std::isinf(x) && (x < 0 ? low : high);
  }
}

template <class T>
void apply(const Call& call) {
  using C = Compute<T>;
  const Unary kind = kind_of(call);
  if constexpr (std::is_same_v<C, f32>)
    if (const FloatFunction f = float_function(kind).f) {
      for (u32 i = 0, count = call.type.count(); i < count; ++i)
        call.as<T>()[i] = T(f(call[0].as<T>()[i], call.real_at(0), call.real_at(1)));
      return;
    }
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const C x = call[0].as<T>()[i];
    if constexpr (kIsReal<T>)
      call.as<T>()[i] =
          T(real_function<C>(kind, x, static_cast<C>(call.real_at(0)), static_cast<C>(call.real_at(1))));
    else
      call.as<T>()[i] = integer_function<C>(kind, x);
  }
}

}  // namespace

const char* infer_unary(const Call& call, Type& out) {
  const Unary kind = kind_of(call);
  if (call.at(0) < 0 || kind >= Unary::count_) return "unary function of an unknown kind";
  if (!includes(kinds_of(kind), call[0].type.dtype)) return "function is not defined for this element type";
  out = call[0].type;
  if (kind == Unary::is_nan || kind == Unary::is_inf) out.dtype = DType::boolean;
  return nullptr;
}

void run_unary(const Call& call) {
  const Unary kind = kind_of(call);
  const DType type = call[0].type.dtype;
  if (kind == Unary::copy) {
    copy_bytes(call.out, call[0].data, usize{call.type.count()} * dtype_bytes(type));
  } else if (kind == Unary::logical_not) {
    for (u32 i = 0, count = call.type.count(); i < count; ++i) call.out[i] = call[0].data[i] == 0;
  } else if (kind == Unary::is_nan || kind == Unary::is_inf) {
    with_type<Kinds::real>(type, [&]<class T> { classify<T>(call, kind); });
  } else {
    with_type<Kinds::numbers>(type, [&]<class T> { apply<T>(call); });
  }
}

}  // namespace pipit::nn::general
