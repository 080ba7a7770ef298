#pragma once
#include <vector>

#include "base/types.h"

namespace pipit::bench {

/// ONNX bytes of MobileNetV2 (Sandler et al., 2018, table 2; width 1.0, 224 × 224, 1000 classes) with random
/// weights of He's variance: the work of the trained network, from nothing but this program.
std::vector<u8> mobilenet_v2();

}  // namespace pipit::bench
