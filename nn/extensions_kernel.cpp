#include "nn/operator.h"

/// For Mewz, whose image has a limit: what models from TensorFlow Lite have besides the registry's operators.
namespace pipit::nn {

std::span<const Operator* const> operator_extensions() {
  static constexpr const Operator* kAll[] = {
      &kSignFlipU8, &kSignFlipI8,
      &kLookupI8,   &kConv2dAsymmetric,
      &kSliceF32,   &kDepthwiseConv2dAsymmetric,
      &kSliceI8,    &kFullyConnectedAsymmetric,
  };
  return kAll;
}

}  // namespace pipit::nn
