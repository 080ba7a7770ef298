#include "compiler/model/import_operators.h"

#include <algorithm>
#include <cstring>

#include "compiler/model/import_onnx.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

// ---- attributes

template <class T>
Result<T> AttributeReader::read(std::string_view name, T fallback) {
  const auto* value = any(name);
  if (value == nullptr) return fallback;
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr)
    return Error(Code::malformed, "attribute '" + std::string(name) + "' has the wrong type");
  return T(*typed);
}

const onnx_file::AttributeValue* AttributeReader::any(std::string_view name) {
  known_.emplace(name);
  for (const auto& attribute : node_.attributes)
    if (attribute.name == name) return &attribute.value;
  return nullptr;
}

Result<i64> AttributeReader::integer(std::string_view name, i64 fallback) {
  return read<i64>(name, fallback);
}
Result<f32> AttributeReader::real(std::string_view name, f32 fallback) { return read<f32>(name, fallback); }
Result<std::string> AttributeReader::text(std::string_view name, std::string fallback) {
  return read<std::string>(name, std::move(fallback));
}
Result<std::vector<i64>> AttributeReader::integers(std::string_view name) {
  return read<std::vector<i64>>(name, {});
}
Result<std::vector<f32>> AttributeReader::reals(std::string_view name) {
  return read<std::vector<f32>>(name, {});
}
Result<std::vector<std::string>> AttributeReader::texts(std::string_view name) {
  return read<std::vector<std::string>>(name, {});
}

Status AttributeReader::check_all_known() const {
  for (const auto& attribute : node_.attributes)
    if (!known_.contains(attribute.name))
      return Error(Code::unsupported, "attribute '" + attribute.name + "' is not supported");
  return {};
}

// ---- helpers of the rules

bool NodeImport::is_weight(usize index) const {
  if (operand(index).constant) return true;
  const Node* dequantize = graph.produced_by(inputs[index], Op::dequantize);
  return dequantize != nullptr && graph[dequantize->inputs[0]].constant;
}

void NodeImport::bind(usize output, TensorId id) {
  if (bound.size() < output) bound.resize(output);
  bound[output - 1] = id;
}

Result<std::vector<i64>> NodeImport::constant(usize index, const char* what) {
  const Tensor& tensor = operand(index);
  if (!tensor.constant) {
    needed.insert(index);
    return Error(Code::unavailable, std::string(what) + " must be known");
  }
  if (nn::general::includes(nn::general::Kinds::real, tensor.dtype))
    return Error(Code::malformed, std::string(what) + " must be whole numbers");
  return constant_ints(tensor);
}

Result<std::vector<f32>> NodeImport::constant_reals(usize index, const char* what) {
  const Tensor& tensor = operand(index);
  if (!tensor.constant) {
    needed.insert(index);
    return Error(Code::unavailable, std::string(what) + " must be known");
  }
  return constant_floats(tensor);
}

