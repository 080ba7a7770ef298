#include "nn/fixed_point.h"
#include "nn/kernels/pool/pool.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::Opcode;
using format::Pool2dAttributes;
using format::RescaleAttributes;

const char* verify_pool(const Node& node, DType dtype, u32 max_dilation) {
  if (const char* wrong = check_activations(node, 1, dtype)) return wrong;
  const auto& a = node.attributes<Pool2dAttributes>();
  const format::Window& w = a.window;
  if (const char* wrong = check_window(node, a.kernel_h, a.kernel_w, w)) return wrong;
  if (node.input(0).dims[3] != node.output().dims[3]) return "pooling changes the channels";
  if (!same_quantisation(node.input(0), node.output())) return "pooling changes the quantisation";
  if (w.dilation_h > max_dilation || w.dilation_w > max_dilation) return "average_pool2d with a dilation";
  const u32 reach_h = (a.kernel_h - 1u) * w.dilation_h, reach_w = (a.kernel_w - 1u) * w.dilation_w;
  if (w.pad_top > reach_h || w.pad_bottom > reach_h || w.pad_left > reach_w || w.pad_right > reach_w)
    return "pooling window lies in the padding";
  if (u32{a.kernel_h} * a.kernel_w > format::kMaxAccumulation) return "pooling window is too large";
  if ((a.flags & ~(format::kCountIncludePad | format::kRoundHalfUp)) != 0) return "pooling flag is unknown";
  return is_valid_clamp(a.clamp, dtype) ? nullptr : "pooling clamp is empty or out of range";
}

/// A dilated maximum may find all its taps off the image although its ends straddle it.
bool every_window_has_taps(const WindowShape& shape) {
  for (u32 y = 0; y < shape.out_h; ++y)
    if (shape.rows(y).count() == 0) return false;
  for (u32 x = 0; x < shape.out_w; ++x)
    if (shape.columns(x).count() == 0) return false;
  return true;
}

WindowShape shape_of(const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  return window_shape(node, a.kernel_h, a.kernel_w, a.window);
}

const char* verify_max(const Node& node) {
  if (const char* wrong = verify_pool(node, node.dtype(), 0xFFFF)) return wrong;
  return every_window_has_taps(shape_of(node)) ? nullptr : "pooling window lies in the padding";
}

const char* verify_average(const Node& node) { return verify_pool(node, node.dtype(), 1); }

Pool2d<f32> pool_f32(const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  return {
      shape_of(node),     node.data<f32>(0), (a.flags & format::kCountIncludePad) != 0, 0, a.clamp.low_f32(),
      a.clamp.high_f32(), node.out<f32>()};
}

Pool2d<i8> pool_i8(const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  return {shape_of(node),
          node.data<i8>(0),
          (a.flags & format::kCountIncludePad) != 0,
          static_cast<i8>(node.input(0).zero_point),
          static_cast<i8>(a.clamp.low_i32()),
          static_cast<i8>(a.clamp.high_i32()),
          node.out<i8>(),
          (a.flags & format::kRoundHalfUp) != 0};
}

const char* verify_global(const Node& node) {
  const DType dtype = node.dtype();
  if (const char* wrong = check_activations(node, 1, dtype)) return wrong;
  const format::TensorRecord& in = node.input(0);
  const auto& a = node.attributes<RescaleAttributes>();
  if (in.rank != 4) return "global_average_pool expects images of rank 4";
  if (last_dim(node.output()) != in.dims[3] || elements(node.output()) != in.dims[0] * in.dims[3])
    return "global_average_pool output is not one value per channel";
  if (u64{in.dims[1]} * in.dims[2] > format::kMaxAccumulation)
    return "global_average_pool image is too large";
  if (dtype == DType::i8 && !is_valid(a.rescale))
    return "global_average_pool rescale factor is not normalised";
  return is_valid_clamp(a.clamp, dtype) ? nullptr : "global_average_pool clamp is empty or out of range";
}

void run_global_f32(const Node& node) {
  const u32* in = node.input(0).dims;
  global_average_pool_f32({in[0], in[1] * in[2], in[3], node.data<f32>(0),
                           node.attributes<RescaleAttributes>().clamp, node.out<f32>()});
}

void run_global_i8(const Node& node) {
  const u32* in = node.input(0).dims;
  const auto& a = node.attributes<RescaleAttributes>();
  global_average_pool_i8({in[0], in[1] * in[2], in[3], node.data<i8>(0), node.input(0).zero_point, a.rescale,
                          node.output().zero_point, a.clamp, node.out<i8>()});
}

}  // namespace

constinit const Operator kMaxPool2dF32 = {Opcode::max_pool2d, DType::f32, verify_max,
                                          [](const Node& node) { max_pool2d(pool_f32(node)); }};
constinit const Operator kMaxPool2dI8 = {Opcode::max_pool2d, DType::i8, verify_max,
                                         [](const Node& node) { max_pool2d(pool_i8(node)); }};
constinit const Operator kAveragePool2dF32 = {Opcode::average_pool2d, DType::f32, verify_average,
                                              [](const Node& node) { average_pool2d(pool_f32(node)); }};
constinit const Operator kAveragePool2dI8 = {Opcode::average_pool2d, DType::i8, verify_average,
                                             [](const Node& node) { average_pool2d(pool_i8(node)); }};
constinit const Operator kGlobalAveragePoolF32 = {Opcode::global_average_pool, DType::f32, verify_global,
                                                  run_global_f32};
constinit const Operator kGlobalAveragePoolI8 = {Opcode::global_average_pool, DType::i8, verify_global,
                                                 run_global_i8};

}  // namespace pipit::nn
