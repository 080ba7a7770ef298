#include "compiler/model/importer.h"

#include "compiler/model/compiler.h"

namespace pipit::model {

Result<nn::PlannedModel> OnnxImporter::import(u32 encoding, Bytes model) {
  constexpr u32 kOnnx = 1;
  constexpr usize kMaxModels = wasi::kMaxGraphs;
  if (encoding != kOnnx) return Error{Code::unsupported, "graph encoding is not ONNX"};
  if (models_.size() >= kMaxModels) return Error{Code::out_of_memory, "too many imported models"};
  auto compiled = compile_model(model);
  if (!compiled.ok()) {
    why_ = compiled.error().text;
    return Error{compiled.error().code, "the ONNX model cannot be compiled"};
  }
  models_.push_back(std::move(compiled->pipm));
  return nn::PlannedModel::load(models_.back());
}

}  // namespace pipit::model
