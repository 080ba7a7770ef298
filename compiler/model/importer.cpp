#include "compiler/model/importer.h"

#include <algorithm>

#include "compiler/model/compiler.h"
#include "compiler/model/tflite_file.h"

namespace pipit::model {
namespace {

constexpr u32 kOnnx = 1, kTflite = 4;

/// Whether every input has the shape that the file says; others are planned when inputs are there.
bool has_fixed_inputs(const onnx_file::Model& file) {
  return std::all_of(file.inputs.begin(), file.inputs.end(), [](const auto& value) {
    return value.ranked && std::all_of(value.dims.begin(), value.dims.end(), [](i64 dim) { return dim > 0; });
  });
}

}  // namespace

Error OnnxImporter::failed(const support::Error& error, const char* message) {
  why_ = error.text;
  return Error{error.code, message};
}

Result<nn::PlannedModel> OnnxImporter::import(u32 encoding, Bytes model) {
  const bool tflite = tflite_file::is_tflite(model);
  if (encoding != (tflite ? kTflite : kOnnx))
    return Error{Code::unsupported, "graph encoding is not that of the bytes"};
  if (models_.size() >= wasi::kMaxGraphs) return Error{Code::out_of_memory, "too many imported models"};
  if (!tflite) {
    const auto file = onnx_file::parse(model);
    if (file.ok() && !has_fixed_inputs(*file))
      return Error{Code::unsupported, "the ONNX model has open dimensions"};
  }
  auto compiled = compile_model(model);
  if (!compiled.ok()) return failed(compiled.error(), "the model cannot be compiled");
  models_.push_back(std::move(compiled->pipm));
  return nn::PlannedModel::load(models_.back());
}

Status OnnxImporter::load_dynamic(u32 graph, u32 encoding, Bytes model) {
  if (encoding != kOnnx || graph >= wasi::kMaxGraphs)
    return Error{Code::unsupported, "only ONNX models have open shapes"};
  auto loaded = DynamicModel::create(model);
  if (!loaded.ok()) return failed(loaded.error(), "the ONNX model cannot be read");
  dynamic_[graph].emplace(*std::move(loaded));
  return {};
}

Status OnnxImporter::open_dynamic(u32 graph, u32 execution) {
  std::optional<DynamicModel>* const model = graph < wasi::kMaxGraphs ? &dynamic_[graph] : nullptr;
  if (execution >= wasi::kMaxExecutions || model == nullptr || !model->has_value())
    return Error{Code::invalid_argument, "no such model"};
  executions_[execution] = {&**model, {}, {}};
  executions_[execution].inputs.resize((*model)->inputs().size());
  return {};
}

Status OnnxImporter::set_dynamic_input(u32 execution, u32 index, DType dtype, std::span<const u32> dims,
                                       Bytes data) {
  Execution& state = executions_[execution];
  if (index >= state.inputs.size()) return Error{Code::invalid_argument, "the model has no such input"};
  u64 bytes = dtype_bytes(dtype);
  for (u32 dim : dims) {
    bytes *= dim;
    if (bytes > u64{1} << 30) return Error{Code::out_of_range, "the input is larger than 1 GiB"};
  }
  if (bytes != data.size()) return Error{Code::invalid_argument, "input size differs from its shape"};
  state.inputs[index] = HostValue{Value::Kind::tensor,
                                  dtype,
                                  Shape(dims.begin(), dims.end()),
                                  std::vector<u8>(data.begin(), data.end()),
                                  {}};
  state.outputs.clear();
  return {};
}

Status OnnxImporter::compute_dynamic(u32 execution) {
  Execution& state = executions_[execution];
  std::vector<HostValue> values;
  for (const auto& input : state.inputs) {
    if (!input) return Error{Code::invalid_argument, "not every input was set"};
    values.push_back(*input);
  }
  auto outputs = state.model->run(values);
  if (!outputs.ok()) return failed(outputs.error(), "the model cannot run with these inputs");
  state.outputs = *std::move(outputs);
  return {};
}

Result<Bytes> OnnxImporter::dynamic_output(u32 execution, u32 index) {
  const Execution& state = executions_[execution];
  if (state.outputs.empty()) return Error{Code::internal, "nothing was computed"};
  if (index >= state.outputs.size() || state.outputs[index].kind != Value::Kind::tensor)
    return Error{Code::invalid_argument, "the model has no such output"};
  return Bytes(state.outputs[index].data);
}

}  // namespace pipit::model
