#include "nn/kernels/fully_connected/fully_connected.h"

#include "nn/kernels/dot/dot.h"

namespace pipit::nn {

void fully_connected_f32(const FullyConnectedF32& layer) {
  const f32 low = layer.clamp.low_f32(), high = layer.clamp.high_f32();
  f32* out = layer.output;
  for (u32 n = 0; n < layer.batch; ++n)
    for (u32 o = 0; o < layer.outputs; ++o) {
      const f32 sum = dot_f32(layer.bias[o], layer.input + usize{n} * layer.inputs,
                              layer.weights + usize{o} * layer.inputs, layer.inputs);
      *out++ = sum < low ? low : sum > high ? high : sum;
    }
}

}  // namespace pipit::nn
