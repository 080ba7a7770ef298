#include "compiler/model/import_halves.h"

#include <algorithm>
#include <string_view>

namespace pipit::model {
namespace {

using support::Result;
using support::Status;

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

/// Operators whose result's type an attribute or another operand decides, and those that never look at
/// values.
constexpr std::string_view kExempt[] = {"Cast",   "CastLike", "QuantizeLinear", "DequantizeLinear", "EyeLike",
                                        "OneHot", "Shape",    "Size",           "ConstantOfShape"};

}  // namespace

HalvesImport::HalvesImport(const onnx_file::Node& node, const NodeImport& in, Results& results)
    : results_(results) {
  if (std::ranges::find(kExempt, std::string_view(node.op_type)) != std::end(kExempt)) return;
  // The result has the type of the first operand; Where's is the condition.
  const usize decisive = node.op_type == "Where" ? 1 : 0;
  if (!in.has(decisive) || !is_half(in.dtype(decisive))) return;
  active_ = true;
  half_ = in.dtype(decisive);
  first_only_ = node.op_type == "LayerNormalization";
}

Status HalvesImport::widen(NodeImport& in) const {
  if (!active_) return {};
  for (TensorId& input : in.inputs) {
    if (!input.valid() || !is_half(in.graph[input].dtype)) continue;
    const auto known = results_.find(input.index);
    input = known != results_.end() ? known->second : TRY(in.cast(input, DType::f32));
  }
  return {};
}

Result<TensorId> HalvesImport::rounded(NodeImport& in, TensorId result) const {
  if (!result.valid() || in.graph[result].dtype != DType::f32) return result;
  const TensorId half = TRY(in.cast(result, half_));
  results_.emplace(half.index, result);
  return half;
}

Result<TensorId> HalvesImport::narrow(NodeImport& in, TensorId first) const {
  if (!active_) return first;
  if (!first_only_)
    for (TensorId& bound : in.bound) bound = TRY(rounded(in, bound));
  return rounded(in, first);
}

}  // namespace pipit::model
