// The adapter around protobuf and libonnx: nothing outside this file sees their classes or their exceptions.
#include "compiler/model/onnx_file.h"

#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
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
    case ElementType::u16:
    case ElementType::bf16:
    case ElementType::f16: return 2;
    case ElementType::f32:
    case ElementType::u32:
    case ElementType::i32: return 4;
    case ElementType::i64:
    case ElementType::u64:
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
    case ElementType::u32: append<u32>(out, tensor.uint64_data()); break;
    case ElementType::u64: append<u64>(out, tensor.uint64_data()); break;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::u16:
    case ElementType::i16: append<i16>(out, tensor.int32_data()); break;
    case ElementType::u8:
    case ElementType::i8:
    case ElementType::boolean: append<i8>(out, tensor.int32_data()); break;
  }
}

/// Reads tensors, nodes and graphs; tensors kept in other files are found in `folder`.
class Reader {
 public:
  explicit Reader(std::string folder) : folder_(std::move(folder)) {}

  Result<Tensor> tensor(const onnx::TensorProto& from);
  Result<Model> model(const onnx::ModelProto& from);

 private:
  Result<std::vector<u8>> external(const onnx::TensorProto& from, usize wanted);
  Result<Attribute> attribute(const onnx::AttributeProto& from);
  Result<Node> node(const onnx::NodeProto& from);
  Result<Graph> graph(const onnx::GraphProto& from);
  Result<Function> function(const onnx::FunctionProto& from);

  static constexpr u32 kMaxDepth = 32;  // of graphs in nodes
  std::string folder_;
  u32 depth_ = 0;
};

Result<u64> number_of(const std::string& text) {
  u64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return malformed("external data offset is no number");
  return value;
}

/// The bytes of a tensor that lies in another file below the model's folder.
Result<std::vector<u8>> Reader::external(const onnx::TensorProto& from, usize wanted) {
  const std::string what = "tensor '" + from.name() + "'";
  std::string location;
  u64 offset = 0, length = wanted;
  for (const auto& entry : from.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = TRY(number_of(entry.value()));
    if (entry.key() == "length") length = TRY(number_of(entry.value()));
  }
  if (length != wanted)
    return malformed(what + " has another length in '" + location + "' than its shape needs");
  if (folder_.empty())
    return Error(Code::unsupported, what + " keeps its data in '" + location +
                                        "'; give the model as a file beside it, or save it as one file");
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path root = fs::weakly_canonical(folder_, failed);
  const fs::path path = fs::weakly_canonical(root / location, failed);
  const auto [end, rest] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  if (failed || location.empty() || fs::path(location).is_absolute() || end != root.end())
    return Error(Code::denied, what + " names external data '" + location + "' outside the model's folder");
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return Error(Code::not_found, what + ": its external data '" + path.string() + "' cannot be opened");
  std::vector<u8> data;
  const auto size = fs::file_size(path, failed);
  bool read = !failed && offset <= size && wanted <= size - offset;
  if (read) {
    data.resize(wanted);
    read = std::fseek(file, static_cast<long>(offset), SEEK_SET) == 0 &&
           std::fread(data.data(), 1, wanted, file) == wanted;
  }
  std::fclose(file);
  if (!read) return malformed(what + ": its external data '" + path.string() + "' are too short");
  return data;
}

Result<Tensor> Reader::tensor(const onnx::TensorProto& from) {
  const usize size = element_bytes(from.data_type());
  if (size == 0)
    return Error(Code::unsupported, "tensor '" + from.name() + "' has element type " +
                                        std::to_string(from.data_type()) +
                                        "; strings, complex numbers and 8-bit floats are not read");
  const u64 count = TRY(element_count(from));
  Tensor tensor{
      from.name(), static_cast<ElementType>(from.data_type()), {from.dims().begin(), from.dims().end()}, {}};
  if (from.data_location() == onnx::TensorProto::EXTERNAL || from.external_data_size() != 0)
    tensor.data = TRY(external(from, count * size));
  else if (from.has_raw_data())
    tensor.data.assign(from.raw_data().begin(), from.raw_data().end());
  else
    append_typed(tensor.data, from);
  if (tensor.data.size() != count * size)
    return malformed("tensor '" + from.name() + "' holds " + std::to_string(tensor.data.size()) +
                     " bytes, its shape needs " + std::to_string(count * size));
  return tensor;
}

