#include "nn/operator.h"

/// For boards with room for dynamic quantisation: -DPIPIT_DYNAMIC=ON.
namespace pipit::nn {

std::span<const Operator* const> operator_extensions() {
  static constexpr const Operator* kAll[] = {&kDynamicScale, &kDynamicQuantize, &kDynamicConv2d,
                                             &kDynamicDepthwiseConv2d, &kDynamicFullyConnected};
  return kAll;
}

}  // namespace pipit::nn