Result<i64> NodeImport::axis(i64 axis, usize rank) const {
  const i64 limit = static_cast<i64>(rank);
  if (axis < -limit || axis >= limit)
    return Error(Code::malformed,
                 "axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
  return axis < 0 ? axis + limit : axis;
}

Result<i64> NodeImport::axis_attribute(i64 fallback, usize index) {
  return axis(TRY(attributes.integer("axis", fallback)), rank(index));
}

Result<TensorId> NodeImport::finish(Node node) {
  const TensorId output = node.output;
  const NodeId id = graph.append(std::move(node));
  TRY(infer_node(graph, id));
  TRY(fold_node(graph, id));
  return output;
}

Result<TensorId> NodeImport::emit(Op op, std::vector<TensorId> operands, Attributes attributes, Clamp clamp) {
  return finish({op, name, std::move(operands), graph.add_tensor({name}), std::move(attributes), clamp});
}

Result<TensorId> NodeImport::emit(FunctionId function, std::vector<TensorId> operands,
                                  const std::vector<i64>& ints, const std::vector<f32>& reals) {
  return emit(Op::general, std::move(operands), general(function, ints, reals));
}

Result<TensorId> NodeImport::unary(Unary kind, TensorId x, f32 p, f32 q) {
  return emit(Op::general, {x}, general(kind, p, q));
}
Result<TensorId> NodeImport::binary(Binary kind, TensorId a, TensorId b) {
  return emit(Op::general, {a, b}, general(kind));
}

Result<TensorId> NodeImport::reduce(Reduce kind, TensorId x, const std::vector<i64>& axes, bool keep) {
  i64 set = 0;
  for (i64 axis : axes) set |= i64{1} << axis;
  return emit(FunctionId::reduce, {x}, {static_cast<i64>(kind), set, keep ? 1 : 0});
}

Result<TensorId> NodeImport::reshape(TensorId x, const Shape& shape) {
  return emit(Op::reshape, {x}, ReshapeAttributes{shape});
}
Result<TensorId> NodeImport::transpose(TensorId x, const std::vector<u32>& perm) {
  return emit(Op::transpose, {x}, TransposeAttributes{perm});
}

Result<TensorId> NodeImport::cast(TensorId x, DType to) {
  if (graph[x].dtype == to) return x;
  return emit(FunctionId::cast, {x}, {static_cast<i64>(to)});
}

Result<TensorId> NodeImport::slice(TensorId x, const std::vector<i64>& begin, const std::vector<i64>& count,
                                   const std::vector<i64>& step) {
  if (begin.size() > nn::kMaxRank) return Error(Code::unsupported, "more than 8 dimensions");
  std::vector<i64> ints(24, 0);
  for (usize i = 0; i < begin.size(); ++i) {
    ints[i] = begin[i];
    ints[8 + i] = step.empty() ? 1 : step[i];
    ints[16 + i] = count[i];
  }
  return emit(FunctionId::slice, {x}, ints);
}

Result<TensorId> NodeImport::part(TensorId flat, i64 begin, const Shape& shape) {
  return reshape(TRY(slice(flat, {begin}, {element_count(shape)})), shape);
}

Result<TensorId> NodeImport::emit_constant(DType dtype, Shape shape, const std::vector<u8>& data) {
  return graph.add_constant(name, dtype, std::move(shape), data);
}

TensorId NodeImport::fill(DType dtype, const Shape& shape, f64 value) {
  Tensor tensor{name + ".fill", dtype, shape};
  tensor.constant = true;
  const usize count = static_cast<usize>(element_count(shape));
  tensor.data.resize(count * dtype_bytes(dtype));
  nn::general::with_type<nn::general::Kinds::any>(dtype, [&]<class T> {
    const T element = T(static_cast<nn::general::Compute<T>>(value));
    for (usize i = 0; i < count; ++i) std::memcpy(tensor.data.data() + i * sizeof(T), &element, sizeof(T));
  });
  return graph.add_tensor(std::move(tensor));
}

namespace {

std::vector<std::span<const ImportRule>> all_tables() {
  return {layer_rules(),     product_rules(),  elementwise_rules(), movement_rules(), reduction_rules(),
          composite_rules(), sequence_rules(), quantized_rules(),   detection_rules()};
}

constexpr const char* kStructures[] = {"If",
                                       "Loop",
                                       "Scan",
                                       "SequenceMap",
                                       "SequenceConstruct",
                                       "SequenceEmpty",
                                       "SequenceInsert",
                                       "SequenceErase",
                                       "SequenceAt",
                                       "SequenceLength",
                                       "SplitToSequence",
                                       "ConcatFromSequence",
                                       "Optional",
                                       "OptionalHasElement",
                                       "OptionalGetElement",
                                       "Identity",
                                       "NonZero",
                                       "NonMaxSuppression",
                                       "Compress",
                                       "Unique"};

}  // namespace

const ImportRule* import_rule(std::string_view op_type) {
  for (const auto table : all_tables())
    for (const ImportRule& rule : table)
      if (op_type == rule.name) return &rule;
  return nullptr;
}

std::vector<std::string> importable_operators() {
  std::vector<std::string> names(std::begin(kStructures), std::end(kStructures));
  for (const auto table : all_tables())
    for (const ImportRule& rule : table)
      if (std::string_view(rule.name).substr(0, 6) != "pipit.") names.push_back(rule.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace pipit::model
