#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compiler/model/evaluate.h"
#include "compiler/model/onnx_program.h"

namespace pipit::model {

/// Runs a stage, at least once, on the inputs that the stages before it made; for measurements.
using StageObserver = std::function<support::Status(Session& session, std::span<const Bytes> inputs)>;

/// An ONNX model that is planned when its inputs are known: shapes may be symbolic, depend on the inputs'
/// values or on what the model computes, and control flow is followed. Runs stage by stage: everything whose
/// shape is known is compiled to a planned model and executed by the engine, then the rest is planned with
/// what came out. Plans are kept and used again for inputs of the same shapes (and the same values, where
/// shapes depend on them).
class DynamicModel {
 public:
  /// Parses and checks what can be checked before inputs are there: errors as import_onnx, an operator
  /// outside the tables included. Tensors in other files are read from `folder`.
  static support::Result<DynamicModel> create(Bytes onnx, const std::string& folder = "");
  DynamicModel(DynamicModel&&) noexcept;
  DynamicModel& operator=(DynamicModel&&) noexcept;
  ~DynamicModel();

  /// Names, element types and shapes, −1 where a dimension is open.
  const std::vector<onnx_file::ValueInfo>& inputs() const;
  const std::vector<onnx_file::ValueInfo>& outputs() const;

  /// One inference; values in the order of inputs() and outputs(). invalid_argument where an input's type or
  /// rank is not the model's (an input of which only the type is read may have any); errors of planning name
  /// the node. With an observer, that runs each stage in this model's place.
  support::Result<std::vector<HostValue>> run(const std::vector<HostValue>& values,
                                              const StageObserver& observer = {});

  /// Stages compiled so far: stays as it is while plans are used again.
  usize plans() const;

 private:
  struct State;
  explicit DynamicModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pipit::model
