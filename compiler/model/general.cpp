#include "compiler/model/general.h"

#include <algorithm>

#include "base/check.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

GeneralAttributes general(FunctionId function, const std::vector<i64>& ints, const std::vector<f32>& reals) {
  GeneralAttributes attributes{static_cast<u32>(function), {}, {}};
  PIPIT_CHECK(ints.size() <= std::size(attributes.ints) && reals.size() <= std::size(attributes.reals));
  for (usize i = 0; i < ints.size(); ++i) {
    // What does not fit 32 bits fits no shape rule either; the extremes are refused there.
    const i64 bounded = std::min<i64>(std::max<i64>(ints[i], -0x7FFFFFFF), 0x7FFFFFFF);
    attributes.ints[i] = static_cast<i32>(bounded);
  }
  for (usize i = 0; i < reals.size(); ++i) attributes.reals[i] = reals[i];
  return attributes;
}

GeneralAttributes general(Unary kind, f32 p, f32 q) {
  return general(FunctionId::unary, {static_cast<i64>(kind)}, {p, q});
}
GeneralAttributes general(Binary kind) { return general(FunctionId::binary, {static_cast<i64>(kind)}); }

GeneralAttributes general(nn::general::Audio step, const std::vector<i64>& ints) {
  std::vector<i64> all{static_cast<i64>(step)};
  all.insert(all.end(), ints.begin(), ints.end());
  return general(FunctionId::audio, all);
}
GeneralAttributes reshape_to(const Shape& shape) {
  std::vector<i64> ints{static_cast<i64>(shape.size())};
  ints.insert(ints.end(), shape.begin(), shape.end());
  return general(FunctionId::reshape, ints);
}

namespace {

constexpr const char* kUnaryNames[] = {"abs",
                                       "neg",
                                       "floor",
                                       "ceil",
                                       "round",
                                       "sqrt",
                                       "exp",
                                       "log",
                                       "sin",
                                       "cos",
                                       "tan",
                                       "asin",
                                       "acos",
                                       "atan",
                                       "sinh",
                                       "cosh",
                                       "tanh",
                                       "asinh",
                                       "acosh",
                                       "atanh",
                                       "erf",
                                       "reciprocal",
                                       "sign",
                                       "sigmoid",
                                       "softplus",
                                       "softsign",
                                       "elu",
                                       "selu",
                                       "celu",
                                       "leaky_relu",
                                       "thresholded_relu",
                                       "hard_sigmoid",
                                       "hard_swish",
                                       "shrink",
                                       "gelu",
                                       "gelu_tanh",
                                       "mish",
                                       "not",
                                       "bitwise_not",
                                       "is_nan",
                                       "is_inf",
                                       "copy",
                                       "square"};
constexpr const char* kBinaryNames[] = {
    "add",         "sub",   "mul",  "div",        "mod",         "fmod",          "pow",         "min",
    "max",         "and",   "or",   "xor",        "bitwise_and", "bitwise_or",    "bitwise_xor", "shift_left",
    "shift_right", "equal", "less", "less_equal", "greater",     "greater_equal", "prelu"};
constexpr const char* kReduceNames[] = {"sum", "mean", "prod",       "min",     "max",
                                        "l1",  "l2",   "sum_square", "log_sum", "log_sum_exp"};
constexpr const char* kAudioNames[] = {"window",   "headroom",    "scale_up",    "rfft",
                                       "energy",   "filter_bank", "square_root", "noise",
                                       "subtract", "pcan",        "logarithm"};
static_assert(std::size(kAudioNames) == static_cast<usize>(nn::general::Audio::count_));
static_assert(std::size(kUnaryNames) == static_cast<usize>(Unary::count_));
static_assert(std::size(kBinaryNames) == static_cast<usize>(Binary::count_));
static_assert(std::size(kReduceNames) == static_cast<usize>(Reduce::count_));

nn::general::Type type_of(const Tensor& tensor) {
  nn::general::Type type{tensor.dtype, static_cast<u32>(tensor.shape.size()), {}};
  for (usize axis = 0; axis < tensor.shape.size() && axis < nn::kMaxRank; ++axis)
    type.dims[axis] = static_cast<u32>(tensor.shape[axis]);
  return type;
}

std::vector<nn::general::Operand> operands_of(const Graph& graph, const Node& node) {
  std::vector<nn::general::Operand> operands;
  for (TensorId id : node.inputs)
    operands.push_back({type_of(graph[id]), graph[id].constant ? graph[id].data.data() : nullptr});
  return operands;
}

/// Functions that shapes and parameters are computed with; the others wait for run time.
bool is_cheap(FunctionId function) {
  switch (function) {
    case FunctionId::matmul:
    case FunctionId::einsum:
    case FunctionId::conv:
    case FunctionId::conv_transpose:
    case FunctionId::resize:
    case FunctionId::grid_sample:
    case FunctionId::roi_align:
    case FunctionId::recurrent:
    case FunctionId::lu:
    case FunctionId::fourier:
    case FunctionId::audio:
    case FunctionId::non_max_suppression:
    case FunctionId::tf_idf:
    case FunctionId::top_k:
    case FunctionId::unique: return false;
    default: return true;
  }
}

}  // namespace

