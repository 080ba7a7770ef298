#include "base/check.h"
#include "nn/model_view.h"
#include "nn/nn.h"
#include "nn/operator.h"

namespace pipit::nn {
namespace {

TensorInfo info_of(const format::TensorRecord& record) {
  TensorInfo info{
      static_cast<DType>(record.dtype), record.rank, {}, record.bytes, record.scale, record.zero_point};
  for (u32 axis = 0; axis < record.rank; ++axis) info.dims[axis] = record.dims[axis];
  return info;
}

}  // namespace

u32 PlannedModel::input_count() const { return ModelView(file_).header().input_count; }
u32 PlannedModel::output_count() const { return ModelView(file_).header().output_count; }
u32 PlannedModel::operator_count() const { return ModelView(file_).header().operator_count; }
u32 PlannedModel::arena_bytes() const { return ModelView(file_).header().arena_bytes; }
std::string_view PlannedModel::name() const { return ModelView(file_).header().name; }

u64 PlannedModel::macs() const {
  const format::Header& header = ModelView(file_).header();
  return u64{header.macs_high} << 32 | header.macs_low;
}

TensorInfo PlannedModel::input(u32 index) const {
  PIPIT_CHECK(index < input_count());
  const ModelView model(file_);
  return info_of(model.tensor(model.inputs()[index]));
}

TensorInfo PlannedModel::output(u32 index) const {
  PIPIT_CHECK(index < output_count());
  const ModelView model(file_);
  return info_of(model.tensor(model.outputs()[index]));
}

const Operator* find_operator(u8 opcode, DType dtype) {
  for (const auto operators : {operator_registry(), operator_extensions()})
    for (const Operator* op : operators)
      if (static_cast<u8>(op->opcode) == opcode && (op->dtype == dtype || op->dtype == kAnyDType)) return op;
  return nullptr;
}

}  // namespace pipit::nn
