#include "compiler/model/emit_pipm.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/check.h"
#include "base/crc32.h"
#include "compiler/model/emit_attributes.h"
#include "compiler/model/extend/custom.h"
#include "compiler/model/general.h"
#include "compiler/model/opcodes.h"
#include "nn/nn.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;
namespace format = nn::format;

/// Bytes of the file behind its header, with room kept for the alignment each part needs.
class FileBuilder {
 public:
  u32 add(const void* data, usize size, u32 align) {
    while ((sizeof(format::Header) + body_.size()) % align != 0) body_.push_back(0);
    const u32 offset = static_cast<u32>(sizeof(format::Header) + body_.size());
    const u8* bytes = static_cast<const u8*>(data);
    body_.insert(body_.end(), bytes, bytes + size);
    return offset;
  }
  template <class T>
  u32 add_all(const std::vector<T>& values, u32 align) {
    return add(values.data(), values.size() * sizeof(T), align);
  }
  usize size() const { return sizeof(format::Header) + body_.size(); }

  std::vector<u8> finish(format::Header header) const {
    header.file_bytes = static_cast<u32>(size());
    std::vector<u8> file(size());
    std::memcpy(file.data(), &header, sizeof header);
    if (!body_.empty()) std::memcpy(file.data() + sizeof header, body_.data(), body_.size());
    header.crc32 = crc32(Bytes(file).subspan(format::kChecksumStart));
    std::memcpy(file.data(), &header, sizeof header);
    return file;
  }

 private:
  std::vector<u8> body_;
};

class Emitter {
 public:
  Emitter(const Graph& graph, const MemoryPlan& plan) : graph_(graph), plan_(plan) {}

  Result<EmittedModel> run() {
    if (graph_.order().empty()) return Error(Code::unsupported, "the model has no operator");
    for (TensorId id : graph_.inputs) TRY(record_of(id));
    // The loader wants states in the order of their addresses.
    for (u32 i = 0; i < graph_.tensor_count(); ++i)
      if (graph_[TensorId{i}].state && plan_.offsets[i] != MemoryPlan::kNoOffset) TRY(record_of(TensorId{i}));
    for (NodeId id : graph_.order()) TRY(add_operator(id));
    EmittedModel model;
    model.file = TRY(assemble());
    model.operators = std::move(summary_);
    model.macs = macs_;
    return model;
  }

 private:
  Result<u32> new_record(const Tensor& tensor) {
    if (tensor.shape.size() > nn::kMaxRank)
      return Error(Code::unsupported, "tensor '" + tensor.name + "' has more than 6 dimensions");
    format::TensorRecord record{};
    record.dtype = static_cast<u8>(tensor.dtype);
    record.rank = static_cast<u8>(tensor.shape.size());
    u64 bytes = dtype_bytes(tensor.dtype);
    for (usize axis = 0; axis < tensor.shape.size(); ++axis) {
      record.dims[axis] = static_cast<u32>(tensor.shape[axis]);
      bytes *= static_cast<u64>(tensor.shape[axis]);
    }
    if (bytes > u64{1} << 30)
      return Error(Code::out_of_range, "tensor '" + tensor.name + "' is larger than 1 GiB");
    record.bytes = static_cast<u32>(bytes);
    const bool has_scale = tensor.dtype == DType::i8 || tensor.dtype == DType::u8 ||
                           tensor.dtype == DType::i16 || (tensor.dtype == DType::i32 && !tensor.constant);
    if (has_scale && tensor.quantization && !tensor.quantization->per_channel()) {
      record.scale = tensor.quantization->scales[0];
      record.zero_point = tensor.quantization->zero_points[0];
    }
    records_.push_back(record);
    return static_cast<u32>(records_.size() - 1);
  }

