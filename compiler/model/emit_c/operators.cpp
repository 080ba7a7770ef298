// One function an operator: which kernel it needs, and with which arguments it is called.
#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/custom.h"
#include "compiler/model/emit_c/general.h"
#include "compiler/model/emit_c/movement.h"
#include "compiler/model/emit_c/recurrent.h"
#include "compiler/model/emit_c/wide.h"
#include "nn/kernels/c99/c99.h"
#include "nn/kernels/window.h"
#include "nn/shapes.h"

namespace pipit::model::c {
namespace {

using namespace nn::format;
using nn::elements;
using nn::last_dim;
using nn::Node;

/// What layers of int8 weights are made of.
void need_layer_i8(Writer& out) {
  out.need({"within", "fixed_point"});
  out.need_dsp({"dsp", "requantize_dsp", "dot_dsp", "layer_i8_dsp"});
  out.need_elsewhere({"dot_i8", "layer_i8"});
}

void conv2d_i8(Writer& out, const Node& node) {
  need_layer_i8(out);
  out.need_dsp({"dot_pixels_dsp", "conv2d_patch_dsp", "conv2d_i8_dsp"});
  out.need_elsewhere({"conv2d_i8"});
  const TensorRecord& weights = node.input(1);
  const u32 depth = elements(weights) / weights.dims[0];
  const std::string patch = out.scratch(depth, nn::c99::conv2d_patch_bytes(depth));
  out.call("conv2d_i8",
           Arguments{conv_window(out, node), out.input(node, 0), zero_point(node.input(0)),
                     out.input(node, 1), out.input(node, 2), out.input(node, 3), zero_point(node.output())} +
               bounds_i8(node.attributes<Conv2dAttributes>().clamp) + Arguments{patch, out.output(node)});
}

void depthwise_i8(Writer& out, const Node& node) {
  const u32* weights = node.input(1).dims;
  const bool fits = nn::c99::depthwise_3x3_fits(
      nn::window_shape(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window));
  out.need({"within", "fixed_point"});
  if (fits) {
    out.need_dsp({"dsp", "halves_dsp", "requantize_dsp", "depthwise_lines_dsp", "depthwise_3x3_i8_dsp"});
    out.need_elsewhere({"depthwise_conv2d_i8", "depthwise_3x3_i8"});
  } else {
    out.need({"depthwise_conv2d_i8"});
  }
  Arguments arguments =
      Arguments{conv_window(out, node), out.input(node, 0), zero_point(node.input(0)), out.input(node, 1),
                out.input(node, 2),     out.input(node, 3), zero_point(node.output())} +
      bounds_i8(node.attributes<Conv2dAttributes>().clamp);
  if (fits) arguments.push_back(out.scratch(0, nn::c99::DEPTHWISE_LINES_BYTES));
  out.call(fits ? "depthwise_3x3_i8" : "depthwise_conv2d_i8", arguments + Arguments{out.output(node)});
}

void fully_connected_i8(Writer& out, const Node& node) {
  need_layer_i8(out);
  out.need_dsp({"fully_connected_i8_dsp"});
  out.need_elsewhere({"fully_connected_i8"});
  const u32* weights = node.input(1).dims;
  out.call("fully_connected_i8",
           Arguments{out.input(node, 0), number(elements(node.input(0)) / weights[1]), number(weights[1]),
                     out.input(node, 1), out.input(node, 2), out.input(node, 3), number(weights[0]),
                     zero_point(node.output())} +
               bounds_i8(node.attributes<ClampAttributes>().clamp) + Arguments{out.output(node)});
}

/// Layers of weights with a zero point: uint8 models.
void asymmetric_conv(Writer& out, const Node& node, const char* kernel) {
  out.need({"within", "fixed_point", kernel});
  out.call(kernel, Arguments{conv_window(out, node), out.input(node, 0), zero_point(node.input(0)),
                             zero_point(node.input(1)), out.input(node, 1), out.input(node, 2),
                             out.input(node, 3), zero_point(node.output())} +
                       bounds_i8(node.attributes<Conv2dAttributes>().clamp) + Arguments{out.output(node)});
}
void conv2d_asymmetric(Writer& out, const Node& node) { asymmetric_conv(out, node, "conv2d_asymmetric_i8"); }
void depthwise_asymmetric(Writer& out, const Node& node) {
  asymmetric_conv(out, node, "depthwise_asymmetric_i8");
}
void fully_connected_asymmetric(Writer& out, const Node& node) {
  out.need({"within", "fixed_point", "fully_connected_asymmetric_i8"});
  const u32* weights = node.input(1).dims;
  out.call("fully_connected_asymmetric_i8",
           Arguments{out.input(node, 0), number(elements(node.input(0)) / weights[1]), number(weights[1]),
                     zero_point(node.input(1)), out.input(node, 1), out.input(node, 2), out.input(node, 3),
                     number(weights[0]), zero_point(node.output())} +
               bounds_i8(node.attributes<ClampAttributes>().clamp) + Arguments{out.output(node)});
}

void conv_f32(Writer& out, const Node& node, const char* kernel) {
  out.need({"bounded", "dot_f32", kernel});
  out.call(kernel,
           Arguments{conv_window(out, node), out.input(node, 0), out.input(node, 1), out.input(node, 2)} +
               bounds_f32(node.attributes<Conv2dAttributes>().clamp) + Arguments{out.output(node)});
}
void conv2d_f32(Writer& out, const Node& node) { conv_f32(out, node, "conv2d_f32"); }
void depthwise_f32(Writer& out, const Node& node) { conv_f32(out, node, "depthwise_conv2d_f32"); }

void fully_connected_f32(Writer& out, const Node& node) {
  out.need({"bounded", "dot_f32", "fully_connected_f32"});
  const u32* weights = node.input(1).dims;
  out.call("fully_connected_f32",
           Arguments{out.input(node, 0), number(elements(node.input(0)) / weights[1]), number(weights[1]),
                     out.input(node, 1), out.input(node, 2), number(weights[0])} +
               bounds_f32(node.attributes<ClampAttributes>().clamp) + Arguments{out.output(node)});
}

template <DType dtype>
void max_pool(Writer& out, const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  const std::string name = suffixed<dtype>("max_pool2d");
  out.need({"max_pool2d"});
  out.declare_once("MAX_POOL(" + name + ", " + kType<dtype> + ")");
  out.call(name, Arguments{window_of(out, node, a.kernel_h, a.kernel_w, a.window), out.input(node, 0)} +
                     bounds<dtype>(a.clamp) + Arguments{out.output(node)});
}

template <DType dtype>
void average_pool(Writer& out, const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  const bool up = (a.flags & kRoundHalfUp) != 0;
  const std::string name = suffixed<dtype>(up ? "average_pool2d_up" : "average_pool2d");
  out.need({"average_pool2d"});
  out.declare_once("AVERAGE_POOL(" + name + ", " + kType<dtype> + ", " +
                   (dtype == DType::i8 ? "int32_t" : "float") + ", " + quotient<dtype>(up) + ")");
  out.call(name, Arguments{window_of(out, node, a.kernel_h, a.kernel_w, a.window), out.input(node, 0),
                           (a.flags & kCountIncludePad) != 0 ? "1" : "0",
                           dtype == DType::i8 ? zero_point(node.input(0)) : "0"} +
                     bounds<dtype>(a.clamp) + Arguments{out.output(node)});
}

void global_pool_i8(Writer& out, const Node& node) {
  const u32* in = node.input(0).dims;
  const auto& a = node.attributes<RescaleAttributes>();
  out.need({"within", "fixed_point", "global_average_pool_i8"});
  out.call("global_average_pool_i8",
           Arguments{out.input(node, 0), number(in[0]), number(in[1] * in[2]), number(in[3]),
                     zero_point(node.input(0)), factor(out, a.rescale), zero_point(node.output())} +
               bounds_i8(a.clamp) + Arguments{out.output(node)});
}

void global_pool_f32(Writer& out, const Node& node) {
  const u32* in = node.input(0).dims;
  out.need({"bounded", "global_average_pool_f32"});
  out.call("global_average_pool_f32",
           Arguments{out.input(node, 0), number(in[0]), number(in[1] * in[2]), number(in[3])} +
               bounds_f32(node.attributes<RescaleAttributes>().clamp) + Arguments{out.output(node)});
}

template <DType dtype>
void clamp(Writer& out, const Node& node) {
  const std::string name = suffixed<dtype>("clamp");
  out.need({dtype == DType::i8 ? "within" : "bounded", name.c_str()});
  out.call(name, Arguments{out.input(node, 0), number(elements(node.output()))} +
                     bounds<dtype>(node.attributes<ClampAttributes>().clamp) + Arguments{out.output(node)});
}

void add_i8(Writer& out, const Node& node) {
  const auto& how = node.attributes<AddAttributes>();
  out.need({"within", "fixed_point", "add_i8"});
  const std::string factors = out.constant(
      "int32_t", "[6]", factor_text(how.a) + ", " + factor_text(how.b) + ", " + factor_text(how.out));
  out.call("add_i8", pair(out, node) + zero_points(node) + Arguments{factors, zero_point(node.output())} +
                         bounds_i8(how.clamp) + Arguments{out.output(node)});
}
void mul_i8(Writer& out, const Node& node) {
  const auto& how = node.attributes<RescaleAttributes>();
  out.need({"within", "fixed_point", "mul_i8"});
  out.call("mul_i8", pair(out, node) + zero_points(node) +
                         Arguments{factor(out, how.rescale), zero_point(node.output())} +
                         bounds_i8(how.clamp) + Arguments{out.output(node)});
}
void add_f32(Writer& out, const Node& node) {
  out.need({"bounded", "add_f32"});
  out.call("add_f32", pair(out, node) + bounds_f32(node.attributes<AddAttributes>().clamp) +
                          Arguments{out.output(node)});
}
void mul_f32(Writer& out, const Node& node) {
  out.need({"bounded", "mul_f32"});
  out.call("mul_f32", pair(out, node) + bounds_f32(node.attributes<RescaleAttributes>().clamp) +
                          Arguments{out.output(node)});
}

void quantize(Writer& out, const Node& node) {
  out.need({"quantize_value", "quantize_f32"});
  out.call("quantize_f32", {out.input(node, 0), number(elements(node.output())), literal(node.output().scale),
                            zero_point(node.output()), out.output(node)});
}
void dequantize(Writer& out, const Node& node) {
  out.need({"dequantize_i8"});
  out.call("dequantize_i8", {out.input(node, 0), number(elements(node.output())),
                             literal(node.input(0).scale), zero_point(node.input(0)), out.output(node)});
}
void requantize(Writer& out, const Node& node) {
  const auto& how = node.attributes<RescaleAttributes>();
  out.need({"within", "fixed_point", "requantize_i8"});
  out.call("requantize_i8",
           Arguments{out.input(node, 0), number(elements(node.output())), zero_point(node.input(0)),
                     factor(out, how.rescale), zero_point(node.output())} +
               bounds_i8(how.clamp) + Arguments{out.output(node)});
}

void softmax_f32(Writer& out, const Node& node) {
  const u32 columns = last_dim(node.output());
  out.need({"exp_negative", "softmax_f32"});
  out.call("softmax_f32", {out.input(node, 0), number(elements(node.output()) / columns), number(columns),
                           out.output(node)});
}
void softmax_i8(Writer& out, const Node& node) {
  const u32 columns = last_dim(node.output());
  out.need({"quantize_value", "exp_negative", "softmax_i8"});
  out.call("softmax_i8", {out.input(node, 0), number(elements(node.output()) / columns), number(columns),
                          literal(node.input(0).scale), literal(node.output().scale),
                          zero_point(node.output()), out.output(node)});
}

void sign_flip(Writer& out, const Node& node) {
  out.need({"sign_flip"});
  out.call("sign_flip",
           {out.bytes_of(out.input(node, 0)), number(node.output().bytes), "(uint8_t*)" + out.output(node)});
}
void lookup(Writer& out, const Node& node) {
  out.need({"lookup_i8"});
  out.call("lookup_i8",
           {out.input(node, 0), number(node.output().bytes), out.input(node, 1), out.output(node)});
}

enum DynamicOperand : u8 { kX, kWeights, kBias, kScales, kSums, kRows };

void dynamic_scale(Writer& out, const Node& node) {
  const u32 rows = node.output().dims[0];
  out.need({"dynamic_row", "dynamic_scale"});
  out.call("dynamic_scale", {out.input(node, 0), number(rows), number(elements(node.input(0)) / rows),
                             number(node.attributes<DynamicScaleAttributes>().symmetric), out.output(node)});
}
void dynamic_quantize(Writer& out, const Node& node) {
  const u32 rows = node.input(1).dims[0];
  out.need({"dynamic_row", "dynamic_quantize"});
  out.call("dynamic_quantize", {out.input(node, 0), out.input(node, 1), number(rows),
                                number(elements(node.input(0)) / rows), out.output(node)});
}
void dynamic_layer(Writer& out, const Node& node) {
  const bool depthwise = node.opcode() == static_cast<u8>(Opcode::dynamic_depthwise_conv2d);
  out.need({"bounded", "dynamic_row", "dynamic_conv2d"});
  out.call("dynamic_conv2d", Arguments{conv_window(out, node), number(depthwise ? 1 : 0), out.input(node, kX),
                                       out.input(node, kRows), out.input(node, kWeights),
                                       out.input(node, kScales), out.input(node, kBias)} +
                                 bounds_f32(node.attributes<Conv2dAttributes>().clamp) +
                                 Arguments{out.output(node)});
}
void dynamic_fully_connected(Writer& out, const Node& node) {
  const u32* weights = node.input(kWeights).dims;
  out.need({"bounded", "dynamic_row", "dynamic_fully_connected"});
  out.call("dynamic_fully_connected",
           Arguments{out.input(node, kX), number(elements(node.input(kX)) / weights[1]), number(weights[1]),
                     out.input(node, kRows), out.input(node, kWeights), out.input(node, kScales),
                     out.input(node, kSums), out.input(node, kBias), number(weights[0])} +
               bounds_f32(node.attributes<ClampAttributes>().clamp) + Arguments{out.output(node)});
}

constexpr OperatorEmitter kEmitters[] = {
    {Opcode::conv2d, DType::i8, conv2d_i8},
    {Opcode::conv2d, DType::f32, conv2d_f32},
    {Opcode::depthwise_conv2d, DType::i8, depthwise_i8},
    {Opcode::depthwise_conv2d, DType::f32, depthwise_f32},
    {Opcode::fully_connected, DType::i8, fully_connected_i8},
    {Opcode::fully_connected, DType::f32, fully_connected_f32},
    {Opcode::max_pool2d, DType::i8, max_pool<DType::i8>},
    {Opcode::max_pool2d, DType::f32, max_pool<DType::f32>},
    {Opcode::average_pool2d, DType::i8, average_pool<DType::i8>},
    {Opcode::average_pool2d, DType::f32, average_pool<DType::f32>},
    {Opcode::global_average_pool, DType::i8, global_pool_i8},
    {Opcode::global_average_pool, DType::f32, global_pool_f32},
    {Opcode::clamp, DType::i8, clamp<DType::i8>},
    {Opcode::clamp, DType::f32, clamp<DType::f32>},
    {Opcode::add, DType::i8, add_i8},
    {Opcode::add, DType::f32, add_f32},
    {Opcode::mul, DType::i8, mul_i8},
    {Opcode::mul, DType::f32, mul_f32},
    {Opcode::quantize, DType::f32, quantize},
    {Opcode::dequantize, DType::i8, dequantize},
    {Opcode::requantize, DType::i8, requantize},
    {Opcode::softmax, DType::i8, softmax_i8},
    {Opcode::softmax, DType::f32, softmax_f32},
    {Opcode::reshape, nn::kAnyDType, reshape},
    {Opcode::transpose, nn::kAnyDType, transpose},
    {Opcode::pad, nn::kAnyDType, pad},
    {Opcode::concat, nn::kAnyDType, concat},
    {Opcode::sign_flip, nn::kAnyDType, sign_flip},
    {Opcode::lookup, DType::i8, lookup},
    {Opcode::dynamic_scale, DType::f32, dynamic_scale},
    {Opcode::dynamic_quantize, DType::f32, dynamic_quantize},
    {Opcode::dynamic_conv2d, DType::i8, dynamic_layer},
    {Opcode::dynamic_depthwise_conv2d, DType::i8, dynamic_layer},
    {Opcode::dynamic_fully_connected, DType::i8, dynamic_fully_connected},
    {Opcode::conv2d_asymmetric, DType::i8, conv2d_asymmetric},
    {Opcode::depthwise_conv2d_asymmetric, DType::i8, depthwise_asymmetric},
    {Opcode::fully_connected_asymmetric, DType::i8, fully_connected_asymmetric},
    {Opcode::strided_slice, nn::kAnyDType, strided_slice},
    {Opcode::general, nn::kAnyDType, general},
    {Opcode::custom, nn::kAnyDType, custom},
    {Opcode::svdf, DType::f32, svdf_f32},
    {Opcode::svdf, DType::i8, svdf_i8},
    {Opcode::lstm, DType::f32, lstm_f32},
    {Opcode::lstm, DType::i8, lstm_i8},
    {Opcode::conv2d_wide, DType::i16, conv2d_wide},
    {Opcode::transpose_conv2d_wide, DType::i16, transpose_conv2d_wide},
    {Opcode::add_wide, DType::i16, add_wide},
    {Opcode::sub_wide, DType::i16, add_wide},
    {Opcode::leaky_relu_wide, DType::i16, leaky_relu_wide},
    {Opcode::requantize_wide, nn::kAnyDType, requantize_wide},
    {Opcode::quantize_wide, DType::f32, quantize_wide},
};

}  // namespace

std::span<const OperatorEmitter> emitters() { return kEmitters; }

const OperatorEmitter* find_emitter(const Node& node) {
  if (node.opcode() == static_cast<u8>(Opcode::general) && !has_general(node)) return nullptr;
  const DType dtype = static_cast<DType>(node.input(0).dtype);
  for (const OperatorEmitter& emitter : kEmitters)
    if (static_cast<u8>(emitter.opcode) == node.opcode() &&
        (emitter.dtype == dtype || emitter.dtype == nn::kAnyDType))
      return &emitter;
  return nullptr;
}

}  // namespace pipit::model::c
