#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "compiler/model/general.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {

Shape permuted(const Shape& shape, const std::vector<u32>& perm) {
  Shape out(perm.size());
  for (usize i = 0; i < perm.size(); ++i) out[i] = shape[perm[i]];
  return out;
}

namespace {

using support::Error;
using support::Status;

/// Row-major strides in elements.
std::vector<i64> strides_of(const Shape& shape) {
  std::vector<i64> strides(shape.size(), 1);
  for (usize i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Calls visit(linear, index) for every index of `shape` in row-major order.
template <class Visit>
void for_each_index(const Shape& shape, Visit visit) {
  std::vector<i64> index(shape.size(), 0);
  const i64 count = element_count(shape);
  for (i64 linear = 0; linear < count; ++linear) {
    visit(linear, index);
    for (usize axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/// Copies elements: element i of the output is the element `source(index)` of the input.
template <class Source>
std::vector<u8> pick(const Tensor& from, const Shape& shape, Source source) {
  const usize size = dtype_bytes(from.dtype);
  std::vector<u8> out(static_cast<usize>(element_count(shape)) * size);
  for_each_index(shape, [&](i64 linear, const std::vector<i64>& index) {
    std::memcpy(out.data() + static_cast<usize>(linear) * size,
                from.data.data() + static_cast<usize>(source(index)) * size, size);
  });
  return out;
}

/// A reader's offset into an operand that broadcasts to `rank` axes.
i64 broadcast_offset(const Shape& operand, const std::vector<i64>& strides, const std::vector<i64>& index) {
  i64 offset = 0;
  const usize skipped = index.size() - operand.size();
  for (usize i = 0; i < operand.size(); ++i)
    if (operand[i] != 1) offset += index[skipped + i] * strides[i];
  return offset;
}

template <class T>
T apply(Op op, T a, T b) {
  // Integers wrap, as they do in every engine; division by zero yields zero instead of a trap.
  if constexpr (std::is_integral_v<T>) {
    const u64 x = static_cast<u64>(a), y = static_cast<u64>(b);
    switch (op) {
      case Op::add: return static_cast<T>(x + y);
      case Op::sub: return static_cast<T>(x - y);
      case Op::mul: return static_cast<T>(x * y);
      default:
        return b == 0 || (b == -1 && a == std::numeric_limits<T>::min()) ? T{0} : static_cast<T>(a / b);
    }
  } else {
    switch (op) {
      case Op::add: return a + b;
      case Op::sub: return a - b;
      case Op::mul: return a * b;
      default: return a / b;
    }
  }
}

template <class T>
std::vector<u8> elementwise(Op op, const Tensor& a, const Tensor& b, const Shape& shape) {
  std::vector<u8> out(static_cast<usize>(element_count(shape)) * sizeof(T));
  const auto strides_a = strides_of(a.shape), strides_b = strides_of(b.shape);
  const auto at = [](const Tensor& tensor, i64 offset) {
    T value;
    std::memcpy(&value, tensor.data.data() + static_cast<usize>(offset) * sizeof(T), sizeof(T));
    return value;
  };
  for_each_index(shape, [&](i64 linear, const std::vector<i64>& index) {
    const T value = apply<T>(op, at(a, broadcast_offset(a.shape, strides_a, index)),
                             at(b, broadcast_offset(b.shape, strides_b, index)));
    std::memcpy(out.data() + static_cast<usize>(linear) * sizeof(T), &value, sizeof(T));
  });
  return out;
}

std::vector<u8> concat(const Graph& graph, const Node& node) {
  const usize axis = static_cast<usize>(node.as<AxisAttributes>().axis);
  const Shape& shape = graph[node.output].shape;
  usize outer = 1;
  for (usize i = 0; i < axis; ++i) outer *= static_cast<usize>(shape[i]);
  std::vector<u8> out;
  for (usize row = 0; row < outer; ++row)
    for (TensorId id : node.inputs) {
      const std::vector<u8>& data = graph[id].data;
      const usize run = data.size() / outer;
      const auto first = data.begin() + static_cast<std::ptrdiff_t>(row * run);
      out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(run));
    }
  return out;
}

support::Result<std::vector<u8>> gather(const Graph& graph, const Node& node) {
  const Tensor& from = graph[node.inputs[0]];
  const usize axis = static_cast<usize>(node.as<AxisAttributes>().axis);
  std::vector<i64> picks = constant_ints(graph[node.inputs[1]]);
  const i64 extent = from.shape[axis];
  for (i64& at : picks) {
    if (at < 0) at += extent;
    if (at < 0 || at >= extent) return Error(Code::out_of_range, "an index is outside the gathered axis");
  }
  usize outer = 1;
  for (usize i = 0; i < axis; ++i) outer *= static_cast<usize>(from.shape[i]);
  const usize run = from.data.size() / (outer * static_cast<usize>(extent));
  std::vector<u8> out;
  for (usize row = 0; row < outer; ++row)
    for (i64 at : picks) {
      const auto first =
          from.data.begin() +
          static_cast<std::ptrdiff_t>((row * static_cast<usize>(extent) + static_cast<usize>(at)) * run);
      out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(run));
    }
  return out;
}

std::vector<u8> slice(const Graph& graph, const Node& node) {
  const auto& bounds = node.as<SliceAttributes>();
  const Tensor& from = graph[node.inputs[0]];
  const auto strides = strides_of(from.shape);
  return pick(from, graph[node.output].shape, [&](const std::vector<i64>& index) {
    i64 offset = 0;
    for (usize i = 0; i < index.size(); ++i)
      offset += (bounds.begin[i] + index[i] * bounds.step[i]) * strides[i];
    return offset;
  });
}

template <class T, class From>
std::vector<u8> bytes_of(const std::vector<From>& values) {
  std::vector<u8> out(values.size() * sizeof(T));
  for (usize i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
  return out;
}

bool is_float(DType type) { return type == DType::f32 || type == DType::f64; }

/// Cast between the types shape computations use; none otherwise.
support::Result<std::vector<u8>> cast(const Tensor& from, DType to) {
  if (from.dtype == to) return from.data;
  if (to == DType::f32) return bytes_of<f32>(constant_floats(from));
  if (is_float(from.dtype) && (to == DType::i64 || to == DType::i32)) {
    std::vector<i64> whole;
    for (f32 value : constant_floats(from)) {
      if (!(value > -2147483648.0f && value < 2147483648.0f))
        return Error(Code::out_of_range, "a number does not fit its cast");
      whole.push_back(static_cast<i64>(value));
    }
    return to == DType::i64 ? bytes_of<i64>(whole) : bytes_of<i32>(whole);
  }
  if (to == DType::i64) return bytes_of<i64>(constant_ints(from));
  if (to == DType::i32) return bytes_of<i32>(constant_ints(from));
  return Error(Code::unsupported, std::string("cast to ") + dtype_name(to) + "; use float, int32 or int64");
}

/// A file of a few bytes can name computations whose results would fill the memory.
constexpr usize kMaxFoldedBytes = usize{256} << 20;

bool foldable(const Graph& graph, const Node& node) {
  if (node.op == Op::quantize || node.op == Op::dequantize || node.op == Op::conv) return false;
  if (node.op == Op::general) return true;
  for (TensorId input : node.inputs)
    if (graph[input].data.empty()) return false;
  return element_count(graph[node.output].shape) != 0;
}

using Folded = support::Result<std::vector<u8>>;

/// The value of a node of constants; an empty vector where the operator is left to run time.
Folded evaluate(const Graph& graph, const Node& node) {
  const Tensor& first = graph[node.inputs[0]];
  const Shape& shape = graph[node.output].shape;
  switch (node.op) {
    case Op::identity:
    case Op::reshape: return first.data;
    case Op::transpose: return permuted_data(first, node.as<TransposeAttributes>().perm);
    case Op::concat: return concat(graph, node);
    case Op::gather: return gather(graph, node);
    case Op::slice: return slice(graph, node);
    case Op::cast: return cast(first, node.as<CastAttributes>().to);
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div: {
      const Tensor& second = graph[node.inputs[1]];
      if (first.dtype == DType::f32) return elementwise<f32>(node.op, first, second, shape);
      if (first.dtype == DType::i64) return elementwise<i64>(node.op, first, second, shape);
      return std::vector<u8>{};
    }
    case Op::general: return evaluate_general(graph, node);
    default: return std::vector<u8>{};
  }
}

}  // namespace

std::vector<u8> permuted_data(const Tensor& constant, const std::vector<u32>& perm) {
  const auto strides = strides_of(constant.shape);
  return pick(constant, permuted(constant.shape, perm), [&](const std::vector<i64>& index) {
    i64 offset = 0;
    for (usize i = 0; i < index.size(); ++i) offset += index[i] * strides[perm[i]];
    return offset;
  });
}

Status fold_node(Graph& graph, NodeId id) {
  const Node& node = graph[id];
  for (TensorId input : node.inputs)
    if (!input.valid() || !graph[input].constant) return {};
  Tensor& output = graph[node.output];
  if (graph.is_output(node.output) || !node.clamp.none() || !foldable(graph, node)) return {};
  graph.folded_bytes += static_cast<usize>(element_count(output.shape)) * dtype_bytes(output.dtype);
  if (graph.folded_bytes > kMaxFoldedBytes)
    return Error(Code::out_of_range, "computed constants exceed 256 MiB");
  std::vector<u8> value = TRY(evaluate(graph, node));
  if (value.empty() && element_count(output.shape) != 0) return {};
  PIPIT_CHECK(value.size() == static_cast<usize>(element_count(output.shape)) * dtype_bytes(output.dtype));
  if (node.op == Op::identity || node.op == Op::reshape)
    output.quantization = graph[node.inputs[0]].quantization;
  output.constant = true;
  output.data = std::move(value);
  graph.erase(id);
  return {};
}

Status fold_constants(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    auto folded = fold_node(graph, id);
    if (!folded.ok()) return folded.take_error().in(graph.describe(id));
  }
  return {};
}

}  // namespace pipit::model