  Result<u32> constant_record(const Tensor& tensor) {
    const u32 id = TRY(new_record(tensor));
    records_[id].placement = static_cast<u8>(format::Placement::constant);
    records_[id].offset = file_.add(tensor.data.data(), tensor.data.size(), format::kTensorAlign);
    constant_bytes_ += tensor.data.size();
    return id;
  }

  /// The record of a tensor, made when it is first named.
  Result<u32> record_of(TensorId id) {
    if (const auto known = ids_.find(id.index); known != ids_.end()) return known->second;
    const Tensor& tensor = graph_[id];
    u32 made = 0;
    if (tensor.constant) {
      made = TRY(constant_record(tensor));
    } else {
      made = TRY(new_record(tensor));
      records_[made].offset = plan_.offsets[id.index];
      if (tensor.state) records_[made].placement = static_cast<u8>(format::Placement::state);
      if (graph_.is_input(id) || graph_.is_output(id)) {
        records_[made].name_offset = file_.add(tensor.name.data(), tensor.name.size(), 1);
        records_[made].name_bytes = static_cast<u32>(tensor.name.size());
      }
    }
    ids_.emplace(id.index, made);
    return made;
  }

  /// The planner has refused a graph with an operator that has none.
  u8 opcode_in_plan(const Node& node) const {
    const auto opcode = opcode_of(graph_, node);
    PIPIT_CHECK(opcode.has_value());
    return static_cast<u8>(*opcode);
  }

  Status add_operator(NodeId id) {
    const Node& node = graph_[id];
    constant_bytes_ = 0;
    auto written = write_operator(node);
    if (!written.ok()) return written.take_error().in(graph_.describe(id));
    const Tensor& output = graph_[node.output];
    const u64 macs = macs_of(graph_, node);
    macs_ += macs;
    std::string opcode = format::opcode_name(opcode_in_plan(node));
    if (node.op == Op::general) opcode += " " + function_name(node.as<GeneralAttributes>());
    summary_.push_back({node.name, std::move(opcode), dtype_name(output.dtype), to_string(output.shape), macs,
                        constant_bytes_});
    return {};
  }

  Status write_operator(const Node& node) {
    std::vector<u32> ids;
    const DType output = graph_[node.output].dtype;
    if (has_weights(node.op) && (output == DType::i8 || output == DType::i16)) {
      ids.push_back(TRY(record_of(node.inputs[0])));
      ids.push_back(TRY(record_of(node.inputs[1])));
      const IntegerLayer layer =
          TRY(output == DType::i8 ? integer_layer(graph_, node) : wide_layer(graph_, node));
      ids.push_back(TRY(constant_record(layer.bias)));
      ids.push_back(TRY(constant_record(layer.rescale)));
    } else {
      for (TensorId input : node.inputs) ids.push_back(TRY(record_of(input)));
    }
    ids.push_back(TRY(record_of(node.output)));

    format::OperatorRecord record{};
    record.opcode = opcode_in_plan(node);
    record.input_count = static_cast<u8>(ids.size() - 1);
    record.output_count = 1;
    record.ids_offset = file_.add_all(ids, format::kTableAlign);
    const std::vector<u8> attributes = TRY(encode_attributes(graph_, node));
    record.attributes_bytes = static_cast<u32>(attributes.size());
    if (!attributes.empty()) record.attributes_offset = file_.add_all(attributes, format::kTableAlign);
    operators_.push_back(record);
    return {};
  }

  u32 add_ids(const std::vector<TensorId>& tensors) {
    std::vector<u32> ids;
    for (TensorId id : tensors) ids.push_back(ids_.at(id.index));
    return file_.add_all(ids, format::kTableAlign);
  }

