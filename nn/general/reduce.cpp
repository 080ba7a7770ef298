// reduce: over the axes in the bit set ints[1]; ints[0] = Reduce, ints[2] = 1 keeps reduced axes as 1.
// arg_reduce: position of the largest (ints[0] = 0: smallest) element along axis ints[1]; ints[2] keeps the
// axis, ints[3] takes the last of equals. cumulative_sum: along the axis that the second operand names;
// ints[0] exclusive, ints[1] from the end.
#include <cmath>
#include <limits>

#include "nn/general/float_functions.h"
#include "nn/general/general.h"
#include "nn/general/is_nan.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

bool is_reduced(const Call& call, u32 axis) { return (static_cast<u32>(call.at(1)) >> axis & 1) != 0; }

/// Sums of half precision and single precision in double: the order of additions hardly shows.
template <class T>
using Sum = std::conditional_t<kIsReal<T>, f64, std::conditional_t<std::is_signed_v<T>, i64, u64>>;

template <class T>
class Reducer {
 public:
  explicit Reducer(Reduce kind) : kind_(kind) {}

  void start() {
    using C = Compute<T>;
    sum_ = kind_ == Reduce::product ? 1 : 0;
    count_ = 0;
    if constexpr (kIsReal<T>)
      extreme_ =
          kind_ == Reduce::minimum ? std::numeric_limits<C>::infinity() : -std::numeric_limits<C>::infinity();
    else
      extreme_ = kind_ == Reduce::minimum ? std::numeric_limits<C>::max() : std::numeric_limits<C>::min();
  }
  /// First round over the elements.
  void take(Compute<T> x) {
    ++count_;
    const Sum<T> wide = static_cast<Sum<T>>(x);
    switch (kind_) {
      case Reduce::product: sum_ = multiply(sum_, wide); break;
      case Reduce::l1:
        sum_ = wide < 0 ? plus(sum_, multiply(wide, static_cast<Sum<T>>(-1))) : plus(sum_, wide);
        break;
      case Reduce::l2:
      case Reduce::sum_square: sum_ = plus(sum_, multiply(wide, wide)); break;
      case Reduce::minimum: extreme_ = x < extreme_ || is_nan(x) ? x : extreme_; break;
      case Reduce::maximum:
      case Reduce::log_sum_exp: extreme_ = x > extreme_ || is_nan(x) ? x : extreme_; break;
      default: sum_ = plus(sum_, wide);
    }
  }
  bool needs_second_round() const { return kind_ == Reduce::log_sum_exp; }
  void take_again(Compute<T> x) {
    if constexpr (std::is_same_v<T, f32>) {
      exponentials_ += static_cast<f64>(exp_below(x, extreme_));
      return;
    }
    const f64 top = static_cast<f64>(extreme_);
    exponentials_ +=
        std::isinf(top) ? (static_cast<f64>(x) == top ? 1 : 0) : std::exp(static_cast<f64>(x) - top);
  }
  T finish() {
    if constexpr (std::is_same_v<T, f32>) switch (kind_) {  // the bits of generated C
        case Reduce::l2: return root_of_sum(sum_);
        case Reduce::log_sum: return log_of_sum(sum_);
        case Reduce::log_sum_exp: {
          const f64 log = static_cast<f64>(extreme_) + static_cast<f64>(log_of_sum(exponentials_));
          exponentials_ = 0;
          return static_cast<f32>(log);
        }
        default: break;
      }
    switch (kind_) {
      case Reduce::minimum:
      case Reduce::maximum: return T(extreme_);
      case Reduce::mean:
        if constexpr (kIsReal<T>) return T(static_cast<Compute<T>>(sum_ / static_cast<f64>(count_)));
        return count_ == 0 ? T(0) : static_cast<T>(sum_ / static_cast<Sum<T>>(count_));
      case Reduce::l2: return result(std::sqrt(static_cast<f64>(sum_)));
      case Reduce::log_sum: return result(std::log(static_cast<f64>(sum_)));
      case Reduce::log_sum_exp: {
        const f64 log = static_cast<f64>(extreme_) + std::log(exponentials_);
        exponentials_ = 0;
        return result(log);
      }
      default:
        if constexpr (kIsReal<T>)
          return T(static_cast<Compute<T>>(sum_));
        else
          return static_cast<T>(sum_);
    }
  }

 private:
  static T result(f64 value) {
    if constexpr (kIsReal<T>)
      return T(static_cast<Compute<T>>(value));
    else
      return value > -9e18 && value < 9e18 ? static_cast<T>(static_cast<i64>(value)) : T(0);
  }
  static Sum<T> multiply(Sum<T> a, Sum<T> b) {
    if constexpr (kIsReal<T>)
      return a * b;
    else
      return static_cast<Sum<T>>(static_cast<u64>(a) * static_cast<u64>(b));
  }
  Reduce kind_;
  Sum<T> sum_ = 0;
  Compute<T> extreme_ = 0;
  f64 exponentials_ = 0;
  u32 count_ = 0;
};

/// The input's axes as a shape of those kept and one of those reduced, with their strides.
struct Split {
  Type kept, reduced;
  Strides kept_strides, reduced_strides;
};

