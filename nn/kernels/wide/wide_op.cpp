#include "base/endian.h"
#include "nn/fixed_point.h"
#include "nn/kernels/layout/layout.h"
#include "nn/kernels/wide/wide.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

using format::AddAttributes;
using format::Conv2dAttributes;
using format::Opcode;
using format::TensorRecord;

bool is_wide_clamp(const format::Clamp& clamp) {
  return -32768 <= clamp.low_i32() && clamp.low_i32() <= clamp.high_i32() && clamp.high_i32() <= 32767;
}

WindowShape shape_of(const Node& node) {
  const u32* weights = node.input(1).dims;
  return window_shape(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window);
}

/// Weights, bias and factors of both convolutions.
const char* verify_parameters(const Node& node) {
  const TensorRecord& weights = node.input(1);
  const u32 channels = node.output().dims[3];
  if (weights.dims[0] != channels || weights.dims[3] != node.input(0).dims[3])
    return "wide convolution weights do not fit the channels";
  if (elements(weights) / channels > format::kMaxAccumulation)
    return "wide convolution sums too many products";
  const TensorRecord& bias = node.input(2);
  const TensorRecord& factors = node.input(3);
  if (!is(bias, DType::i64) || !is_constant(bias) || elements(bias) != channels)
    return "wide convolution bias is not one i64 constant per output channel";
  if (!is(factors, DType::i32) || !is_constant(factors) || elements(factors) != u64{channels} * 2)
    return "wide convolution rescale is not one constant pair per output channel";
  constexpr i64 kMaxBias = i64{1} << 46;
  for (u32 channel = 0; channel < channels; ++channel) {
    const i64 value = load_le<i64>(node.data<u8>(2) + usize{channel} * 8);
    if (value < -kMaxBias || value > kMaxBias) return "wide convolution bias exceeds 46 bits";
    const format::Rescale& factor = node.data<format::Rescale>(3)[channel];
    if (!is_valid(factor) || factor.shift > 14) return "wide convolution rescale factor is not normalised";
  }
  return is_wide_clamp(node.attributes<Conv2dAttributes>().clamp)
             ? nullptr
             : "wide convolution clamp is empty or out of range";
}

const char* verify_types(const Node& node) {
  if (!is(node.input(0), DType::i16) || !is(node.output(), DType::i16))
    return "wide operator is not of int16";
  const TensorRecord& weights = node.input(1);
  if (!is(weights, DType::i8) || !is_constant(weights) || weights.rank != 4)
    return "wide convolution weights are not int8 constants of rank 4";
  return nullptr;
}

const char* verify_conv(const Node& node) {
  if (const char* wrong = verify_types(node)) return wrong;
  const u32* weights = node.input(1).dims;
  if (const char* wrong =
          check_window(node, weights[1], weights[2], node.attributes<Conv2dAttributes>().window))
    return wrong;
  return verify_parameters(node);
}

const char* verify_transpose_conv(const Node& node) {
  if (const char* wrong = verify_types(node)) return wrong;
  const TensorRecord& in = node.input(0);
  const TensorRecord& out = node.output();
  const format::Window& window = node.attributes<Conv2dAttributes>().window;
  if (in.rank != 4 || out.rank != 4 || in.dims[0] != out.dims[0])
    return "transpose_conv2d expects images of rank 4";
  if (window.stride_h == 0 || window.stride_w == 0) return "transpose_conv2d stride is 0";
  if (window.dilation_h != 1 || window.dilation_w != 1) return "transpose_conv2d with a dilation";
  return verify_parameters(node);
}

WideConv2d conv_of(const Node& node) {
  return {shape_of(node),
          node.data<i16>(0),
          node.data<i8>(1),
          node.data<u8>(2),
          node.data<format::Rescale>(3),
          node.attributes<Conv2dAttributes>().clamp,
          node.out<i16>()};
}

/// b's leading 1s taken off, it is the tail of a's shape.
bool repeats_along(const TensorRecord& a, const TensorRecord& b) {
  u32 skipped = 0;
  while (skipped < b.rank && b.dims[skipped] == 1) ++skipped;
  const u32 tail = b.rank - skipped;
  if (tail > a.rank) return false;
  for (u32 axis = 0; axis < tail; ++axis)
    if (b.dims[skipped + axis] != a.dims[a.rank - tail + axis]) return false;
  return true;
}

const char* verify_add(const Node& node) {
  if (!is(node.input(0), DType::i16) || !is(node.input(1), DType::i16) || !is(node.output(), DType::i16))
    return "wide sum is not of int16";
  if (!same_shape(node.input(0), node.output()) || !repeats_along(node.input(0), node.input(1)))
    return "wide sum cannot repeat its second input";
  const auto& how = node.attributes<AddAttributes>();
  if (!is_valid(how.a) || !is_valid(how.b) || !is_valid(how.out))
    return "wide sum rescale factor is not normalised";
  if (how.a.shift > 0 || how.b.shift > 0) return "wide sum rescale factor of an input is not below 1";
  return is_wide_clamp(how.clamp) ? nullptr : "wide sum clamp is empty or out of range";
}

template <bool subtract>
void run_add(const Node& node) {
  add_wide(node.data<i16>(0), elements(node.output()), node.data<i16>(1), elements(node.input(1)), subtract,
           node.attributes<AddAttributes>(), node.out<i16>());
}

const char* verify_leaky_relu(const Node& node) {
  if (!is(node.input(0), DType::i16) || !is(node.output(), DType::i16))
    return "wide leaky_relu is not of int16";
  if (!same_shape(node.input(0), node.output())) return "wide leaky_relu changes the shape";
  const auto& how = node.attributes<format::LeakyReluAttributes>();
  return is_valid(how.positive) && is_valid(how.negative)
             ? nullptr
             : "wide leaky_relu rescale factor is not normalised";
}

