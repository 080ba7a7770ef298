// Convolutions, poolings and normalisations. What the tuned operators execute
// (two-dimensional float images, weights known now) becomes one of them, everything else a general function.
#include <algorithm>

#include "compiler/model/import_operators.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;
using Pool = nn::general::Pool;

/// A window over any number of spatial axes.
struct Windows {
  std::vector<i64> kernel, stride, dilation, begin, end;
  usize axes() const { return kernel.size(); }
  /// Whether windows of the tuned kernels can be so large, and no padding cuts.
  bool is_small() const {
    const auto small = [](const std::vector<i64>& values) {
      return std::all_of(values.begin(), values.end(), [](i64 v) { return v >= 0 && v <= 65535; });
    };
    return small(kernel) && small(stride) && small(dilation) && small(begin) && small(end);
  }
  bool one_dimensional() const { return axes() == 1 && is_small(); }
  bool two_dimensional() const { return axes() == 2 && is_small(); }
  Window as_window() const {
    Window window;
    for (usize i = 0; i < 2; ++i) {
      window.kernel[i] = static_cast<u32>(kernel[i]);
      window.stride[i] = static_cast<u32>(stride[i]);
      window.dilation[i] = static_cast<u32>(dilation[i]);
      window.pad_begin[i] = static_cast<u32>(begin[i]);
      window.pad_end[i] = static_cast<u32>(end[i]);
    }
    return window;
  }
  /// ints of a general function: `first`, then strides, dilations, pads, and what stands at 17 and on.
  std::vector<i64> ints(i64 first, const std::vector<i64>& last) const {
    std::vector<i64> all(24, 0);
    all[0] = first;
    for (usize i = 0; i < axes() && i < 4; ++i) {
      all[1 + i] = stride[i];
      all[5 + i] = dilation[i];
      all[9 + i] = begin[i];
      all[13 + i] = end[i];
      if (i < last.size()) all[17 + i] = last[i];
    }
    return all;
  }
};

/// An attribute of one number an axis, each ≥ `least`; `fallback` everywhere when absent.
Result<std::vector<i64>> per_axis(Import& in, const char* name, usize axes, i64 fallback, i64 least) {
  auto values = TRY(in.attributes.integers(name));
  if (values.empty()) return std::vector<i64>(axes, fallback);
  if (values.size() != axes)
    return Error(Code::malformed, std::string(name) + " needs one number per spatial axis");
  for (i64 value : values)
    if (value < least || value > 65535) return Error(Code::malformed, std::string(name) + " is out of range");
  return values;
}

Result<Windows> read_windows(Import& in, std::vector<i64> kernel_of_weights) {
  Windows w;
  const Shape& x = in.operand(0).shape;
  if (x.size() < 3 || x.size() > 6)
    return Error(Code::unsupported, "needs [N,C,…] with 1 to 4 spatial axes, got " + to_string(x));
  const usize axes = x.size() - 2;
  w.kernel = TRY(in.attributes.integers("kernel_shape"));
  if (w.kernel.empty()) w.kernel = std::move(kernel_of_weights);
  if (w.kernel.size() != axes)
    return Error(Code::malformed, "kernel_shape needs one number per spatial axis");
  for (i64 extent : w.kernel)
    if (extent < 1 || extent > 65535) return Error(Code::malformed, "the kernel is empty or huge");
  w.stride = TRY(per_axis(in, "strides", axes, 1, 1));
  w.dilation = TRY(per_axis(in, "dilations", axes, 1, 1));
  auto pads = TRY(in.attributes.integers("pads"));
  if (pads.empty()) pads.assign(2 * axes, 0);
  if (pads.size() != 2 * axes) return Error(Code::malformed, "pads needs two numbers per spatial axis");
  for (i64 pad : pads)
    if (pad < -65535 || pad > 65535) return Error(Code::malformed, "pads are out of range");
  w.begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  w.end.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  return w;
}

/// auto_pad SAME: the output is ceil(input / stride); an odd element goes to the end (upper) or the
/// beginning.
void pad_same(Windows& w, const Shape& x, bool upper) {
  for (usize i = 0; i < w.axes(); ++i) {
    const i64 reach = w.dilation[i] * (w.kernel[i] - 1) + 1;
    const i64 extent = (x[2 + i] + w.stride[i] - 1) / w.stride[i];
    const i64 total = std::clamp<i64>((extent - 1) * w.stride[i] + reach - x[2 + i], 0, 65535);
    w.begin[i] = upper ? total / 2 : total - total / 2;
    w.end[i] = total - w.begin[i];
  }
}

