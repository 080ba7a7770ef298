#include "nn/operator.h"

/// For boards that listen: -DPIPIT_RECURRENT=ON. Layers with a memory and what joins them to 16-bit samples.
namespace pipit::nn {

std::span<const Operator* const> operator_extensions() {
  static constexpr const Operator* kAll[] = {&kSvdfF32,       &kSvdfI8,        &kLstmF32,      &kLstmI8,
                                             &kRequantizeI16, &kRequantizeI32, &kQuantizeWide, &kLookupI8};
  return kAll;
}

}  // namespace pipit::nn
