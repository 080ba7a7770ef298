#include "compiler/model/emit_attributes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/model/quantized.h"
#include "nn/fixed_point.h"
#include "nn/format.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
namespace format = nn::format;

bool is_int8(const Tensor& tensor) { return tensor.dtype == DType::i8; }

/// A real bound as a quantised value of the output, saturated.
i32 quantized_bound(f32 bound, const Tensor& output) {
  const f64 value = std::nearbyint(f64{bound} / scale_of(output)) + zero_of(output);
  if (output.dtype == DType::i16) return static_cast<i32>(std::clamp(value, -32768.0, 32767.0));
  return static_cast<i32>(std::clamp(value, -128.0, 127.0));
}

format::Clamp clamp_of(const Node& node, const Tensor& output) {
  if (output.dtype == DType::i16 && output.quantization)
    return format::Clamp::of(quantized_bound(node.clamp.low, output),
                             quantized_bound(node.clamp.high, output));
  if (!is_int8(output) || !output.quantization) return format::Clamp::of(node.clamp.low, node.clamp.high);
  return format::Clamp::of(quantized_bound(node.clamp.low, output), quantized_bound(node.clamp.high, output));
}

Result<u16> narrow(u64 value, const char* what) {
  if (value > 0xFFFF) return Error(Code::out_of_range, std::string(what) + " exceeds 65535");
  return static_cast<u16>(value);
}

