#include <cstring>

#include "nn/model_view.h"
#include "nn/nn.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn {

Result<Executor> Executor::create(const PlannedModel& model, MutBytes arena) {
  if (arena.size() < model.arena_bytes())
    return Error{Code::out_of_memory, "arena smaller than the model needs", model.arena_bytes()};
  if (reinterpret_cast<usize>(arena.data()) % format::kTensorAlign != 0)
    return Error{Code::invalid_argument, "arena is not 16-byte aligned"};
  Executor executor(model, arena.first(model.arena_bytes()));
  executor.forget();
  return executor;
}

void Executor::forget() {
  const ModelView model(model_.file());
  for (u32 id = 0; id < model.header().tensor_count; ++id) {
    const format::TensorRecord& tensor = model.tensor(id);
    if (!is_state(tensor)) continue;
    // An integer state of more than eight bits has no zero point (verify functions of its operators).
    std::memset(arena_.data() + tensor.offset, tensor.zero_point, tensor.bytes);
  }
}

Status Executor::set_input(u32 index, DType dtype, Bytes data) {
  if (next_operator_ != 0)
    return Error{Code::invalid_argument, "input set while inference is under way", index};
  if (index >= model_.input_count()) return Error{Code::invalid_argument, "model has no such input", index};
  const ModelView model(model_.file());
  const format::TensorRecord& tensor = model.tensor(model.inputs()[index]);
  if (tensor.dtype != static_cast<u8>(dtype))
    return Error{Code::invalid_argument, "input element type differs from the model's", index};
  if (tensor.bytes != data.size())
    return Error{Code::invalid_argument, "input size differs from the model's", index};
  std::memcpy(arena_.data() + tensor.offset, data.data(), data.size());
  inputs_set_ |= 1u << index;
  finished_ = false;
  return {};
}

Result<bool> Executor::step() {
  const u32 inputs = model_.input_count();
  const u32 all = inputs == 32 ? ~u32{0} : (1u << inputs) - 1;
  if (inputs_set_ != all) return Error{Code::invalid_argument, "not every input was set"};
  const Node node(ModelView(model_.file()), next_operator_, arena_.data());
  if (steps_ == nullptr) {
    find_operator(node.opcode(), node.dtype())->run(node);
  } else {
    run_step_(*this, node, steps_[next_operator_]);
  }
  if (++next_operator_ < model_.operator_count()) return true;
  // Activations may lie on the inputs, so every inference needs its inputs anew.
  next_operator_ = 0;
  inputs_set_ = 0;
  finished_ = true;
  return false;
}

Status Executor::run() {
  while (TRY(step())) {
  }
  return {};
}

Bytes Executor::output(u32 index) const {
  if (!finished_ || index >= model_.output_count()) return {};
  const ModelView model(model_.file());
  const format::TensorRecord& tensor = model.tensor(model.outputs()[index]);
  return Bytes(arena_).subspan(tensor.offset, tensor.bytes);
}

}  // namespace pipit::nn