Result<Windows> read_padded_windows(Import& in, std::vector<i64> kernel_of_weights) {
  Windows w = TRY(read_windows(in, std::move(kernel_of_weights)));
  const std::string mode = TRY(in.attributes.text("auto_pad", "NOTSET"));
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    pad_same(w, in.operand(0).shape, mode == "SAME_UPPER");
  else if (mode == "VALID")
    w.begin = w.end = std::vector<i64>(w.axes(), 0);
  else if (mode != "NOTSET")
    return Error(Code::malformed, "auto_pad '" + mode + "' is not known");
  return w;
}

/// One value a channel as [C,1,…], so that it repeats along [N,C,…] of `rank` axes.
Result<TensorId> per_channel(Import& in, TensorId id, usize rank) {
  Shape shape(rank - 1, 1);
  shape[0] = element_count(in.graph[id].shape);
  return in.reshape(id, shape);
}

Result<TensorId> add_bias(Import& in, TensorId sum, usize bias) {
  if (!in.has(bias)) return sum;
  return in.binary(Binary::add, sum, TRY(per_channel(in, in.inputs[bias], in.graph[sum].shape.size())));
}

/// The shape with an axis of 1 before its only spatial one, or without it again.
Shape flattened(const Shape& x) { return {x[0], x[1], 1, x[2]}; }
Shape row_of(const Shape& image) { return {image[0], image[1], image[3]}; }

/// A convolution along one axis is one of an image of height 1, which the tuned kernels take.
Result<TensorId> conv_of_row(Import& in, Windows w, u32 group) {
  for (auto* ones : {&w.kernel, &w.stride, &w.dilation}) ones->insert(ones->begin(), 1);
  for (auto* pads : {&w.begin, &w.end}) pads->insert(pads->begin(), 0);
  std::vector<TensorId> operands = in.inputs;
  for (usize i = 0; i < 2; ++i) operands[i] = TRY(in.reshape(in.inputs[i], flattened(in.operand(i).shape)));
  const TensorId image = TRY(in.emit(Op::conv, operands, ConvAttributes{w.as_window(), group}));
  return in.reshape(image, row_of(in.graph[image].shape));
}

Result<TensorId> import_conv(Import& in) {
  const Shape& w = in.operand(1).shape;
  if (w.size() < 3) return Error(Code::malformed, "needs [O,I,…] weights, got " + to_string(w));
  const Windows windows = TRY(read_padded_windows(in, {w.begin() + 2, w.end()}));
  const i64 group = TRY(in.attributes.integer("group", 1));
  if (group < 1 || group > (1 << 20)) return Error(Code::malformed, "group is out of range");
  const bool bias_known = !in.has(2) || in.is_weight(2);
  if (in.is_filled(0) && windows.two_dimensional() && in.is_weight(1) && bias_known)
    return in.emit(Op::conv, in.inputs, ConvAttributes{windows.as_window(), static_cast<u32>(group)});
  if (in.is_filled(0) && windows.one_dimensional() && in.operand(1).constant && w.size() == 3 && bias_known)
    return conv_of_row(in, windows, static_cast<u32>(group));
  const TensorId sum = TRY(in.emit(FunctionId::conv, {in.inputs[0], in.inputs[1]}, windows.ints(group, {})));
  return add_bias(in, sum, 2);
}

/// Pads of a ConvTranspose from its output_shape or auto_pad.
Result<Windows> transposed_windows(Import& in, const std::vector<i64>& extra) {
  const Shape& w = in.operand(1).shape;
  const Shape& x = in.operand(0).shape;
  if (w.size() < 3) return Error(Code::malformed, "needs [I,O,…] weights, got " + to_string(w));
  Windows windows = TRY(read_windows(in, {w.begin() + 2, w.end()}));
  const std::string mode = TRY(in.attributes.text("auto_pad", "NOTSET"));
  auto wanted = TRY(in.attributes.integers("output_shape"));
  if (wanted.size() > windows.axes())
    wanted.erase(wanted.begin(), wanted.end() - static_cast<std::ptrdiff_t>(windows.axes()));
  const bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (wanted.empty() && same)
    for (usize i = 0; i < windows.axes(); ++i) wanted.push_back(x[2 + i] * windows.stride[i]);
  if (wanted.empty()) return windows;
  if (wanted.size() != windows.axes())
    return Error(Code::malformed, "output_shape needs one number per spatial axis");
  for (usize i = 0; i < windows.axes(); ++i) {
    const i64 reach = windows.dilation[i] * (windows.kernel[i] - 1) + 1;
    const i64 total = (x[2 + i] - 1) * windows.stride[i] + extra[i] + reach - wanted[i];
    if (total < -65535 || total > 65535) return Error(Code::malformed, "output_shape does not fit the input");
    // The odd element goes to the end, or to the beginning for SAME_LOWER; a negative sum makes the output
    // larger.
    windows.begin[i] = mode == "SAME_UPPER" || !same ? total / 2 : total - total / 2;
    windows.end[i] = total - windows.begin[i];
  }
  return windows;
}