/// ONNX's ceil_mode is padding behind the image that makes the last window whole.
u32 trailing_pad(const Window& window, usize axis, i64 input, i64 output) {
  const i64 reach = i64{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
  const i64 needed = (output - 1) * window.stride[axis] + reach - input - window.pad_begin[axis];
  return static_cast<u32>(std::max<i64>(needed, window.pad_end[axis]));
}

Result<format::Window> window_of(const Window& from, const Tensor& input, const Tensor& output) {
  format::Window window{};
  window.stride_h = TRY(narrow(from.stride[0], "a stride"));
  window.stride_w = TRY(narrow(from.stride[1], "a stride"));
  window.dilation_h = TRY(narrow(from.dilation[0], "a dilation"));
  window.dilation_w = TRY(narrow(from.dilation[1], "a dilation"));
  window.pad_top = TRY(narrow(from.pad_begin[0], "a pad"));
  window.pad_left = TRY(narrow(from.pad_begin[1], "a pad"));
  window.pad_bottom = TRY(narrow(trailing_pad(from, 0, input.shape[1], output.shape[1]), "a pad"));
  window.pad_right = TRY(narrow(trailing_pad(from, 1, input.shape[2], output.shape[2]), "a pad"));
  return window;
}

template <class T>
std::vector<u8> bytes_of(const T& value) {
  std::vector<u8> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

format::AddAttributes add_of(const Tensor& a, const Tensor& b, const Tensor& output, format::Clamp clamp) {
  if (output.dtype == DType::f32) return {{}, {}, {}, clamp};
  const f64 headroom = is_int8(output) ? 1048576.0 : 32768.0;
  const f64 m = 2 * std::max(scale_of(a), scale_of(b));
  return {nn::rescale_of(scale_of(a) / m), nn::rescale_of(scale_of(b) / m),
          nn::rescale_of(m / (headroom * scale_of(output))), clamp};
}

Result<std::vector<u8>> pool_of(const Node& node, const Tensor& input, const Tensor& output,
                                format::Clamp clamp) {
  const auto& pool = node.as<PoolAttributes>();
  format::Pool2dAttributes out{};
  out.window = TRY(window_of(pool.window, input, output));
  out.kernel_h = TRY(narrow(pool.window.kernel[0], "a kernel"));
  out.kernel_w = TRY(narrow(pool.window.kernel[1], "a kernel"));
  if (node.op == Op::average_pool && pool.count_include_pad) out.flags |= format::kCountIncludePad;
  if (pool.round_half_up && is_int8(output)) out.flags |= format::kRoundHalfUp;
  out.clamp = clamp;
  return bytes_of(out);
}

format::PadAttributes pad_of(const Node& node, const Tensor& output) {
  const auto& pad = node.as<PadAttributes>();
  format::PadAttributes out{};
  for (usize i = 0; i < pad.before.size() && i < nn::kMaxRank; ++i) {
    out.before[i] = static_cast<u32>(pad.before[i]);
    out.after[i] = static_cast<u32>(pad.after[i]);
  }
  out.value =
      is_int8(output) ? static_cast<u32>(quantized_bound(pad.value, output)) : std::bit_cast<u32>(pad.value);
  return out;
}

Result<std::vector<u8>> transpose_of(const Node& node) {
  const auto& perm = node.as<TransposeAttributes>().perm;
  format::TransposeAttributes out{};
  if (perm.size() > sizeof out.perm) return Error(Code::unsupported, "more than 8 dimensions");
  for (usize i = 0; i < perm.size(); ++i) out.perm[i] = static_cast<u8>(perm[i]);
  return bytes_of(out);
}

/// A transposed convolution's window: only the leading pads count.
format::Conv2dAttributes transposed_window(const Node& node, format::Clamp clamp) {
  const Window& from = node.as<ConvAttributes>().window;
  format::Window window{};
  window.stride_h = static_cast<u16>(from.stride[0]);
  window.stride_w = static_cast<u16>(from.stride[1]);
  window.dilation_h = window.dilation_w = 1;
  window.pad_top = static_cast<u16>(from.pad_begin[0]);
  window.pad_left = static_cast<u16>(from.pad_begin[1]);
  return {window, clamp};
}

format::SliceAttributes slice_of(const Node& node) {
  const auto& slice = node.as<SliceAttributes>();
  format::SliceAttributes out{};
  for (usize i = 0; i < slice.begin.size() && i < nn::kMaxRank; ++i) {
    out.begin[i] = static_cast<u32>(slice.begin[i]);
    out.step[i] = static_cast<u32>(slice.step[i]);
  }
  return out;
}

/// rescale of the operators that have one factor.
format::Rescale factor_of(const Graph& graph, const Node& node) {
  const Tensor& output = graph[node.output];
  if (!output.quantization || output.dtype == DType::f32) return {0, 0};
  const Tensor& x = graph[node.inputs[0]];
  switch (node.op) {
    case Op::global_average_pool:
      return nn::rescale_of(scale_of(x) / (scale_of(output) * static_cast<f64>(x.shape[1] * x.shape[2])));
    case Op::mul: return nn::rescale_of(scale_of(x) * scale_of(graph[node.inputs[1]]) / scale_of(output));
    default: return nn::rescale_of(scale_of(x) / scale_of(output));
  }
}

}  // namespace

bool has_weights(Op op) {
  return op == Op::transpose_conv || op == Op::conv || op == Op::depthwise_conv || op == Op::fully_connected;
}

Result<IntegerLayer> integer_layer(const Graph& graph, const Node& node) {
  const Tensor& x = graph[node.inputs[0]];
  const Tensor& w = graph[node.inputs[1]];
  const Tensor& output = graph[node.output];
  const std::vector<i64> bias = constant_ints(graph[node.inputs[2]]);
  const usize channels = bias.size();
  // Depthwise weights have the output channel last, all others first.
  const bool last = node.op == Op::depthwise_conv;
  const usize taps = w.data.size() / channels;
  const Quantization& weights = quantization_of(w);
  const i32 weight_zero = weights.per_channel() || weights.zero_points.empty() ? 0 : weights.zero_points[0];
  std::vector<i32> folded;
  std::vector<i32> factors;
  for (usize channel = 0; channel < channels; ++channel) {
    i64 sum = 0;
    for (usize tap = 0; tap < taps; ++tap)
      sum += static_cast<i8>(w.data[last ? tap * channels + channel : channel * taps + tap]) - weight_zero;
    const i64 value = bias[channel] - zero_of(x) * sum;
    const i64 room = (i64{1} << 31) - 1 - static_cast<i64>(taps) * 128 * 128;
    if (std::llabs(value) > room)
      return Error(Code::out_of_range, "the folded bias " + std::to_string(value) + " of channel " +
                                           std::to_string(channel) +
                                           " leaves its products no room in 32 bits");
    folded.push_back(static_cast<i32>(value));
    const f64 weight_scale = weights.scales[weights.scales.size() == 1 ? 0 : channel];
    const format::Rescale factor = nn::rescale_of(scale_of(x) * weight_scale / scale_of(output));
    factors.insert(factors.end(), {factor.multiplier, factor.shift});
  }
  const i64 count = static_cast<i64>(channels);
  const auto constant = [](const char* name, Shape shape, const std::vector<i32>& values) {
    Tensor tensor{name, DType::i32, std::move(shape)};
    tensor.constant = true;
    const u8* first = reinterpret_cast<const u8*>(values.data());
    tensor.data.assign(first, first + values.size() * sizeof(i32));
    return tensor;
  };
  return IntegerLayer{constant("bias", {count}, folded), constant("rescale", {count, 2}, factors)};
}

Result<IntegerLayer> wide_layer(const Graph& graph, const Node& node) {
  const Tensor& x = graph[node.inputs[0]];
  const Tensor& output = graph[node.output];
  const auto& scales = quantization_of(graph[node.inputs[1]]).scales;
  IntegerLayer layer{graph[node.inputs[2]], {"rescale", DType::i32, {}}};
  const std::vector<i64> bias = constant_ints(layer.bias);
  layer.bias.dtype = DType::i64;
  layer.bias.quantization.reset();
  layer.bias.data.resize(bias.size() * sizeof(i64));
  std::memcpy(layer.bias.data.data(), bias.data(), layer.bias.data.size());
  layer.rescale.shape = {static_cast<i64>(bias.size()), 2};
  layer.rescale.constant = true;
  for (usize channel = 0; channel < bias.size(); ++channel) {
    const f64 weight_scale = scales[scales.size() == 1 ? 0 : channel];
    const auto factor = bytes_of(nn::rescale_of(scale_of(x) * weight_scale / scale_of(output)));
    layer.rescale.data.insert(layer.rescale.data.end(), factor.begin(), factor.end());
  }
  return layer;
}

Result<std::vector<u8>> encode_attributes(const Graph& graph, const Node& node) {
  if (node.op == Op::general) return bytes_of(node.as<GeneralAttributes>());
  if (node.op == Op::svdf) return bytes_of(node.as<SvdfAttributes>());
  if (node.op == Op::lstm) return bytes_of(node.as<LstmAttributes>());
  if (node.op == Op::custom) return bytes_of(node.as<CustomAttributes>());
  const Tensor& input = graph[node.inputs[0]];
  const Tensor& output = graph[node.output];
  const bool clamped = !is_int8(output) || output.quantization.has_value() || node.op == Op::dynamic_quantize;
  if (!clamped) return Error(Code::internal, "an int8 tensor without a scale");
  const format::Clamp clamp = clamp_of(node, output);
  switch (node.op) {
    case Op::transpose_conv: return bytes_of(transposed_window(node, clamp));
    case Op::conv:
    case Op::depthwise_conv:
    case Op::dynamic_conv:
    case Op::dynamic_depthwise_conv: {
      const auto window = TRY(window_of(node.as<ConvAttributes>().window, input, output));
      return bytes_of(format::Conv2dAttributes{window, clamp});
    }
    case Op::dynamic_scale:
      return bytes_of(format::DynamicScaleAttributes{node.as<DynamicAttributes>().symmetric});
    case Op::fully_connected:
    case Op::dynamic_fully_connected:
    case Op::clamp: return bytes_of(format::ClampAttributes{clamp});
    case Op::max_pool:
    case Op::average_pool: return pool_of(node, input, output, clamp);
    case Op::global_average_pool:
    case Op::mul:
    case Op::requantize: return bytes_of(format::RescaleAttributes{factor_of(graph, node), clamp});
    case Op::leaky_relu_wide: {
      // In single precision, as TensorFlow Lite computes these two factors.
      const f32 x = quantization_of(input).scales[0], y = quantization_of(output).scales[0];
      return bytes_of(format::LeakyReluAttributes{
          nn::rescale_of(f64{x / y}), nn::rescale_of(f64{x * node.as<LeakyReluAttributes>().alpha / y})});
    }
    case Op::strided_slice: return bytes_of(slice_of(node));
    case Op::sub_wide:
    case Op::add: return bytes_of(add_of(input, graph[node.inputs[1]], output, clamp));
    case Op::transpose: return transpose_of(node);
    case Op::pad: return bytes_of(pad_of(node, output));
    case Op::concat:
      return bytes_of(format::ConcatAttributes{static_cast<u32>(node.as<AxisAttributes>().axis)});
    default: return std::vector<u8>{};
  }
}

}  // namespace pipit::model
