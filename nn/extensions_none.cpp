#include "nn/operator.h"

/// For boards whose flash has no room for more than the registry's operators.
namespace pipit::nn {

std::span<const Operator* const> operator_extensions() { return {}; }

}  // namespace pipit::nn
