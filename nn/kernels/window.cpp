#include "nn/kernels/window.h"

#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {

WindowShape window_shape(const Node& node, u32 kernel_h, u32 kernel_w, const format::Window& window) {
  const u32* in = node.input(0).dims;
  const u32* out = node.output().dims;
  return {in[0], in[1], in[2], in[3], out[1], out[2], out[3], kernel_h, kernel_w, window};
}

const char* check_window(const Node& node, u32 kernel_h, u32 kernel_w, const format::Window& window) {
  const format::TensorRecord& in = node.input(0);
  const format::TensorRecord& out = node.output();
  if (in.rank != 4 || out.rank != 4) return "operator expects images of rank 4";
  if (in.dims[0] != out.dims[0]) return "operator changes the batch size";
  const u32 out_h = window_extent(in.dims[1], kernel_h, window.stride_h, window.dilation_h, window.pad_top,
                                  window.pad_bottom);
  const u32 out_w = window_extent(in.dims[2], kernel_w, window.stride_w, window.dilation_w, window.pad_left,
                                  window.pad_right);
  if (out_h == 0 || out_h != out.dims[1] || out_w == 0 || out_w != out.dims[2])
    return "operator output size does not follow from its window";
  return nullptr;
}

}  // namespace pipit::nn