std::string function_name(const GeneralAttributes& attributes) {
  const auto* function = nn::general::find_function(attributes.function);
  if (function == nullptr) return "?";
  std::string name = function->name;
  const usize kind = static_cast<usize>(attributes.ints[0]);
  switch (static_cast<FunctionId>(attributes.function)) {
    case FunctionId::unary: return kind < std::size(kUnaryNames) ? kUnaryNames[kind] : name;
    case FunctionId::binary: return kind < std::size(kBinaryNames) ? kBinaryNames[kind] : name;
    case FunctionId::reduce: return kind < std::size(kReduceNames) ? name + "_" + kReduceNames[kind] : name;
    case FunctionId::audio: return kind < std::size(kAudioNames) ? name + "_" + kAudioNames[kind] : name;
    default: return name;
  }
}

u64 general_macs(const GeneralAttributes& attributes, std::span<const nn::general::Type> inputs,
                 const nn::general::Type& output) {
  const u64 outputs = output.count();
  const nn::general::Type& x = inputs[0];
  const auto per_row = [&] {
    return inputs[1].dims[0] == 0 ? u64{0} : u64{inputs[1].count() / inputs[1].dims[0]};
  };
  switch (static_cast<FunctionId>(attributes.function)) {
    case FunctionId::matmul: return outputs * x.dims[x.rank - 1];
    case FunctionId::conv: return outputs * per_row();
    case FunctionId::conv_transpose: return x.count() * per_row();
    case FunctionId::recurrent:  // every step of every sequence takes all weights once
      return u64{x.dims[0]} * x.dims[1] * (u64{inputs[1].count()} + inputs[2].count());
    case FunctionId::einsum: {
      if (inputs.size() < 2) return 0;
      u64 extents[16] = {}, products = 1;
      for (usize k = 0; k < inputs.size(); ++k)
        for (u32 axis = 0; axis < inputs[k].rank; ++axis) {
          const u32 label = static_cast<u32>(attributes.ints[2 + 2 * k + axis / 4]) >> (axis % 4 * 8) & 15;
          extents[label] = std::max<u64>(extents[label], inputs[k].dims[axis]);
        }
      for (i32 label = 0; label < attributes.ints[1]; ++label) products *= extents[label];
      return products * (inputs.size() - 1);
    }
    default: return 0;
  }
}

u64 general_macs(const Graph& graph, const Node& node) {
  std::vector<nn::general::Type> inputs;
  for (TensorId id : node.inputs) inputs.push_back(type_of(graph[id]));
  return general_macs(node.as<GeneralAttributes>(), inputs, type_of(graph[node.output]));
}

Status infer_general(Graph& graph, NodeId id) {
  const Node& node = graph[id];
  const auto& attributes = node.as<GeneralAttributes>();
  for (TensorId input : node.inputs)
    if (graph[input].shape.size() > nn::kMaxRank) return Error(Code::unsupported, "more than 8 dimensions");
  auto operands = operands_of(graph, node);
  for (auto& operand : operands) operand.data = nullptr;
  nn::general::Type type;
  if (const char* wrong = nn::general::infer({operands, attributes, {}, nullptr}, type)) {
    std::string text = function_name(attributes) + ": " + wrong + " (inputs are";
    for (TensorId input : node.inputs)
      text += std::string(" ") + dtype_name(graph[input].dtype) + "[" + to_string(graph[input].shape) + "]";
    return Error(Code::malformed, text + ")");
  }
  graph[node.output].dtype = type.dtype;
  graph[node.output].shape.assign(type.dims, type.dims + type.rank);
  return {};
}

Result<std::vector<u8>> evaluate_general(const Graph& graph, const Node& node) {
  const auto& attributes = node.as<GeneralAttributes>();
  if (!is_cheap(static_cast<FunctionId>(attributes.function))) return std::vector<u8>{};
  const Tensor& output = graph[node.output];
  const auto operands = operands_of(graph, node);
  std::vector<u8> out(static_cast<usize>(element_count(output.shape)) * dtype_bytes(output.dtype));
  nn::general::find_function(attributes.function)->run({operands, attributes, type_of(output), out.data()});
  return out;
}

}  // namespace pipit::model
