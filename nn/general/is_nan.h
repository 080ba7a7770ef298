#pragma once

namespace pipit::nn::general {

/// For code over every element type: std::isnan() is for floating point alone.
template <class T>
constexpr bool is_nan(T x) {
  return x != x;  // NOLINT(misc-redundant-expression): NaN alone is no equal of itself
}

}  // namespace pipit::nn::general
