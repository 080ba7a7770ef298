// Windows over images of any number of axes, and images of another size.
#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
#include "nn/general/general.h"
#include "nn/general/resize.h"

namespace pipit::model::c {

using namespace nn::format;
using nn::is;
using nn::Node;
using nn::general::Pool;
using nn::general::Strides;
using nn::general::Type;
using nn::general::type_of;

namespace {

/// The `windows` of kernels/windows.c over spatial axes of `in`, one position for each of those of `out`.
/// Kernel extents are `kernel`'s; strides and the like stand in the attributes as nn/general/window.h says.
std::string windows_of(Writer& out, const Node& node, const Type& in, const Type& positions,
                       const std::vector<u32>& kernel) {
  const i32* ints = how(node).ints;
  const u32 axes = in.rank - 2;
  u32 taps = 1;
  std::string lists[7];
  for (u32 i = 0; i < 4; ++i) {
    const bool used = i < axes;
    const i64 values[7] = {used ? in.dims[2 + i] : 1, used ? positions.dims[2 + i] : 1,
                           used ? kernel[i] : 1,      used ? ints[1 + i] : 1,
                           used ? ints[5 + i] : 1,    used ? ints[9 + i] : 0,
                           used ? ints[13 + i] : 0};
    for (u32 k = 0; k < 7; ++k) lists[k] += (i == 0 ? "{" : ", ") + std::to_string(values[k]);
    if (used) taps *= kernel[i];
  }
  std::string text = number(axes);
  for (const std::string& list : lists) text += ", " + list + "}";
  for (u32 value : {taps, in.product(2, in.rank), positions.product(2, positions.rank)})
    text += ", " + number(value);
  out.need({"windows"});
  return "&" + out.constant("windows", "", text);
}

std::vector<u32> kernel_of(const Type& weights) { return {weights.dims + 2, weights.dims + weights.rank}; }

/// What sums of products are taken in.
std::string wide_of(const TensorRecord& tensor) {
  return is(tensor, DType::f32) ? "float" : is(tensor, DType::f64) ? "double" : "uint64_t";
}
std::string lowest_of(const TensorRecord& tensor) {
  switch (static_cast<DType>(tensor.dtype)) {
    case DType::f32: return "-1.0f / 0.0f";
    case DType::f64: return "-1.0 / 0.0";
    default: return limits_of(tensor.dtype).lowest;
  }
}

void convolve(Writer& out, const Node& node, const char* macro, const std::string& name,
              const std::string& windows, u32 out_channels, u32 depth) {
  const Type x = type_of(node.input(0));
  const std::string type = type_name(node.input(0).dtype);
  out.need({"conv"});
  out.declare_once(std::string(macro) + "(" + name + type + ", " + type + ", " + wide_of(node.input(0)) +
                   ")");
  out.call(name + type, {windows, out.input(node, 0), number(x.dims[0]), number(x.dims[1]),
                         out.input(node, 1), number(out_channels), number(depth), out.output(node)});
}

}  // namespace

bool has_conv(const Node& node) { return !is_half(node.output().dtype); }
void conv(Writer& out, const Node& node) {
  const Type w = type_of(node.input(1));
  convolve(out, node, "CONV", "conv_of_",
           windows_of(out, node, type_of(node.input(0)), type_of(node.output()), kernel_of(w)), w.dims[0],
           w.dims[1]);
}
void conv_transpose(Writer& out, const Node& node) {
  const Type w = type_of(node.input(1));
  convolve(out, node, "CONV_TRANSPOSE", "conv_transpose_of_",
           windows_of(out, node, type_of(node.output()), type_of(node.input(0)), kernel_of(w)), w.dims[1],
           node.input(0).dims[1] / static_cast<u32>(how(node).ints[0]));
}

bool has_pool(const Node& node) {
  return !is_half(node.input(0).dtype) && static_cast<Pool>(how(node).ints[0]) != Pool::lp;
}
void pool(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const i32* ints = how(node).ints;
  std::vector<u32> kernel;
  for (u32 i = 0; i + 2 < x.rank; ++i) kernel.push_back(static_cast<u32>(ints[17 + i]));
  const Pool kind = static_cast<Pool>(ints[0]);
  const std::string type = type_name(node.input(0).dtype);
  std::string name = "pool_average_of_" + type, macro = "POOL_AVERAGE(" + name + ", " + type + ")";
  Arguments arguments{windows_of(out, node, x, type_of(node.output()), kernel), out.input(node, 0),
                      number(x.dims[0] * x.dims[1])};
  if (kind == Pool::maximum) {
    name = "pool_maximum_of_" + type;
    macro = "POOL_MAXIMUM(" + name + ", " + type + ", " + lowest_of(node.input(0)) + ")";
  } else if (kind == Pool::maximum_index) {
    name = "pool_index_of_" + type;
    macro = "POOL_INDEX(" + name + ", " + type + ")";
    arguments.push_back(number(ints[23] != 0));
  } else {
    arguments.push_back(number(ints[22] != 0));
  }
  out.need({"pool"});
  out.declare_once(macro);
  out.call(name, arguments + Arguments{out.output(node)});
}

bool has_resize(const Node& node) {
  return node.output().rank > 0 && !is_half(node.output().dtype) && node.input_count() == 1;
}
/// Which elements make which, and their weights, are known ahead: constants.
void resize(Writer& out, const Node& node) {
  const nn::general::Operand x{type_of(node.input(0))};
  const nn::general::Call call{{&x, 1}, how(node), type_of(node.output())};
  const Strides own = nn::general::strides_of(x.type);
  std::string axes;
  for (u32 axis = 0; axis < call.type.rank; ++axis) {
    std::string places, weights;
    u32 most = 1;
    for (u32 i = 0; i < call.type.dims[axis]; ++i)
      most = std::max(most, nn::general::resize_taps(call, axis, i).count);
    for (u32 i = 0; i < call.type.dims[axis]; ++i) {
      const auto taps = nn::general::resize_taps(call, axis, i);
      for (u32 k = 0; k < most; ++k) {
        const bool used = k < taps.count;
        places += (places.empty() ? "" : ", ") + std::to_string(used ? taps.at[k] * own.of[axis] : 0);
        weights += (weights.empty() ? "" : ", ") + (used ? literal(taps.weight[k]) : "0");
      }
    }
    const std::string dims = "[" + number(most * call.type.dims[axis]) + "]";
    const std::string at = out.constant("int32_t", dims, places), by = out.constant("double", dims, weights);
    axes.append(axes.empty() ? "{" : ", {").append(number(most)).append(", ");
    axes.append(at).append(", ").append(by).append("}");
  }
  const std::string type = type_name(node.output().dtype), name = "resize_of_" + type;
  out.need({"resize"});
  out.declare_once("RESIZE(" + name + ", " + type + ", " +
                   (is_real(node.output()) ? "value" : "nearest_whole(value)") + ")");
  const std::string all = out.constant("resize_axis", "[" + number(call.type.rank) + "]", axes);
  out.call(name, {out.input(node, 0), all, integers(out, dims_of(call.type)), number(call.type.rank),
                  out.output(node)});
}

}  // namespace pipit::model::c
