// What the tuned operators do not take (element types, broadcasts, empty tensors) becomes a general function.
#include <algorithm>

#include "compiler/model/general.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Status;

/// Float, or int8 with one scale.
bool is_plain(const Graph& graph, TensorId id) {
  const Tensor& tensor = graph[id];
  if (element_count(tensor.shape) == 0) return false;
  if (tensor.dtype == DType::f32) return true;
  return tensor.dtype == DType::i8 && tensor.quantization && !tensor.quantization->per_channel();
}

bool is_executable(const Graph& graph, const Node& node) {
  const Tensor& output = graph[node.output];
  switch (node.op) {
    case Op::sub:
    case Op::div:
    case Op::reduce_mean: return false;
    case Op::quantize:
      return graph[node.inputs[0]].dtype == DType::f32 && is_plain(graph, node.output) &&
             output.dtype == DType::i8;
    case Op::dequantize: return graph[node.inputs[0]].dtype == DType::i8 && is_plain(graph, node.inputs[0]);
    case Op::add:
    case Op::mul:
      return is_plain(graph, node.inputs[0]) && is_plain(graph, node.inputs[1]) &&
             output.shape == graph[node.inputs[0]].shape &&
             repeats_along(output.shape, graph[node.inputs[1]].shape);
    case Op::clamp:
    case Op::identity:
    case Op::reshape:
    case Op::transpose:
    case Op::softmax:
    case Op::pad:
    case Op::max_pool:
    case Op::average_pool:
    case Op::global_average_pool: return is_plain(graph, node.inputs[0]) && is_plain(graph, node.output);
    case Op::concat:
      return std::all_of(node.inputs.begin(), node.inputs.end(),
                         [&](TensorId id) { return is_plain(graph, id); });
    default: return true;
  }
}

class Generalizer {
 public:
  explicit Generalizer(Graph& graph) : graph_(graph) {}

  Status convert(NodeId id) {
    Node& node = graph_[id];
    switch (node.op) {
      case Op::add: return binary(id, Binary::add);
      case Op::sub: return binary(id, Binary::subtract);
      case Op::mul: return binary(id, Binary::multiply);
      case Op::div: return binary(id, Binary::divide);
      case Op::identity: return become(id, general(Unary::copy));
      case Op::reshape:
        return become(id, general(FunctionId::reshape, shape_ints(graph_[node.output].shape)));
      case Op::transpose:
        return become(id, general(FunctionId::transpose, ints_of(node.as<TransposeAttributes>().perm)));
      case Op::concat: return become(id, general(FunctionId::concat, {node.as<AxisAttributes>().axis}));
      case Op::pad: return pad(id);
      case Op::quantize: return quantization(id, FunctionId::quantize);
      case Op::dequantize: return quantization(id, FunctionId::dequantize);
      case Op::reduce_mean: return reduce_mean(id);
      case Op::max_pool: return pool(id, nn::general::Pool::maximum);
      case Op::average_pool: return pool(id, nn::general::Pool::average);
      case Op::global_average_pool: return global_pool(id);
      case Op::clamp: return clamp(id);
      default:
        return Error(Code::unsupported,
                     graph_.describe(id) + ": no operator of the engine takes these element types");
    }
  }

 private:
  template <class List>
  static std::vector<i64> ints_of(const List& values) {
    return {values.begin(), values.end()};
  }
  static std::vector<i64> shape_ints(const Shape& shape) {
    std::vector<i64> ints{static_cast<i64>(shape.size())};
    ints.insert(ints.end(), shape.begin(), shape.end());
    return ints;
  }

  Status become(NodeId id, GeneralAttributes attributes) {
    Node& node = graph_[id];
    node.op = Op::general;
    node.attributes = attributes;
    const Clamp clamp = node.clamp;
    node.clamp = {};
    const TensorId output = node.output;
    if (!clamp.none()) {  // the fused activation stands on its own again
      Tensor linear{node.name + ".linear", graph_[output].dtype, graph_[output].shape};
      graph_.set_output(id, graph_.add_tensor(std::move(linear)));
      graph_.insert_after(id,
                          {Op::clamp, graph_[id].name + ".clamp", {graph_[id].output}, output, {}, clamp});
    }
    const Tensor before = graph_[graph_[id].output];
    auto inferred = infer_general(graph_, id);
    if (!inferred.ok()) return inferred.take_error().in(graph_.describe(id));
    const Tensor& after = graph_[graph_[id].output];
    if (after.shape != before.shape || after.dtype != before.dtype)
      return Error(Code::internal, graph_.describe(id) + ": changed its output's type");
    return {};
  }

  Status binary(NodeId id, Binary kind) { return become(id, general(kind)); }