Result<Attribute> Reader::attribute(const onnx::AttributeProto& from) {
  Attribute attribute{from.name(), i64{0}, from.ref_attr_name()};
  if (!attribute.reference.empty()) return attribute;
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
    case onnx::AttributeProto::STRINGS:
      attribute.value = std::vector<std::string>(from.strings().begin(), from.strings().end());
      break;
    case onnx::AttributeProto::TENSOR: attribute.value = TRY(tensor(from.t())); break;
    case onnx::AttributeProto::GRAPH: {
      std::vector<Graph> graphs;
      graphs.push_back(TRY(graph(from.g())));
      attribute.value = std::move(graphs);
      break;
    }
    default:
      return Error(Code::unsupported, "attribute '" + from.name() + "' has kind " +
                                          std::to_string(from.type()) +
                                          " (sparse tensor, type or list of graphs)");
  }
  return attribute;
}

Result<Node> Reader::node(const onnx::NodeProto& from) {
  Node node{from.op_type(),
            from.domain(),
            from.name(),
            {from.input().begin(), from.input().end()},
            {from.output().begin(), from.output().end()},
            {}};
  for (const auto& field : from.attribute()) {
    // A type says nothing that the values do not.
    if (field.type() == onnx::AttributeProto::TYPE_PROTO) continue;
    auto read = attribute(field);
    if (!read.ok()) return read.take_error().in(from.op_type() + " node '" + from.name() + "'");
    node.attributes.push_back(*std::move(read));
  }
  return node;
}

Result<ValueInfo> read_value(const onnx::ValueInfoProto& from) {
  using Kind = ValueInfo::Kind;
  ValueInfo value{from.name()};
  const onnx::TypeProto* type = &from.type();
  if (type->has_optional_type()) {
    value.kind = Kind::optional;
    type = &type->optional_type().elem_type();
  }
  if (type->has_sequence_type()) {
    value.kind = value.kind == Kind::optional ? Kind::optional_sequence : Kind::sequence;
    type = &type->sequence_type().elem_type();
  }
  if (!type->has_tensor_type()) return Error(Code::unsupported, "value '" + from.name() + "' is no tensor");
  const auto& tensor = type->tensor_type();
  if (element_bytes(tensor.elem_type()) == 0)
    return Error(Code::unsupported,
                 "value '" + from.name() + "' has element type " + std::to_string(tensor.elem_type()));
  value.type = static_cast<ElementType>(tensor.elem_type());
  value.ranked = tensor.has_shape();
  for (const auto& dim : tensor.shape().dim())
    value.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  return value;
}

/// Inside a node's graph types are optional.
ValueInfo read_inner_value(const onnx::ValueInfoProto& from) {
  auto value = read_value(from);
  return value.ok() ? *std::move(value) : ValueInfo{from.name()};
}

Result<Graph> Reader::graph(const onnx::GraphProto& from) {
  if (++depth_ > kMaxDepth) return Error(Code::out_of_range, "graphs lie in nodes more than 32 deep");
  Graph read;
  if (from.sparse_initializer_size() != 0)
    return Error(Code::unsupported, "the model has sparse initializers");
  for (const auto& initializer : from.initializer()) read.initializers.push_back(TRY(tensor(initializer)));
  for (const auto& value : from.input()) read.inputs.push_back(read_inner_value(value));
  for (const auto& value : from.output()) read.outputs.push_back(read_inner_value(value));
  for (const auto& inner : from.node()) read.nodes.push_back(TRY(node(inner)));
  --depth_;
  return read;
}

Result<Function> Reader::function(const onnx::FunctionProto& from) {
  Function read{from.domain(),
                from.name(),
                {from.input().begin(), from.input().end()},
                {from.output().begin(), from.output().end()},
                {}};
  for (const auto& inner : from.node()) read.nodes.push_back(TRY(node(inner)));
  return read;
}