void run_leaky_relu(const Node& node) {
  const auto& how = node.attributes<format::LeakyReluAttributes>();
  leaky_relu_wide(node.data<i16>(0), elements(node.output()), how.positive, how.negative, node.out<i16>());
}

bool is_wide(const TensorRecord& tensor) { return is(tensor, DType::i16) || is(tensor, DType::i32); }

const char* verify_requantize(const Node& node) {
  const TensorRecord& in = node.input(0);
  const TensorRecord& out = node.output();
  if ((!is_wide(in) && !is(in, DType::i8)) || (!is_wide(out) && !is(out, DType::i8)) ||
      (!is_wide(in) && !is_wide(out)))
    return "wide requantize has no int16 or int32 side";
  if (!same_shape(in, out)) return "wide requantize changes the shape";
  return is_valid(node.attributes<format::RescaleAttributes>().rescale)
             ? nullptr
             : "wide requantize rescale factor is not normalised";
}

template <class From, class To>
void run_requantize_to(const Node& node) {
  const TensorRecord& out = node.output();
  requantize_wide(node.data<From>(0), elements(out), node.input(0).zero_point,
                  node.attributes<format::RescaleAttributes>().rescale, out.zero_point, node.out<To>());
}

template <class From>
void run_requantize(const Node& node) {
  if (is(node.output(), DType::i16)) return run_requantize_to<From, i16>(node);
  if (is(node.output(), DType::i32)) return run_requantize_to<From, i32>(node);
  if constexpr (sizeof(From) > 1) run_requantize_to<From, i8>(node);
}

const char* verify_quantize(const Node& node) {
  const TensorRecord& out = node.output();
  if (!is(node.input(0), DType::f32) || !is_wide(out))
    return "quantize_wide is not from f32 to int16 or int32";
  if (!(out.scale > 0)) return "quantize_wide without a scale";
  return same_shape(node.input(0), out) ? nullptr : "quantize_wide changes the shape";
}

void run_quantize(const Node& node) {
  const TensorRecord& out = node.output();
  if (is(out, DType::i16))
    quantize_wide(node.data<f32>(0), elements(out), out.scale, out.zero_point, node.out<i16>());
  else
    quantize_wide(node.data<f32>(0), elements(out), out.scale, out.zero_point, node.out<i32>());
}

const char* verify_slice(const Node& node) {
  const TensorRecord& in = node.input(0);
  const TensorRecord& out = node.output();
  if (in.dtype != out.dtype || !same_quantisation(in, out)) return "strided_slice changes the element type";
  if (in.rank == 0 || in.rank != out.rank) return "strided_slice changes the rank";
  const auto& how = node.attributes<format::SliceAttributes>();
  for (u32 axis = 0; axis < kMaxRank; ++axis) {
    if (axis >= in.rank) {
      if (how.begin[axis] != 0 || how.step[axis] != 0) return "strided_slice has too many axes";
      continue;
    }
    if (how.step[axis] == 0) return "strided_slice step is 0";
    const u64 last = u64{how.begin[axis]} + u64{out.dims[axis] - 1} * how.step[axis];
    if (last >= in.dims[axis]) return "strided_slice reaches outside its input";
  }
  return nullptr;
}

void run_slice(const Node& node) {
  const TensorRecord& in = node.input(0);
  const TensorRecord& out = node.output();
  const auto& how = node.attributes<format::SliceAttributes>();
  const u32 bytes = dtype_bytes(static_cast<DType>(in.dtype));
  Dims strides{}, dims{};
  u32 stride = 1, first = 0;
  for (u32 axis = in.rank; axis-- > 0; stride *= in.dims[axis]) {
    strides[axis] = stride * how.step[axis];
    first += stride * how.begin[axis];
    dims[axis] = out.dims[axis];
  }
  transpose(node.data<u8>(0) + usize{first} * bytes, strides, dims, in.rank, bytes, node.out<u8>());
}

}  // namespace

constinit const Operator kConv2dWide = {Opcode::conv2d_wide, DType::i16, verify_conv,
                                        [](const Node& node) { conv2d_wide(conv_of(node)); }};
constinit const Operator kTransposeConv2dWide = {
    Opcode::transpose_conv2d_wide, DType::i16, verify_transpose_conv,
    [](const Node& node) { transpose_conv2d_wide(conv_of(node)); }};
constinit const Operator kAddWide = {Opcode::add_wide, DType::i16, verify_add, run_add<false>};
constinit const Operator kSubWide = {Opcode::sub_wide, DType::i16, verify_add, run_add<true>};
constinit const Operator kLeakyReluWide = {Opcode::leaky_relu_wide, DType::i16, verify_leaky_relu,
                                           run_leaky_relu};
constinit const Operator kRequantizeWideI8 = {Opcode::requantize_wide, DType::i8, verify_requantize,
                                              run_requantize<i8>};
constinit const Operator kQuantizeWide = {Opcode::quantize_wide, DType::f32, verify_quantize, run_quantize};
constinit const Operator kRequantizeI16 = {Opcode::requantize_wide, DType::i16, verify_requantize,
                                           run_requantize<i16>};
constinit const Operator kRequantizeI32 = {Opcode::requantize_wide, DType::i32, verify_requantize,
                                           run_requantize<i32>};
constinit const Operator kSliceF32 = {Opcode::strided_slice, DType::f32, verify_slice, run_slice};
constinit const Operator kSliceI8 = {Opcode::strided_slice, DType::i8, verify_slice, run_slice};
constinit const Operator kSliceI16 = {Opcode::strided_slice, DType::i16, verify_slice, run_slice};

}  // namespace pipit::nn
