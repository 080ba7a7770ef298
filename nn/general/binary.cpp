// binary: out = f(a, b) with NumPy broadcasting. ints[0] = Binary. Both operands have one element type, but
// for a power's exponent. where: out = c ? a : b.
#include <cmath>
#include <limits>

#include "nn/general/float_functions.h"
#include "nn/general/general.h"
#include "nn/general/is_nan.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

Binary kind_of(const Call& call) { return static_cast<Binary>(call.at(0)); }

bool compares(Binary kind) { return kind >= Binary::equal && kind <= Binary::greater_equal; }

Kinds kinds_of(Binary kind) {
  switch (kind) {
    case Binary::logical_and:
    case Binary::logical_or:
    case Binary::logical_xor: return Kinds::boolean;
    case Binary::bitwise_and:
    case Binary::bitwise_or:
    case Binary::bitwise_xor:
    case Binary::shift_left:
    case Binary::shift_right: return Kinds::integer;
    case Binary::equal: return Kinds::any;
    default: return Kinds::numbers;
  }
}

template <class C>
C real_function(Binary kind, C a, C b) {
  switch (kind) {
    case Binary::add: return a + b;
    case Binary::subtract: return a - b;
    case Binary::multiply: return a * b;
    case Binary::divide: return a / b;
    case Binary::modulo: {
      if constexpr (std::is_same_v<C, f32>) return nn::general::modulo(a, b);
      const C rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    case Binary::remainder:
      if constexpr (std::is_same_v<C, f32>) return nn::general::remainder(a, b);
      return std::fmod(a, b);
    case Binary::power: return std::pow(a, b);
    case Binary::minimum: return is_nan(a) ? a : is_nan(b) ? b : a < b ? a : b;
    case Binary::maximum: return is_nan(a) ? a : is_nan(b) ? b : a > b ? a : b;
    case Binary::prelu: return a < 0 ? a * b : a;
    default: return a;
  }
}

template <class C>
C integer_power(C base, i64 exponent) {
  if (exponent < 0) return base == C(1) ? C(1) : C(0);
  u64 result = 1, factor = static_cast<u64>(base);
  for (; exponent != 0; exponent >>= 1, factor *= factor)
    if ((exponent & 1) != 0) result *= factor;
  return static_cast<C>(result);
}

/// Division of what has no quotient yields 0 instead of a trap.
template <class C>
bool divides(C a, C b) {
  if constexpr (std::is_signed_v<C>)
    if (b == C(-1) && a == std::numeric_limits<C>::min()) return false;
  return b != 0;
}

/// Integers wrap.
template <class C>
C integer_function(Binary kind, C a, C b) {
  const u64 x = static_cast<u64>(a), y = static_cast<u64>(b);
  constexpr u64 kBits = sizeof(C) * 8;
  switch (kind) {
    case Binary::add: return static_cast<C>(x + y);
    case Binary::subtract: return static_cast<C>(x - y);
    case Binary::multiply: return static_cast<C>(x * y);
    case Binary::divide: return divides(a, b) ? static_cast<C>(a / b) : C(0);
    case Binary::modulo: {
      const C rest = divides(a, b) ? static_cast<C>(a % b) : C(0);
      return rest != 0 && (rest < C(0)) != (b < C(0)) ? static_cast<C>(rest + b) : rest;
    }
    case Binary::remainder: return divides(a, b) ? static_cast<C>(a % b) : C(0);
    case Binary::minimum: return a < b ? a : b;
    case Binary::maximum: return a > b ? a : b;
    case Binary::bitwise_and: return static_cast<C>(x & y);
    case Binary::bitwise_or: return static_cast<C>(x | y);
    case Binary::bitwise_xor: return static_cast<C>(x ^ y);
    case Binary::shift_left: return y >= kBits ? C(0) : static_cast<C>(x << y);
    case Binary::shift_right: return y >= kBits ? C(0) : static_cast<C>(a >> y);
    case Binary::prelu: return a < C(0) ? static_cast<C>(x * y) : a;
    default: return a;
  }
}

template <class C>
bool compare(Binary kind, C a, C b) {
  switch (kind) {
    case Binary::equal: return a == b;
    case Binary::less: return a < b;
    case Binary::less_equal: return a <= b;
    case Binary::greater: return a > b;
    default: return a >= b;
  }
}

bool combine(Binary kind, bool a, bool b) {
  switch (kind) {
    case Binary::logical_and: return a && b;
    case Binary::logical_or: return a || b;
    default: return a != b;
  }
}

/// Calls visit(out index, a index, b index) for every element.
template <class Visit>
void for_each_pair(const Call& call, Visit visit) {
  const Strides strides[2] = {broadcast_strides(call[0].type, call.type),
                              broadcast_strides(call[1].type, call.type)};
  const u32 step_a = last_step(strides[0], call.type), step_b = last_step(strides[1], call.type);
  for_each_row(call.type, strides, [&](u32 linear, const u32(&at)[2], u32 run) {
    for (u32 i = 0; i < run; ++i) visit(linear + i, at[0] + i * step_a, at[1] + i * step_b);
  });
}

template <class T>
void apply(const Call& call) {
  using C = Compute<T>;
  const Binary kind = kind_of(call);
  const T* a = call[0].as<T>();
  const T* b = call[1].as<T>();
  if (compares(kind)) {
    Bool* out = call.as<Bool>();
    for_each_pair(call, [&](u32 i, u32 x, u32 y) { out[i] = compare<C>(kind, a[x], b[y]); });
    return;
  }
  T* out = call.as<T>();
  for_each_pair(call, [&](u32 i, u32 x, u32 y) {
    if constexpr (kIsReal<T>)
      out[i] = T(real_function<C>(kind, a[x], b[y]));
    else if constexpr (std::is_same_v<T, Bool>)
      out[i] = combine(kind, a[x], b[y]);
    else
      out[i] = integer_function<C>(kind, a[x], b[y]);
  });
}

/// The exponent may be of another type than the base.
template <class T>
void raise(const Call& call) {
  const bool whole = !includes(Kinds::real, call[1].type.dtype);
  for_each_pair(call, [&](u32 i, u32 x, u32 y) {
    const Compute<T> base = call[0].as<T>()[x];
    if constexpr (std::is_same_v<Compute<T>, f32>)
      call.as<T>()[i] = T(power(base, static_cast<f32>(call[1].real(y))));
    else if constexpr (kIsReal<T>)
      call.as<T>()[i] = T(std::pow(base, static_cast<Compute<T>>(call[1].real(y))));
    else if (whole)
      call.as<T>()[i] = integer_power(base, call[1].integer(y));
    else {
      const f64 value = std::pow(static_cast<f64>(base), call[1].real(y));
      call.as<T>()[i] = value > -9e18 && value < 9e18 ? static_cast<T>(static_cast<i64>(value)) : T(0);
    }
  });
}

}  // namespace

