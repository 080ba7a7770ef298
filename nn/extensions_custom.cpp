#include "nn/operator.h"

/// For boards with operators of others and no room for Pipit's further ones.
namespace pipit::nn {

std::span<const Operator* const> operator_extensions() {
  static constexpr const Operator* kAll[] = {&kCustom};
  return kAll;
}

}  // namespace pipit::nn
