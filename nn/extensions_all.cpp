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
      &kConv2dWide,
      &kTransposeConv2dWide,
      &kAddWide,
      &kSubWide,
      &kLeakyReluWide,
      &kRequantizeI16,
      &kRequantizeI32,
      &kRequantizeWideI8,
      &kQuantizeWide,
      &kSvdfF32,
      &kSvdfI8,
      &kLstmF32,
      &kLstmI8,
      &kSliceF32,
      &kSliceI8,
      &kSliceI16,
      &kPadI16,
      &kReshapeI16,
      &kDynamicScale,
      &kDynamicQuantize,
      &kDynamicConv2d,
      &kDynamicDepthwiseConv2d,
      &kDynamicFullyConnected,
  };
  return kAll;
}

}  // namespace pipit::nn
