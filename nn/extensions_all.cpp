#include "nn/operator.h"

/// Every operator that is not in the registry of the smallest boards.
namespace pipit::nn {

std::span<const Operator* const> operator_extensions() {
  static constexpr const Operator* kAll[] = {
      &kGeneral,
      &kCustom,
      &kSignFlipU8,
      &kSignFlipI8,
      &kLookupI8,
      &kConv2dAsymmetric,
      &kDepthwiseConv2dAsymmetric,
      &kFullyConnectedAsymmetric,
  };
  return kAll;
}

}  // namespace pipit::nn