Result<TensorId> import_conv_transpose(Import& in) {
  const usize axes = in.rank(0) < 3 ? 0 : in.rank(0) - 2;
  const auto extra = TRY(per_axis(in, "output_padding", axes, 0, 0));
  const Windows windows = TRY(transposed_windows(in, extra));
  const i64 group = TRY(in.attributes.integer("group", 1));
  const TensorId sum =
      TRY(in.emit(FunctionId::conv_transpose, {in.inputs[0], in.inputs[1]}, windows.ints(group, extra)));
  return add_bias(in, sum, 2);
}

std::vector<i64> pool_ints(const Windows& windows, Pool kind, bool ceil, bool count_pad, bool columns_first) {
  auto ints = windows.ints(static_cast<i64>(kind), windows.kernel);
  ints[21] = ceil;
  ints[22] = count_pad;
  ints[23] = columns_first;
  return ints;
}

/// Whether the tuned poolings take it: every window has a tap on the image.
bool pools_fast(Import& in, const Windows& w, bool average, bool ceil, bool count_pad) {
  const DType dtype = in.dtype(0);
  if ((dtype != DType::f32 && dtype != DType::i8 && dtype != DType::u8) || !w.two_dimensional()) return false;
  if (element_count(in.operand(0).shape) == 0 || (ceil && count_pad)) return false;
  for (usize i = 0; i < 2; ++i) {
    if (average && w.dilation[i] != 1) return false;
    if (w.begin[i] >= w.kernel[i] || w.end[i] >= w.kernel[i] ||
        (w.dilation[i] > 1 && w.begin[i] + w.end[i] > 0))
      return false;
    if (ceil && w.end[i] + w.stride[i] > w.kernel[i]) return false;
  }
  return true;
}

Result<TensorId> import_max_pool(Import& in) {
  const Windows windows = TRY(read_padded_windows(in, {}));
  const bool ceil = TRY(in.attributes.integer("ceil_mode", 0)) != 0;
  const bool columns_first = TRY(in.attributes.integer("storage_order", 0)) != 0;
  if (in.wants_output(1))
    in.bind(1, TRY(in.emit(FunctionId::pool, in.inputs,
                           pool_ints(windows, Pool::maximum_index, ceil, false, columns_first))));
  if (pools_fast(in, windows, false, ceil, false))
    return in.emit(Op::max_pool, in.inputs, PoolAttributes{.window = windows.as_window(), .ceil_mode = ceil});
  return in.emit(FunctionId::pool, in.inputs, pool_ints(windows, Pool::maximum, ceil, false, false));
}

Result<TensorId> import_average_pool(Import& in) {
  const Windows windows = TRY(read_padded_windows(in, {}));
  const bool ceil = TRY(in.attributes.integer("ceil_mode", 0)) != 0;
  const bool count_pad = TRY(in.attributes.integer("count_include_pad", 0)) != 0;
  if (pools_fast(in, windows, true, ceil, count_pad))
    return in.emit(
        Op::average_pool, in.inputs,
        PoolAttributes{.window = windows.as_window(), .count_include_pad = count_pad, .ceil_mode = ceil});
  return in.emit(FunctionId::pool, in.inputs, pool_ints(windows, Pool::average, ceil, count_pad, false));
}

Result<TensorId> import_lp_pool(Import& in) {
  const Windows windows = TRY(read_padded_windows(in, {}));
  const bool ceil = TRY(in.attributes.integer("ceil_mode", 0)) != 0;
  // A whole number since opset 2, a real one before.
  const f32 p =
      in.opset >= 2 ? static_cast<f32>(TRY(in.attributes.integer("p", 2))) : TRY(in.attributes.real("p", 2));
  return in.emit(FunctionId::pool, in.inputs, pool_ints(windows, Pool::lp, ceil, false, false), {p});
}