Result<Model> Reader::model(const onnx::ModelProto& from) {
  if (!from.has_graph()) return malformed("the file holds no ONNX graph");
  Model model;
  for (const auto& set : from.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx") model.opset = set.version();
  if (model.opset > kNewestOpset)
    return Error(Code::unsupported, "the model needs operator set " + std::to_string(model.opset) +
                                        "; known are those up to " + std::to_string(kNewestOpset) +
                                        ": export it with an older one");
  const onnx::GraphProto& graph = from.graph();
  if (graph.sparse_initializer_size() != 0)
    return Error(Code::unsupported, "the model has sparse initializers");
  model.graph_name = graph.name();
  for (const auto& initializer : graph.initializer()) model.initializers.push_back(TRY(tensor(initializer)));
  for (const auto& value : graph.input()) model.inputs.push_back(TRY(read_value(value)));
  for (const auto& value : graph.output()) model.outputs.push_back(TRY(read_value(value)));
  for (const auto& inner : graph.node()) model.nodes.push_back(TRY(node(inner)));
  for (const auto& defined : from.functions()) model.functions.push_back(TRY(function(defined)));
  return model;
}

void write_tensor(const Tensor& from, onnx::TensorProto& to) {
  to.set_name(from.name);
  to.set_data_type(static_cast<i32>(from.type));
  for (i64 dim : from.dims) to.add_dims(dim);
  to.set_raw_data(from.data.data(), from.data.size());
}

void write_graph(const Graph& from, onnx::GraphProto& to);

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
  void operator()(const std::vector<std::string>& values) const {
    to.set_type(onnx::AttributeProto::STRINGS);
    for (const auto& value : values) to.add_strings(value);
  }
  void operator()(const std::vector<Graph>& graphs) const {
    to.set_type(onnx::AttributeProto::GRAPH);
    for (const Graph& graph : graphs) write_graph(graph, *to.mutable_g());
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

void write_graph(const Graph& from, onnx::GraphProto& to) {
  to.set_name("graph");
  for (const auto& tensor : from.initializers) write_tensor(tensor, *to.add_initializer());
  for (const auto& value : from.inputs) write_value(value, *to.add_input());
  for (const auto& value : from.outputs) write_value(value, *to.add_output());
  for (const auto& node : from.nodes) write_node(node, *to.add_node());
}

}  // namespace

Result<Model> parse(Bytes file, const std::string& folder) {
  if (file.size() > kMaxFileBytes) return Error(Code::out_of_range, "an ONNX file over 1 GiB is refused");
  try {
    onnx::ModelProto proto;
    if (!proto.ParseFromArray(file.data(), static_cast<int>(file.size())))
      return malformed("the file is no ONNX model, or a part of one (protobuf does not parse)");
    return Reader(folder).model(proto);
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
    return Reader("").tensor(proto);
  } catch (const std::exception& error) {
    return malformed(std::string("the ONNX tensor cannot be read: ") + error.what());
  }
}

Result<Value> parse_value(Bytes file, ValueInfo::Kind kind) {
  if (file.size() > kMaxFileBytes) return Error(Code::out_of_range, "a tensor file over 1 GiB is refused");
  using Kind = ValueInfo::Kind;
  try {
    onnx::OptionalProto optional;
    onnx::SequenceProto sequence;
    const int size = static_cast<int>(file.size());
    if (kind == Kind::tensor) {
      Value value;
      value.tensors.push_back(TRY(parse_tensor(file)));
      return value;
    }
    if (kind == Kind::sequence ? !sequence.ParseFromArray(file.data(), size)
                               : !optional.ParseFromArray(file.data(), size))
      return malformed("the file is no ONNX value (protobuf does not parse)");
    Value value{kind == Kind::sequence || optional.has_sequence_value() || optional.has_tensor_value(),
                kind == Kind::sequence || optional.has_sequence_value(),
                {}};
    if (optional.has_sequence_value()) sequence = optional.sequence_value();
    if (optional.has_tensor_value()) value.tensors.push_back(TRY(Reader("").tensor(optional.tensor_value())));
    for (const auto& tensor : sequence.tensor_values())
      value.tensors.push_back(TRY(Reader("").tensor(tensor)));
    return value;
  } catch (const std::exception& error) {
    return malformed(std::string("the ONNX value cannot be read: ") + error.what());
  }
}

namespace {

onnx::ModelProto proto_of(const Model& model) {
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
  for (const auto& function : model.functions) {
    auto& written = *proto.add_functions();
    written.set_domain(function.domain);
    written.set_name(function.name);
    for (const auto& name : function.inputs) written.add_input(name);
    for (const auto& name : function.outputs) written.add_output(name);
    for (const auto& node : function.nodes) write_node(node, *written.add_node());
  }
  return proto;
}

std::vector<u8> bytes_of(const onnx::ModelProto& proto) {
  const std::string text = proto.SerializeAsString();
  return {text.begin(), text.end()};
}

}  // namespace

std::vector<u8> serialise(const Model& model) { return bytes_of(proto_of(model)); }

std::vector<u8> serialise_external(const Model& model, const std::string& location) {
  onnx::ModelProto proto = proto_of(model);
  for (auto& tensor : *proto.mutable_graph()->mutable_initializer()) {
    tensor.clear_raw_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    auto& entry = *tensor.add_external_data();
    entry.set_key("location");
    entry.set_value(location);
  }
  return bytes_of(proto);
}

}  // namespace pipit::model::onnx_file