  Result<std::vector<u8>> assemble() {
    if (operators_.size() > format::kMaxOperators || records_.size() > format::kMaxTensors ||
        graph_.inputs.size() > format::kMaxOperands || graph_.outputs.size() > format::kMaxOperands)
      return Error(Code::out_of_range,
                   "the model has more operators, tensors or operands than a .pipm holds");
    format::Header header{};
    header.magic = format::kMagic;
    header.version = format::kVersion;
    header.header_bytes = sizeof header;
    header.arena_bytes = plan_.arena_bytes;
    header.state_bytes = plan_.state_bytes;
    header.macs_low = static_cast<u32>(macs_);
    header.macs_high = static_cast<u32>(macs_ >> 32);
    header.tensor_count = static_cast<u32>(records_.size());
    header.operator_count = static_cast<u32>(operators_.size());
    header.input_count = static_cast<u32>(graph_.inputs.size());
    header.output_count = static_cast<u32>(graph_.outputs.size());
    header.inputs_offset = add_ids(graph_.inputs);
    header.outputs_offset = add_ids(graph_.outputs);
    header.tensors_offset = file_.add_all(records_, format::kTableAlign);
    header.operators_offset = file_.add_all(operators_, format::kTableAlign);
    graph_.name.copy(header.name, format::kNameBytes - 1);
    if (file_.size() > u64{1} << 31) return Error(Code::out_of_range, "the model file exceeds 2 GiB");
    std::vector<u8> bytes = file_.finish(header);
    // The loader is the judge of what the engine executes; nothing leaves the compiler that it would refuse.
    const auto loaded = nn::PlannedModel::load(bytes);
    if (!loaded.ok()) return refused(loaded.error());
    return bytes;
  }

  Error refused(const pipit::Error& error) const {
    std::string where;
    if (error.where < summary_.size())
      where = summary_[error.where].opcode + " node '" + summary_[error.where].name + "': ";
    return Error(Code::unsupported, where + "the engine cannot execute this: " + error.message);
  }

  const Graph& graph_;
  const MemoryPlan& plan_;
  FileBuilder file_;
  std::vector<format::TensorRecord> records_;
  std::vector<format::OperatorRecord> operators_;
  std::map<u32, u32> ids_;  // TensorId → record
  std::vector<PlannedOperator> summary_;
  u64 macs_ = 0;
  u64 constant_bytes_ = 0;
};

}  // namespace

u64 macs_of(const Graph& graph, const Node& node) {
  const auto count = [&](TensorId id) { return static_cast<u64>(element_count(graph[id].shape)); };
  switch (node.op) {
    case Op::conv:
    case Op::fully_connected:
    case Op::dynamic_conv:
    case Op::dynamic_fully_connected:
      return count(node.output) * (count(node.inputs[1]) / static_cast<u64>(graph[node.inputs[1]].shape[0]));
    case Op::transpose_conv:  // every input goes to all taps
      return count(node.inputs[0]) *
             (count(node.inputs[1]) / static_cast<u64>(graph[node.inputs[1]].shape.back()));
    case Op::matmul: return count(node.output) * static_cast<u64>(graph[node.inputs[0]].shape.back());
    case Op::gemm: {
      const Shape& a = graph[node.inputs[0]].shape;
      return count(node.output) * static_cast<u64>(node.as<GemmAttributes>().transpose_a ? a[0] : a.back());
    }
    case Op::depthwise_conv:
    case Op::dynamic_depthwise_conv:
      return count(node.output) *
             (count(node.inputs[1]) / static_cast<u64>(graph[node.inputs[1]].shape.back()));
    case Op::svdf:
      return count(node.inputs[0]) * static_cast<u64>(graph[node.inputs[1]].shape[0]) + count(node.inputs[4]);
    case Op::lstm: {
      const u64 steps = count(node.output) / static_cast<u64>(graph[node.output].shape.back());
      return steps * (count(node.inputs[1]) + count(node.inputs[2]));
    }
    case Op::custom: return custom_macs(graph, node);
    case Op::general: return general_macs(graph, node);
    default: return 0;
  }
}

Result<EmittedModel> emit_pipm(const Graph& graph, const MemoryPlan& plan) {
  return Emitter(graph, plan).run();
}

}  // namespace pipit::model
