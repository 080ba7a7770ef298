// The adapter around protobuf and libonnx: nothing outside this file sees their classes or their exceptions.
#include "compiler/model/onnx_file.h"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <exception>
#include <limits>

#include "base/dtype.h"

namespace pipit::model::onnx_file {
namespace {

using support::Error;
using support::Result;

constexpr usize kMaxFileBytes = usize{1} << 30;
constexpr u64 kMaxElements = u64{1} << 28;

/// Bytes of one element; 0 for a type outside ElementType.
usize element_bytes(i32 type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::u8:
    case ElementType::i8:
    case ElementType::boolean: return 1;
    case ElementType::i16:
    case ElementType::f16: return 2;
    case ElementType::f32:
    case ElementType::i32: return 4;
    case ElementType::i64:
    case ElementType::f64: return 8;
  }
  return 0;
}

Error malformed(const std::string& text) { return Error(Code::malformed, text); }

/// Product of the dimensions, or an error when one is negative or the product too large.
Result<u64> element_count(const onnx::TensorProto& tensor) {
  u64 count = 1;
  for (i64 dim : tensor.dims()) {
    if (dim < 0) return malformed("tensor '" + tensor.name() + "' has a negative dimension");
    if (dim != 0 && count > kMaxElements / static_cast<u64>(dim))
      return Error(Code::out_of_range, "tensor '" + tensor.name() + "' has more than 2^28 elements");
    count *= static_cast<u64>(dim);
  }
  return count;
}

/// Narrows a repeated protobuf field into elements of T.
template <class T, class Field>
void append(std::vector<u8>& out, const Field& field) {
  out.resize(static_cast<usize>(field.size()) * sizeof(T));
  for (int i = 0; i < field.size(); ++i) {
    const T value = static_cast<T>(field[i]);
    std::memcpy(out.data() + static_cast<usize>(i) * sizeof(T), &value, sizeof(T));
  }
}

void append_typed(std::vector<u8>& out, const onnx::TensorProto& tensor) {
  switch (static_cast<ElementType>(tensor.data_type())) {
    case ElementType::f32: append<f32>(out, tensor.float_data()); break;
    case ElementType::f64: append<f64>(out, tensor.double_data()); break;
    case ElementType::i64: append<i64>(out, tensor.int64_data()); break;
    case ElementType::i32: append<i32>(out, tensor.int32_data()); break;
    case ElementType::f16:
    case ElementType::i16: append<i16>(out, tensor.int32_data()); break;
    case ElementType::u8:
    case ElementType::i8:
    case ElementType::boolean: append<i8>(out, tensor.int32_data()); break;
  }
}

Result<Tensor> read_tensor(const onnx::TensorProto& from) {
  const usize size = element_bytes(from.data_type());
  if (size == 0)
    return Error(Code::unsupported, "tensor '" + from.name() + "' has element type " +
                                        std::to_string(from.data_type()) +
                                        "; use float, int8, uint8, int32 or int64");
  if (from.data_location() == onnx::TensorProto::EXTERNAL || from.external_data_size() != 0)
    return Error(Code::unsupported,
                 "tensor '" + from.name() + "' keeps its data in another file; save the model as one file");
  const u64 count = TRY(element_count(from));
  Tensor tensor{
      from.name(), static_cast<ElementType>(from.data_type()), {from.dims().begin(), from.dims().end()}, {}};
  if (from.has_raw_data())
    tensor.data.assign(from.raw_data().begin(), from.raw_data().end());
  else
    append_typed(tensor.data, from);
  if (tensor.data.size() != count * size)
    return malformed("tensor '" + from.name() + "' holds " + std::to_string(tensor.data.size()) +
                     " bytes, its shape needs " + std::to_string(count * size));
  return tensor;
}

Result<Attribute> read_attribute(const onnx::AttributeProto& from) {
  Attribute attribute{from.name(), i64{0}};
  switch (from.type()) {
    case onnx::AttributeProto::INT: attribute.value = static_cast<i64>(from.i()); break;
    case onnx::AttributeProto::FLOAT: attribute.value = from.f(); break;
    case onnx::AttributeProto::STRING: attribute.value = from.s(); break;
    case onnx::AttributeProto::INTS:
      attribute.value = std::vector<i64>(from.ints().begin(), from.ints().end());
      break;
    case onnx::AttributeProto::FLOATS:
      attribute.value = std::vector<f32>(from.floats().begin(), from.floats().end());
      break;
    case onnx::AttributeProto::TENSOR: attribute.value = TRY(read_tensor(from.t())); break;
    default:
      return Error(Code::unsupported, "attribute '" + from.name() + "' has kind " +
                                          std::to_string(from.type()) + " (graph, sparse or string list)");
  }
  return attribute;
}

Result<Node> read_node(const onnx::NodeProto& from) {
  Node node{from.op_type(),
            from.domain(),
            from.name(),
            {from.input().begin(), from.input().end()},
            {from.output().begin(), from.output().end()},
            {}};
  for (const auto& attribute : from.attribute()) {
    auto read = read_attribute(attribute);
    if (!read.ok()) return read.take_error().in(from.op_type() + " node '" + from.name() + "'");
    node.attributes.push_back(*std::move(read));
  }
  return node;
}

Result<ValueInfo> read_value(const onnx::ValueInfoProto& from) {
  if (!from.has_type() || !from.type().has_tensor_type())
    return Error(Code::unsupported, "value '" + from.name() + "' is no tensor");
  const auto& type = from.type().tensor_type();
  if (element_bytes(type.elem_type()) == 0)
    return Error(Code::unsupported,
                 "value '" + from.name() + "' has element type " + std::to_string(type.elem_type()));
  ValueInfo value{from.name(), static_cast<ElementType>(type.elem_type()), {}};
  for (const auto& dim : type.shape().dim()) value.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  return value;
}

Result<Model> read_model(const onnx::ModelProto& from) {
  if (!from.has_graph()) return malformed("the file holds no ONNX graph");
  Model model;
  for (const auto& set : from.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx") model.opset = set.version();
  const onnx::GraphProto& graph = from.graph();
  if (graph.sparse_initializer_size() != 0)
    return Error(Code::unsupported, "the model has sparse initializers");
  model.graph_name = graph.name();
  for (const auto& tensor : graph.initializer()) model.initializers.push_back(TRY(read_tensor(tensor)));
  for (const auto& value : graph.input()) model.inputs.push_back(TRY(read_value(value)));
  for (const auto& value : graph.output()) model.outputs.push_back(TRY(read_value(value)));
  for (const auto& node : graph.node()) model.nodes.push_back(TRY(read_node(node)));
  return model;
}

void write_tensor(const Tensor& from, onnx::TensorProto& to) {
  to.set_name(from.name);
  to.set_data_type(static_cast<i32>(from.type));
  for (i64 dim : from.dims) to.add_dims(dim);
  to.set_raw_data(from.data.data(), from.data.size());
}

/// Writes the variant's alternative into the matching protobuf field.
struct AttributeWriter {
  onnx::AttributeProto& to;
  void operator()(i64 value) const {
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(value);
  }
  void operator()(f32 value) const {
    to.set_type(onnx::AttributeProto::FLOAT);
    to.set_f(value);
  }
  void operator()(const std::string& value) const {
    to.set_type(onnx::AttributeProto::STRING);
    to.set_s(value);
  }
  void operator()(const std::vector<i64>& values) const {
    to.set_type(onnx::AttributeProto::INTS);
    for (i64 value : values) to.add_ints(value);
  }
  void operator()(const std::vector<f32>& values) const {
    to.set_type(onnx::AttributeProto::FLOATS);
    for (f32 value : values) to.add_floats(value);
  }
  void operator()(const Tensor& value) const {
    to.set_type(onnx::AttributeProto::TENSOR);
    write_tensor(value, *to.mutable_t());
  }
};

void write_value(const ValueInfo& from, onnx::ValueInfoProto& to) {
  to.set_name(from.name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(static_cast<i32>(from.type));
  for (i64 dim : from.dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

void write_node(const Node& from, onnx::NodeProto& to) {
  to.set_op_type(from.op_type);
  to.set_name(from.name);
  if (!from.domain.empty()) to.set_domain(from.domain);
  for (const auto& name : from.inputs) to.add_input(name);
  for (const auto& name : from.outputs) to.add_output(name);
  for (const auto& attribute : from.attributes) {
    auto& written = *to.add_attribute();
    written.set_name(attribute.name);
    std::visit(AttributeWriter{written}, attribute.value);
  }
}

}  // namespace

Result<Model> parse(Bytes file) {
  if (file.size() > kMaxFileBytes) return Error(Code::out_of_range, "an ONNX file over 1 GiB is refused");
  try {
    onnx::ModelProto proto;
    if (!proto.ParseFromArray(file.data(), static_cast<int>(file.size())))
      return malformed("the file is no ONNX model (protobuf does not parse)");
    return read_model(proto);
  } catch (const std::exception& error) {
    return malformed(std::string("the ONNX model cannot be read: ") + error.what());
  }
}

Result<Tensor> parse_tensor(Bytes file) {
  if (file.size() > kMaxFileBytes) return Error(Code::out_of_range, "a tensor file over 1 GiB is refused");
  try {
    onnx::TensorProto proto;
    if (!proto.ParseFromArray(file.data(), static_cast<int>(file.size())))
      return malformed("the file is no ONNX tensor (protobuf does not parse)");
    return read_tensor(proto);
  } catch (const std::exception& error) {
    return malformed(std::string("the ONNX tensor cannot be read: ") + error.what());
  }
}

std::vector<u8> serialise(const Model& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(8);
  proto.set_producer_name("pipit");
  auto& opset = *proto.add_opset_import();
  opset.set_domain("");
  opset.set_version(model.opset);
  onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name(model.graph_name.empty() ? "model" : model.graph_name);
  for (const auto& tensor : model.initializers) write_tensor(tensor, *graph.add_initializer());
  for (const auto& value : model.inputs) write_value(value, *graph.add_input());
  for (const auto& value : model.outputs) write_value(value, *graph.add_output());
  for (const auto& node : model.nodes) write_node(node, *graph.add_node());
  const std::string text = proto.SerializeAsString();
  return {text.begin(), text.end()};
}

}  // namespace pipit::model::onnx_file