std::vector<i64> spatial_axes(const Import& in) {
  std::vector<i64> axes;
  for (usize i = 2; i < in.rank(0); ++i) axes.push_back(static_cast<i64>(i));
  return axes;
}

Result<TensorId> import_global_average_pool(Import& in) {
  if (in.rank(0) < 3) return Error(Code::malformed, "needs [N,C,…]");
  if (in.rank(0) == 4 && in.is_filled(0)) return in.emit(Op::global_average_pool, in.inputs);
  return in.reduce(Reduce::mean, in.inputs[0], spatial_axes(in));
}
Result<TensorId> import_global_max_pool(Import& in) {
  if (in.rank(0) < 3) return Error(Code::malformed, "needs [N,C,…]");
  return in.reduce(Reduce::maximum, in.inputs[0], spatial_axes(in));
}
Result<TensorId> import_global_lp_pool(Import& in) {
  if (in.rank(0) < 3) return Error(Code::malformed, "needs [N,C,…]");
  const i64 p = TRY(in.attributes.integer("p", 2));
  if (p == 1 || p == 2) return in.reduce(p == 1 ? Reduce::l1 : Reduce::l2, in.inputs[0], spatial_axes(in));
  const DType dtype = in.dtype(0);
  const TensorId size = TRY(in.unary(Unary::absolute, in.inputs[0]));
  const TensorId powers = TRY(in.binary(Binary::power, size, in.number(dtype, static_cast<f64>(p))));
  const TensorId sum = TRY(in.reduce(Reduce::sum, powers, spatial_axes(in)));
  return in.binary(Binary::power, sum, in.number(dtype, 1.0 / static_cast<f64>(p)));
}

Result<TensorId> import_max_unpool(Import& in) {
  const usize axes = in.rank(0) < 3 ? 0 : in.rank(0) - 2;
  const Windows windows = TRY(read_windows(in, {}));
  const Shape& x = in.operand(0).shape;
  Shape natural = x;
  for (usize i = 0; i < axes; ++i)
    natural[2 + i] =
        (x[2 + i] - 1) * windows.stride[i] - windows.begin[i] - windows.end[i] + windows.kernel[i];
  Shape wanted = natural;
  if (in.has(2)) wanted = TRY(in.constant(2, "the output shape"));
  if (wanted.size() != x.size() || x.size() > nn::kMaxRank)
    return Error(Code::malformed, "output shape has another rank");
  // Indices count in the natural output; a larger one leaves a rim behind it.
  const auto with_rank = [](const Shape& shape) {
    std::vector<i64> ints{static_cast<i64>(shape.size())};
    ints.insert(ints.end(), shape.begin(), shape.end());
    return ints;
  };
  const TensorId spread = TRY(in.emit(FunctionId::unpool, {in.inputs[0], in.inputs[1]}, with_rank(natural)));
  if (wanted == natural) return spread;
  std::vector<i64> pads(17, 0);
  for (usize i = 0; i < wanted.size(); ++i) pads[9 + i] = wanted[i] - natural[i];
  return in.emit(FunctionId::pad, {spread}, pads);
}

/// (x − mean) ÷ √(variance + epsilon) × scale + bias, all of them [C].
Result<TensorId> normalise(Import& in, TensorId mean, TensorId variance, f32 epsilon) {
  const usize rank = in.rank(0);
  const DType dtype = in.dtype(0);
  const TensorId shifted =
      TRY(in.binary(Binary::add, variance, in.number(in.graph[variance].dtype, epsilon)));
  const TensorId deviation = TRY(in.cast(TRY(in.unary(Unary::sqrt, shifted)), dtype));
  const TensorId centred = TRY(in.binary(Binary::subtract, in.inputs[0], TRY(in.cast(mean, dtype))));
  const TensorId unit = TRY(in.binary(Binary::divide, centred, deviation));
  const TensorId scale = TRY(in.cast(TRY(per_channel(in, in.inputs[1], rank)), dtype));
  const TensorId bias = TRY(in.cast(TRY(per_channel(in, in.inputs[2], rank)), dtype));
  return in.binary(Binary::add, TRY(in.binary(Binary::multiply, unit, scale)), bias);
}

