#pragma once
#include "base/check.h"
#include "compiler/model/graph.h"

/// Tensors that are quantised, as importers and passes have seen to: one that is not is our own mistake.
namespace pipit::model {

inline const Quantization& quantization_of(const Tensor& tensor) {
  PIPIT_CHECK(tensor.quantization.has_value());
  return *tensor.quantization;
}
/// Of a tensor quantised as a whole.
inline f64 scale_of(const Tensor& tensor) { return quantization_of(tensor).scales[0]; }
inline i32 zero_of(const Tensor& tensor) { return quantization_of(tensor).zero_points[0]; }

}  // namespace pipit::model
