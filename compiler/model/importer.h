#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/model/dynamic_model.h"
#include "wasi/context.h"

namespace pipit::model {

/// wasi-nn's load() for ONNX and TFLite bytes on Linux. A model with fixed shapes is compiled and kept as
/// long as the importer lives; an ONNX model whose shapes inputs decide is planned when they are there
/// (DynamicModel).
class OnnxImporter final : public wasi::ModelImporter {
 public:
  /// `encoding` is wasi-nn's graph_encoding: onnx (1) or tensorflowlite (4), and the bytes must be that.
  /// Errors carry a fixed text; why() tells the whole story. unsupported for ONNX without fixed shapes:
  /// load_dynamic() takes that.
  Result<nn::PlannedModel> import(u32 encoding, Bytes model) override;

  Status load_dynamic(u32 graph, u32 encoding, Bytes model) override;
  Status open_dynamic(u32 graph, u32 execution) override;
  Status set_dynamic_input(u32 execution, u32 index, DType dtype, std::span<const u32> dims,
                           Bytes data) override;
  Status compute_dynamic(u32 execution) override;
  Result<Bytes> dynamic_output(u32 execution, u32 index) override;

  /// Text of the last error.
  const std::string& why() const { return why_; }

 private:
  /// One execution context: the values set, the values computed.
  struct Execution {
    DynamicModel* model = nullptr;
    std::vector<std::optional<HostValue>> inputs;
    std::vector<HostValue> outputs;
  };
  Error failed(const support::Error& error, const char* message);

  std::deque<std::vector<u8>> models_;
  std::optional<DynamicModel> dynamic_[wasi::kMaxGraphs];
  Execution executions_[wasi::kMaxExecutions];
  std::string why_;
};

}  // namespace pipit::model