/// Statistics of this batch; the running ones are outputs.
Result<TensorId> train_batch_norm(Import& in, f32 epsilon, f32 momentum) {
  std::vector<i64> axes{0};
  for (i64 axis : spatial_axes(in)) axes.push_back(axis);
  const TensorId mean = TRY(in.reduce(Reduce::mean, in.inputs[0], axes));
  const TensorId centred = TRY(in.binary(Binary::subtract, in.inputs[0], mean));
  const TensorId variance = TRY(in.reduce(Reduce::mean, TRY(in.unary(Unary::square, centred)), axes));
  for (usize output = 1; output <= 2; ++output) {
    if (!in.wants_output(output)) continue;
    const TensorId running = in.inputs[2 + output];
    const TensorId now = TRY(in.reshape(output == 1 ? mean : variance, in.graph[running].shape));
    const TensorId kept =
        TRY(in.binary(Binary::multiply, running, in.number(in.graph[running].dtype, momentum)));
    const TensorId added =
        TRY(in.binary(Binary::multiply, now, in.number(in.graph[now].dtype, 1 - momentum)));
    in.bind(output, TRY(in.binary(Binary::add, kept, added)));
  }
  return normalise(in, mean, variance, epsilon);
}

Result<TensorId> import_batch_norm(Import& in) {
  const f32 epsilon = TRY(in.attributes.real("epsilon", 1e-5f));
  const f32 momentum = TRY(in.attributes.real("momentum", 0.9f));
  if (TRY(in.attributes.integer("spatial", 1)) != 1)
    return Error(Code::unsupported, "statistics per element");
  TRY(in.attributes.integer("is_test", 1));
  if (in.rank(0) < 2) return Error(Code::malformed, "needs an input with a channel axis");
  if (TRY(in.attributes.integer("training_mode", 0)) != 0) return train_batch_norm(in, epsilon, momentum);
  bool known = in.is_filled(0);
  for (usize i = 1; i < 5; ++i) known = known && in.operand(i).constant && in.dtype(i) == DType::f32;
  if (known) return in.emit(Op::batch_norm, in.inputs, BatchNormAttributes{epsilon});
  const TensorId mean = TRY(per_channel(in, in.inputs[3], in.rank(0)));
  return normalise(in, mean, TRY(per_channel(in, in.inputs[4], in.rank(0))), epsilon);
}

/// Each channel of each sample over its own mean and variance.
Result<TensorId> import_instance_norm(Import& in) {
  const f32 epsilon = TRY(in.attributes.real("epsilon", 1e-5f));
  if (in.rank(0) < 3) return Error(Code::malformed, "needs [N,C,…]");
  const TensorId mean = TRY(in.reduce(Reduce::mean, in.inputs[0], spatial_axes(in)));
  const TensorId centred = TRY(in.binary(Binary::subtract, in.inputs[0], mean));
  const TensorId variance =
      TRY(in.reduce(Reduce::mean, TRY(in.unary(Unary::square, centred)), spatial_axes(in)));
  return normalise(in, mean, variance, epsilon);
}

Result<TensorId> import_lrn(Import& in) {
  const i64 size = TRY(in.attributes.integer("size", 1));
  const f32 alpha = TRY(in.attributes.real("alpha", 1e-4f)), beta = TRY(in.attributes.real("beta", 0.75f));
  return in.emit(FunctionId::local_response, in.inputs, {size},
                 {alpha, beta, TRY(in.attributes.real("bias", 1))});
}

constexpr ImportRule kRules[] = {
    {"AveragePool", 1, 1, import_average_pool},
    {"BatchNormalization", 5, 5, import_batch_norm},
    {"Conv", 2, 3, import_conv},
    {"ConvTranspose", 2, 3, import_conv_transpose},
    {"GlobalAveragePool", 1, 1, import_global_average_pool},
    {"GlobalLpPool", 1, 1, import_global_lp_pool},
    {"GlobalMaxPool", 1, 1, import_global_max_pool},
    {"InstanceNormalization", 3, 3, import_instance_norm},
    {"LRN", 1, 1, import_lrn},
    {"LpPool", 1, 1, import_lp_pool},
    {"MaxPool", 1, 1, import_max_pool},
    {"MaxUnpool", 2, 3, import_max_unpool},
};

}  // namespace

std::span<const ImportRule> layer_rules() { return kRules; }

}  // namespace pipit::model