  TensorId scalar(DType dtype, f32 value) {
    const TensorId real = graph_.add_constant("value", DType::f32, {}, std::vector<f32>{value});
    if (dtype == DType::f32) return real;
    Tensor cast{"value", dtype, {}};
    cast.constant = true;
    cast.data.resize(dtype_bytes(dtype));
    const auto attributes = general(FunctionId::cast, {static_cast<i64>(dtype)});
    const nn::general::Operand operand{{DType::f32, 0, {}}, graph_[real].data.data()};
    nn::general::run_cast({{&operand, 1}, attributes, {dtype, 0, {}}, cast.data.data()});
    return graph_.add_tensor(std::move(cast));
  }

  Status pad(NodeId id) {
    Node& node = graph_[id];
    const auto pads = node.as<PadAttributes>();
    std::vector<i64> ints(17, 0);
    std::copy(pads.before.begin(), pads.before.end(), ints.begin() + 1);
    std::copy(pads.after.begin(), pads.after.end(), ints.begin() + 9);
    node.inputs.push_back(scalar(graph_[node.inputs[0]].dtype, pads.value));
    return become(id, general(FunctionId::pad, ints));
  }

  Status quantization(NodeId id, FunctionId function) {
    Node& node = graph_[id];
    const auto attributes = node.as<QuantizeAttributes>();
    const Quantization& q = attributes.quantization;
    const Shape shape = q.per_channel() ? Shape{static_cast<i64>(q.scales.size())} : Shape{};
    node.inputs.push_back(graph_.add_constant(node.name + ".scale", DType::f32, shape, q.scales));
    std::vector<u8> zeros;
    for (i32 zero : q.zero_points)
      for (u32 byte = 0; byte < dtype_bytes(attributes.integer); ++byte)
        zeros.push_back(static_cast<u8>(zero >> (8 * byte)));
    node.inputs.push_back(graph_.add_constant(node.name + ".zero", attributes.integer, shape, zeros));
    return become(id, general(function, {q.axis}));
  }

  Status reduce_mean(NodeId id) {
    const auto attributes = graph_[id].as<AxesAttributes>();
    i64 set = 0;
    for (i64 axis : attributes.axes) set |= i64{1} << axis;
    return become(id,
                  general(FunctionId::reduce, {static_cast<i64>(Reduce::mean), set, attributes.keep_dims}));
  }

  Status pool(NodeId id, nn::general::Pool kind) {
    if (graph_.channels_last) return Error(Code::internal, graph_.describe(id) + ": has its layout already");
    const auto pool = graph_[id].as<PoolAttributes>();
    const Window& w = pool.window;
    std::vector<i64> ints(24, 0);
    ints[0] = static_cast<i64>(kind);
    for (usize i = 0; i < 2; ++i) {
      ints[1 + i] = w.stride[i];
      ints[5 + i] = w.dilation[i];
      ints[9 + i] = w.pad_begin[i];
      ints[13 + i] = w.pad_end[i];
      ints[17 + i] = w.kernel[i];
    }
    ints[21] = pool.ceil_mode;
    ints[22] = pool.count_include_pad;
    return become(id, general(FunctionId::pool, ints));
  }

  Status global_pool(NodeId id) {
    if (graph_.channels_last) return Error(Code::internal, graph_.describe(id) + ": has its layout already");
    return become(id, general(FunctionId::reduce, {static_cast<i64>(Reduce::mean), 0b1100, 1}));
  }

  /// max(x, low), then min with high.
  Status clamp(NodeId id) {
    Node& node = graph_[id];
    const Clamp bounds = node.clamp;
    node.clamp = {};
    const TensorId x = node.inputs[0];
    const DType dtype = graph_[x].dtype;
    const TensorId raised = graph_.add_tensor({node.name + ".raised", dtype, graph_[x].shape});
    const NodeId raise = graph_.insert_before(id, {Op::general,
                                                   node.name + ".raise",
                                                   {x, scalar(dtype, bounds.low)},
                                                   raised,
                                                   general(Binary::maximum)});
    TRY(infer_general(graph_, raise));
    graph_[id].inputs = {raised, scalar(dtype, bounds.high)};
    return become(id, general(Binary::minimum));
  }

  Graph& graph_;
};

}  // namespace

Status generalize(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    if (is_executable(graph, graph[id])) continue;
    TRY(Generalizer(graph).convert(id));
  }
  return {};
}

/// Before the layout is decided: image operators of integers without a scale stay as they are.
Status generalize_images(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Op op = graph[id].op;
    const bool image = op == Op::max_pool || op == Op::average_pool || op == Op::global_average_pool;
    if (image && !is_executable(graph, graph[id])) TRY(Generalizer(graph).convert(id));
  }
  return {};
}

}  // namespace pipit::model
