#include "nn/operator.h"

namespace pipit::nn {

std::span<const Operator* const> operator_registry() {
  static constexpr const Operator* kAll[] = {
      &kConv2dF32,
      &kConv2dI8,  //
      &kDepthwiseConv2dF32,
      &kDepthwiseConv2dI8,  //
      &kFullyConnectedF32,
      &kFullyConnectedI8,  //
      &kMaxPool2dF32,
      &kMaxPool2dI8,  //
      &kAveragePool2dF32,
      &kAveragePool2dI8,  //
      &kGlobalAveragePoolF32,
      &kGlobalAveragePoolI8,  //
      &kClampF32,
      &kClampI8,  //
      &kAddF32,
      &kAddI8,  //
      &kMulF32,
      &kMulI8,  //
      &kQuantizeF32,
      &kDequantizeI8,  //
      &kRequantizeI8,  //
      &kSoftmaxF32,
      &kSoftmaxI8,  //
      &kReshapeF32,
      &kReshapeI8,  //
      &kTransposeF32,
      &kTransposeI8,  //
      &kPadF32,
      &kPadI8,  //
      &kConcatF32,
      &kConcatI8,
  };
  return kAll;
}

}  // namespace pipit::nn