const char* infer_binary(const Call& call, Type& out) {
  const Binary kind = kind_of(call);
  if (call.at(0) < 0 || kind >= Binary::count_) return "binary function of an unknown kind";
  const DType a = call[0].type.dtype, b = call[1].type.dtype;
  if (!includes(kinds_of(kind), a)) return "function is not defined for this element type";
  if (kind == Binary::power ? !includes(Kinds::numbers, b) : a != b)
    return "operands have different element types";
  out.dtype = compares(kind) ? DType::boolean : a;
  if (!broadcast_onto(call[0].type, out) || !broadcast_onto(call[1].type, out))
    return "operands do not broadcast";
  return nullptr;
}

void run_binary(const Call& call) {
  if (kind_of(call) == Binary::power)
    with_type<Kinds::numbers>(call[0].type.dtype, [&]<class T> { raise<T>(call); });
  else
    with_type<Kinds::any>(call[0].type.dtype, [&]<class T> { apply<T>(call); });
}

const char* infer_where(const Call& call, Type& out) {
  if (call[0].type.dtype != DType::boolean) return "condition is not boolean";
  if (call[1].type.dtype != call[2].type.dtype) return "operands have different element types";
  out.dtype = call[1].type.dtype;
  for (const Operand& operand : call.inputs)
    if (!broadcast_onto(operand.type, out)) return "operands do not broadcast";
  return nullptr;
}

void run_where(const Call& call) {
  const Strides strides[3] = {broadcast_strides(call[0].type, call.type),
                              broadcast_strides(call[1].type, call.type),
                              broadcast_strides(call[2].type, call.type)};
  u32 step[3];
  for (u32 n = 0; n < 3; ++n) step[n] = last_step(strides[n], call.type);
  with_width(call.type.dtype, [&]<class T> {
    for_each_row(call.type, strides, [&](u32 linear, const u32(&at)[3], u32 run) {
      for (u32 i = 0; i < run; ++i)
        call.as<T>()[linear + i] = call[0].data[at[0] + i * step[0]] != 0
                                       ? call[1].as<T>()[at[1] + i * step[1]]
                                       : call[2].as<T>()[at[2] + i * step[2]];
    });
  });
}

}  // namespace pipit::nn::general
