#include "nn/kernels/dot/dot_dsp.h"
#include "nn/kernels/fully_connected/fully_connected_blocked.h"

namespace pipit::nn {

void fully_connected_i8(const FullyConnectedI8& layer) { fully_connected_i8_blocked<DspDot>(layer); }

}  // namespace pipit::nn
