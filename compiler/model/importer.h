#pragma once
#include <deque>
#include <string>
#include <vector>

#include "wasi/context.h"

namespace pipit::model {

/// wasi-nn's load() for ONNX bytes on Linux: compiles them and keeps the planned model as long as the
/// importer lives.
class OnnxImporter final : public wasi::ModelImporter {
 public:
  /// `encoding` is wasi-nn's graph_encoding; only onnx (1) is known, others are unsupported. Errors carry a
  /// fixed text; why() tells the whole story.
  Result<nn::PlannedModel> import(u32 encoding, Bytes model) override;
  /// Text of the last error.
  const std::string& why() const { return why_; }

 private:
  std::deque<std::vector<u8>> models_;
  std::string why_;
};

}  // namespace pipit::model
