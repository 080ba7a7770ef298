#pragma once
#include <map>
#include <vector>

#include "compiler/model/import_operators.h"

namespace pipit::model {

/// Half precision and bfloat16 are what a model stores and hands over; arithmetic happens in single
/// precision, by the tuned operators. A node of halves is imported between casts; a pair of them between two
/// nodes goes at once, so that whole models run in single precision. Casts that the model itself contains
/// stay.
class HalvesImport {
 public:
  /// Of each tensor that a node's result was rounded to, the result; kept from node to node.
  using Results = std::map<u32, TensorId>;
  HalvesImport(const onnx_file::Node& node, const NodeImport& in, Results& results);

  /// Replaces the operands of halves by their values in single precision.
  support::Status widen(NodeImport& in) const;
  /// The node's outputs, the first of which is `first`, in the element types that ONNX gives them.
  support::Result<TensorId> narrow(NodeImport& in, TensorId first) const;

 private:
  support::Result<TensorId> rounded(NodeImport& in, TensorId result) const;

  Results& results_;
  bool active_ = false;
  bool first_only_ = false;  ///< outputs behind the first are f32 in ONNX
  DType half_ = DType::f16;
};

}  // namespace pipit::model