Split split(const Call& call) {
  const Type& x = call[0].type;
  const Strides strides = strides_of(x);
  Split parts;
  for (u32 axis = 0; axis < x.rank; ++axis) {
    Type& part = is_reduced(call, axis) ? parts.reduced : parts.kept;
    Strides& steps = is_reduced(call, axis) ? parts.reduced_strides : parts.kept_strides;
    steps.of[part.rank] = strides.of[axis];
    part.dims[part.rank++] = x.dims[axis];
  }
  return parts;
}

/// Calls visit(linear, offset) for every element of `shape`.
template <class Visit>
void for_each(const Type& shape, const Strides& strides, Visit visit) {
  const Strides list[1] = {strides};
  const u32 step = last_step(strides, shape);
  for_each_row(shape, list, [&](u32 linear, const u32(&at)[1], u32 run) {
    for (u32 i = 0; i < run; ++i) visit(linear + i, at[0] + i * step);
  });
}

template <class T>
void reduce(const Call& call) {
  const Split parts = split(call);
  const T* x = call[0].as<T>();
  Reducer<T> reducer(static_cast<Reduce>(call.at(0)));
  for_each(parts.kept, parts.kept_strides, [&](u32 linear, u32 start) {
    reducer.start();
    for_each(parts.reduced, parts.reduced_strides, [&](u32, u32 at) { reducer.take(x[start + at]); });
    if (reducer.needs_second_round())
      for_each(parts.reduced, parts.reduced_strides, [&](u32, u32 at) { reducer.take_again(x[start + at]); });
    call.as<T>()[linear] = reducer.finish();
  });
}

template <class T>
void arg_reduce(const Call& call) {
  const Type& x = call[0].type;
  const u32 axis = static_cast<u32>(call.at(1));
  const u32 inner = x.product(axis + 1, x.rank), extent = x.dims[axis];
  const bool largest = call.at(0) != 0, last = call.at(3) != 0;
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const T* values = call[0].as<T>() + (i / inner) * extent * inner + i % inner;
    u32 best = 0;
    for (u32 k = 1; k < extent; ++k) {
      const Compute<T> candidate = values[usize{k} * inner], top = values[usize{best} * inner];
      if ((largest ? candidate > top : candidate < top) || (last && candidate == top)) best = k;
    }
    call.as<i64>()[i] = best;
  }
}

template <class T>
void cumulate(const Call& call) {
  const Type& x = call[0].type;
  i64 named = call[1].integer(0);
  if (named < 0) named += x.rank;
  if (named < 0 || named >= x.rank) named = 0;
  const u32 axis = static_cast<u32>(named), inner = x.product(axis + 1, x.rank), extent = x.dims[axis];
  const bool exclusive = call.at(0) != 0, backwards = call.at(1) != 0;
  for (u32 outer = 0, count = x.product(0, axis); outer < count; ++outer)
    for (u32 column = 0; column < inner; ++column) {
      Sum<T> sum = 0;
      for (u32 k = 0; k < extent; ++k) {
        const u32 at = (outer * extent + (backwards ? extent - 1 - k : k)) * inner + column;
        const Sum<T> value = static_cast<Sum<T>>(Compute<T>(call[0].as<T>()[at]));
        if (!exclusive) sum = plus(sum, value);
        call.as<T>()[at] = T(static_cast<Compute<T>>(sum));
        if (exclusive) sum = plus(sum, value);
      }
    }
}

}  // namespace

const char* infer_reduce(const Call& call, Type& out) {
  const Type& x = call[0].type;
  if (call.at(0) < 0 || call.at(0) >= static_cast<i32>(Reduce::count_)) return "reduction of an unknown kind";
  if (!includes(Kinds::numbers, x.dtype)) return "reduction is not defined for this element type";
  if (static_cast<u32>(call.at(1)) >> x.rank != 0) return "a reduced axis is outside the input's rank";
  out.dtype = x.dtype;
  for (u32 axis = 0; axis < x.rank; ++axis)
    if (!is_reduced(call, axis))
      out.dims[out.rank++] = x.dims[axis];
    else if (call.at(2) != 0)
      out.dims[out.rank++] = 1;
  return nullptr;
}

void run_reduce(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { reduce<T>(call); });
}

const char* infer_arg_reduce(const Call& call, Type& out) {
  const Type& x = call[0].type;
  if (!includes(Kinds::numbers, x.dtype)) return "function is not defined for this element type";
  if (!is_axis(call.at(1), x.rank)) return "axis is outside the input's rank";
  if (x.dims[call.at(1)] == 0) return "no largest element of none";
  out.dtype = DType::i64;
  for (u32 axis = 0; axis < x.rank; ++axis)
    if (axis != static_cast<u32>(call.at(1)))
      out.dims[out.rank++] = x.dims[axis];
    else if (call.at(2) != 0)
      out.dims[out.rank++] = 1;
  return nullptr;
}

void run_arg_reduce(const Call& call) {
  with_type<Kinds::numbers>(call[0].type.dtype, [&]<class T> { arg_reduce<T>(call); });
}

const char* infer_cumulative_sum(const Call& call, Type& out) {
  if (!includes(Kinds::numbers, call[0].type.dtype)) return "function is not defined for this element type";
  if (call[0].type.rank == 0 || call[1].type.count() != 1) return "needs a tensor and one axis";
  out = call[0].type;
  return nullptr;
}

void run_cumulative_sum(const Call& call) {
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> { cumulate<T>(call); });
}

}  // namespace pipit::nn::general
