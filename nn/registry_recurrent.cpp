#include "nn/operator.h"

/// In place of registry.cpp, for boards that listen: -DPIPIT_RECURRENT=ON. Layers of int8, those with a
/// memory among them, and what joins them to samples of 16 bits and to reals; float layers would not fit the
/// flash beside them.
namespace pipit::nn {

std::span<const Operator* const> operator_registry() {
  static constexpr const Operator* kAll[] = {
      &kConv2dI8,
      &kDepthwiseConv2dI8,
      &kFullyConnectedI8,
      &kMaxPool2dI8,
      &kAveragePool2dI8,
      &kGlobalAveragePoolI8,
      &kClampI8,
      &kAddI8,
      &kMulI8,
      &kQuantizeF32,
      &kDequantizeI8,
      &kRequantizeI8,
      &kSoftmaxF32,
      &kSoftmaxI8,
      &kReshapeF32,
      &kReshapeI8,
      &kTransposeI8,
      &kPadI8,
      &kConcatI8,
      &kLookupI8,
      &kSvdfI8,
      &kLstmI8,
      &kRequantizeI16,
      &kQuantizeWide,
  };
  return kAll;
}

}  // namespace pipit::nn
