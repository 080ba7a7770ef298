// One function an operator, as emit_c/operators.cpp: false leaves the node to the portable kernel.
#include "compiler/model/emit_wasm/operators.h"

#include <algorithm>

#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_wasm/pack.h"
#include "nn/kernels/window.h"
#include "nn/shapes.h"

namespace pipit::model::wasm {
namespace {

using namespace nn::format;
using namespace c;
using nn::elements;
using nn::Node;

constexpr u32 kStripBytes = 65536;  ///< of windows side by side, which a matrix product then reads
constexpr u32 kFewestRows = 16;     ///< each of which reads all weights once more
constexpr u32 kMostTaps = 64;       ///< kernels/ring.c's most_taps

bool is_constant(const TensorRecord& tensor) {
  return tensor.placement == static_cast<u8>(Placement::constant);
}
/// Whether everything but the first input is there to be packed.
bool has_weights(const Node& node) {
  for (u32 i = 1; i < node.input_count(); ++i)
    if (!is_constant(node.input(i))) return false;
  return true;
}

u32 round_up(u32 value, u32 multiple) { return (value + multiple - 1) / multiple * multiple; }
u32 strip_of(u32 rows, u32 row_bytes) {
  return std::min(round_up(rows, 4), std::max(kFewestRows, kStripBytes / row_bytes / 4 * 4));
}

struct Matrix {
  u32 rows, outputs, depth;
};
Matrix matrix_of(const Node& node) {
  const TensorRecord& weights = node.input(1);
  const u32 outputs = weights.dims[0], depth = elements(weights) / outputs;
  return {elements(node.output()) / outputs, outputs, depth};
}

LayerI8 layer_of(const Writer& out, const Node& node, const Matrix& m) {
  return {out.data<i8>(node.input(1)),
          out.data<i32>(node.input(2)),
          out.data<Rescale>(node.input(3)),
          node.input(1).zero_point,
          m.outputs,
          m.depth,
          m.depth,
          1};
}

/// A grouped convolution is a dense one with zeros in the file; here its groups are found again.
bool conv2d_i8(Writer& out, const Node& node) {
  out.need({"within", "fixed_point", "simd", "strip", "gemm_i8", "conv2d_i8_simd"});
  const Matrix m = matrix_of(node);
  const LayerI8 layer = layer_of(out, node, m);
  const u32 inputs = node.input(1).dims[3];
  const u32 groups = least_work_groups(groups_of(layer.weights, m.outputs, m.depth, inputs, layer.zero_point),
                                       m.outputs, m.depth);
  const u32 row_bytes = 2 * round_up(m.depth / groups, 8), strip = strip_of(m.rows, row_bytes);
  const std::string buffer = out.scratch(strip * (4 + row_bytes));
  out.call("conv2d_i8_simd", Arguments{conv_window(out, node), out.input(node, 0), zero_point(node.input(0)),
                                       zero_point(node.input(1)), number(groups),
                                       "(const int8_t*)" + out.packed(pack_groups_i8(layer, inputs, groups)),
                                       zero_point(node.output())} +
                                 bounds_i8(node.attributes<Conv2dAttributes>().clamp) +
                                 Arguments{number(strip), "(int32_t*)" + buffer, out.output(node)});
  return true;
}

bool fully_connected_i8(Writer& out, const Node& node) {
  out.need({"window", "within", "fixed_point", "simd", "gemm_i8", "fully_connected_i8_simd"});
  const Matrix m = matrix_of(node);
  const u32 row_bytes = 2 * round_up(m.depth, 8), strip = strip_of(m.rows, row_bytes);
  const std::string buffer = out.scratch(strip * (4 + row_bytes));
  out.call("fully_connected_i8_simd",
           Arguments{out.input(node, 0), number(m.rows), number(m.depth), zero_point(node.input(1)),
                     "(const int8_t*)" + out.packed(pack_gemm_i8(layer_of(out, node, m))), number(m.outputs),
                     zero_point(node.output())} +
               bounds_i8(node.attributes<ClampAttributes>().clamp) +
               Arguments{number(strip), "(int32_t*)" + buffer, out.output(node)});
  return true;
}

/// As conv2d_i8().
bool conv2d_f32(Writer& out, const Node& node) {
  out.need({"bounded", "simd", "strip", "gemm_f32", "conv2d_f32_simd"});
  const Matrix m = matrix_of(node);
  const u32 inputs = node.input(1).dims[3];
  const f32* weights = out.data<f32>(node.input(1));
  const u32 groups = groups_of(weights, m.outputs, m.depth, inputs);
  const u32 depth = m.depth / groups, strip = strip_of(m.rows, 4 * depth);
  const std::string panels =
      out.packed(pack_groups_f32(weights, out.data<f32>(node.input(2)), m.outputs, m.depth, inputs, groups));
  const std::string buffer = out.scratch(strip * 4 * depth);
  out.call("conv2d_f32_simd",
           Arguments{conv_window(out, node), out.input(node, 0), number(groups), "(const float*)" + panels} +
               bounds_f32(node.attributes<Conv2dAttributes>().clamp) +
               Arguments{number(strip), "(float*)" + buffer, out.output(node)});
  return true;
}

bool fully_connected_f32(Writer& out, const Node& node) {
  out.need({"simd", "gemm_f32"});
  const Matrix m = matrix_of(node);
  const std::string panels = out.packed(
      pack_gemm_f32(out.data<f32>(node.input(1)), out.data<f32>(node.input(2)), m.outputs, m.depth));
  out.call("gemm_f32", Arguments{out.input(node, 0), number(m.depth), number(m.rows), number(m.depth),
                                 "(const float*)" + panels, number(m.outputs)} +
                           bounds_f32(node.attributes<ClampAttributes>().clamp) +
                           Arguments{out.output(node), number(m.outputs)});
  return true;
}

/// Bytes of a ring of rows; 0 where a depthwise kernel cannot run it.
u32 ring_bytes(const Node& node, u32 element) {
  const u32* weights = node.input(1).dims;
  const nn::WindowShape s =
      nn::window_shape(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window);
  if (s.in_c != s.out_c || s.kernel_h * s.kernel_w > kMostTaps) return 0;
  const u64 rows = u64{s.kernel_h - 1} * s.window.dilation_h + 1;
  const u64 columns = u64{s.out_w - 1} * s.window.stride_w + u64{s.kernel_w - 1} * s.window.dilation_w + 1;
  const u64 bytes = rows * columns * round_up(s.in_c, 8) * element;
  return bytes > (1u << 28) ? 0 : static_cast<u32>(bytes);
}

bool depthwise_i8(Writer& out, const Node& node) {
  const u32 bytes = ring_bytes(node, 2);
  if (bytes == 0) return false;
  const u32 channels = node.output().dims[3], taps = elements(node.input(1)) / channels;
  out.need({"within", "fixed_point", "simd", "ring", "gemm_i8", "depthwise_i8_simd"});
  LayerI8 layer = layer_of(out, node, {0, channels, taps});
  layer.channel_step = 1;
  layer.depth_step = channels;
  out.call("depthwise_i8_simd",
           Arguments{conv_window(out, node), out.input(node, 0), zero_point(node.input(0)),
                     "(const int8_t*)" + out.packed(pack_depthwise_i8(layer)), zero_point(node.output())} +
               bounds_i8(node.attributes<Conv2dAttributes>().clamp) +
               Arguments{"(int16_t*)" + out.scratch(bytes), out.output(node)});
  return true;
}

bool depthwise_f32(Writer& out, const Node& node) {
  const u32 bytes = ring_bytes(node, 4);
  if (bytes == 0) return false;
  const u32 channels = node.output().dims[3], taps = elements(node.input(1)) / channels;
  out.need({"simd", "ring", "depthwise_f32_simd"});
  const std::string panels = out.packed(
      pack_depthwise_f32(out.data<f32>(node.input(1)), out.data<f32>(node.input(2)), taps, channels));
  out.call("depthwise_f32_simd",
           Arguments{conv_window(out, node), out.input(node, 0), "(const float*)" + panels} +
               bounds_f32(node.attributes<Conv2dAttributes>().clamp) +
               Arguments{"(float*)" + out.scratch(bytes), out.output(node)});
  return true;
}

/// kernels/add_i8_simd.c's factors: none of its shifts may leave 1 … 31.
bool add_i8(Writer& out, const Node& node) {
  const auto& how = node.attributes<AddAttributes>();
  const auto is_term = [](const Rescale& factor) { return factor.shift <= 0 && factor.shift >= -30; };
  if (elements(node.input(1)) != elements(node.output()) || !is_term(how.a) || !is_term(how.b) ||
      how.out.shift > -2)
    return false;
  out.need({"within", "fixed_point", "simd", "gemm_i8", "add_i8_simd"});
  const std::string factors = out.constant(
      "int32_t", "[6]", factor_text(how.a) + ", " + factor_text(how.b) + ", " + factor_text(how.out));
  out.call("add_i8_simd", Arguments{out.input(node, 0), number(elements(node.output())), out.input(node, 1)} +
                              zero_points(node) + Arguments{factors, zero_point(node.output())} +
                              bounds_i8(how.clamp) + Arguments{out.output(node)});
  return true;
}

bool binary_f32(Writer& out, const Node& node, const char* name, const char* arguments, const Clamp& clamp) {
  out.need({"bounded", "simd", "binary_f32_simd"});
  out.declare_once(std::string("BINARY_F32(") + name + arguments + ")");
  out.call(name, pair(out, node) + bounds_f32(clamp) + Arguments{out.output(node)});
  return true;
}
bool add_f32(Writer& out, const Node& node) {
  return binary_f32(out, node, "add_f32_simd", ", wasm_f32x4_add, +", node.attributes<AddAttributes>().clamp);
}
bool mul_f32(Writer& out, const Node& node) {
  return binary_f32(out, node, "mul_f32_simd", ", wasm_f32x4_mul, *",
                    node.attributes<RescaleAttributes>().clamp);
}

template <DType dtype>
bool max_pool(Writer& out, const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  const std::string name = suffixed<dtype>("max_pool2d") + "_simd";
  out.need({"simd", "strip", "pool_simd"});
  out.declare_once("MAX_POOL_SIMD(" + name + ", " + kType<dtype> + ")");
  out.call(name, Arguments{window_of(out, node, a.kernel_h, a.kernel_w, a.window), out.input(node, 0)} +
                     bounds<dtype>(a.clamp) + Arguments{out.output(node)});
  return true;
}

template <DType dtype>
bool average_pool(Writer& out, const Node& node) {
  const auto& a = node.attributes<Pool2dAttributes>();
  const bool up = (a.flags & kRoundHalfUp) != 0;
  const std::string name = suffixed<dtype>(up ? "average_pool2d_up" : "average_pool2d") + "_simd";
  out.need({"simd", "strip", "average_pool2d", "pool_simd"});
  out.declare_once("AVERAGE_POOL_SIMD(" + name + ", " + kType<dtype> + ", " +
                   (dtype == DType::i8 ? "int32_t, add_pixel_i8" : "float, add_pixel_f32") + ", " +
                   quotient<dtype>(up) + ")");
  out.call(name, Arguments{window_of(out, node, a.kernel_h, a.kernel_w, a.window), out.input(node, 0),
                           (a.flags & kCountIncludePad) != 0 ? "1" : "0",
                           dtype == DType::i8 ? zero_point(node.input(0)) : "0"} +
                     bounds<dtype>(a.clamp) + Arguments{out.output(node)});
  return true;
}

Arguments image_of(Writer& out, const Node& node) {
  const u32* in = node.input(0).dims;
  return {out.input(node, 0), number(in[0]), number(in[1] * in[2]), number(in[3])};
}
bool global_pool_i8(Writer& out, const Node& node) {
  const auto& a = node.attributes<RescaleAttributes>();
  out.need({"window", "within", "fixed_point", "simd", "strip", "pool_simd", "global_pool_i8_simd"});
  out.call("global_average_pool_i8_simd",
           image_of(out, node) +
               Arguments{zero_point(node.input(0)), factor(out, a.rescale), zero_point(node.output())} +
               bounds_i8(a.clamp) + Arguments{out.output(node)});
  return true;
}
bool global_pool_f32(Writer& out, const Node& node) {
  out.need({"window", "bounded", "simd", "strip", "pool_simd", "global_pool_f32_simd"});
  out.call("global_average_pool_f32_simd", image_of(out, node) +
                                               bounds_f32(node.attributes<RescaleAttributes>().clamp) +
                                               Arguments{out.output(node)});
  return true;
}

bool quantize(Writer& out, const Node& node) {
  out.need({"within", "fixed_point", "simd", "gemm_i8", "quantize_simd"});
  out.call("quantize_f32_simd", {out.input(node, 0), number(elements(node.output())),
                                 literal(node.output().scale), zero_point(node.output()), out.output(node)});
  return true;
}

/// Where two groups of neighbouring axes change places, behind axes that stay.
bool transpose(Writer& out, const Node& node) {
  const TensorRecord& in = node.input(0);
  const u8* perm = node.attributes<TransposeAttributes>().perm;
  const u32 bytes = dtype_bytes(static_cast<DType>(in.dtype));
  if (bytes != 1 && bytes != 4) return false;
  u32 first = 0;
  while (first < in.rank && perm[first] == first) ++first;
  if (first == in.rank) return false;
  const u32 split = perm[first];
  for (u32 axis = first; axis < in.rank; ++axis)
    if (perm[axis] != (axis - first + split - first) % (in.rank - first) + first) return false;
  u32 outer = 1, rows = 1, columns = 1;
  for (u32 axis = 0; axis < in.rank; ++axis)
    (axis < first ? outer : axis < split ? rows : columns) *= in.dims[axis];
  const std::string type = bytes == 1 ? "uint8_t" : "uint32_t", name = "swap_axes_" + number(bytes);
  out.need({"window", "simd", "swap_axes"});
  out.declare_once("SWAP_AXES(" + name + ", " + type + ")");
  out.call(name, {"(const " + type + "*)" + out.input(node, 0), number(outer), number(rows), number(columns),
                  "(" + type + "*)" + out.output(node)});
  return true;
}

struct Entry {
  Opcode opcode;
  DType dtype;
  bool packs;  ///< all inputs but the first
  bool (*write)(Writer& out, const Node& node);
};
constexpr Entry kEntries[] = {
    {Opcode::conv2d, DType::i8, true, conv2d_i8},
    {Opcode::conv2d, DType::f32, true, conv2d_f32},
    {Opcode::conv2d_asymmetric, DType::i8, true, conv2d_i8},
    {Opcode::depthwise_conv2d, DType::i8, true, depthwise_i8},
    {Opcode::depthwise_conv2d, DType::f32, true, depthwise_f32},
    {Opcode::depthwise_conv2d_asymmetric, DType::i8, true, depthwise_i8},
    {Opcode::fully_connected, DType::i8, true, fully_connected_i8},
    {Opcode::fully_connected, DType::f32, true, fully_connected_f32},
    {Opcode::fully_connected_asymmetric, DType::i8, true, fully_connected_i8},
    {Opcode::max_pool2d, DType::i8, false, max_pool<DType::i8>},
    {Opcode::max_pool2d, DType::f32, false, max_pool<DType::f32>},
    {Opcode::average_pool2d, DType::i8, false, average_pool<DType::i8>},
    {Opcode::average_pool2d, DType::f32, false, average_pool<DType::f32>},
    {Opcode::global_average_pool, DType::i8, false, global_pool_i8},
    {Opcode::global_average_pool, DType::f32, false, global_pool_f32},
    {Opcode::add, DType::i8, false, add_i8},
    {Opcode::add, DType::f32, false, add_f32},
    {Opcode::mul, DType::f32, false, mul_f32},
    {Opcode::quantize, DType::f32, false, quantize},
    {Opcode::transpose, nn::kAnyDType, false, transpose},
};

bool write(Writer& out, const Node& node) {
  for (const Entry& entry : kEntries)
    if ((!entry.packs || has_weights(node)) && static_cast<u8>(entry.opcode) == node.opcode() &&
        (entry.dtype == static_cast<DType>(node.input(0).dtype) || entry.dtype == nn::kAnyDType))
      return entry.write(out, node);
  return false;
}

}  // namespace

std::vector<DType> types_of(Opcode opcode) {
  std::vector<DType> types;
  for (const Entry& entry : kEntries)
    if (entry.opcode == opcode) types.push_back(entry.dtype);
  return types;
}

const Dialect& dialect() {
  static const Dialect made = {write, kernels()};
  return made;
}

}  // namespace pipit::model::wasm
