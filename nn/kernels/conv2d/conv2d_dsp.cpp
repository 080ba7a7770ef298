#include "nn/kernels/conv2d/conv2d_blocked.h"
#include "nn/kernels/dot/dot_dsp.h"

namespace pipit::nn {

void conv2d_i8(const Conv2dI8& conv) {
  if (!BlockedConv2dI8<DspDot>::fits(conv)) return conv2d_i8_reference(conv);
  BlockedConv2dI8<DspDot>(conv).run();
}

}  // namespace pipit::nn
