#include "nn/fast.h"
#include "nn/model_view.h"
#include "nn/shapes.h"

namespace pipit::nn {
namespace {

constexpr u64 aligned(u64 bytes) {
  return (bytes + PreparedModel::kAlign - 1) / PreparedModel::kAlign * PreparedModel::kAlign;
}

Node node_at(const PlannedModel& model, u32 index) { return Node(ModelView(model.file()), index, nullptr); }

/// Whether a node is large enough that members of a team waiting for one another cost less than they save.
bool is_worth_sharing(const Node& node) {
  constexpr u32 kLargeBytes = 64 * 1024;
  u32 largest = node.output().bytes;
  for (u32 i = 0; i < node.input_count(); ++i)
    if (node.input(i).bytes > largest) largest = node.input(i).bytes;
  return largest >= kLargeBytes;
}

bool is_node_of(const Node& node, const Operator& op) {
  return static_cast<u8>(op.opcode) == node.opcode() && static_cast<u8>(op.dtype) == node.input(0).dtype;
}

/// How often the model reads a tensor.
u32 uses(const PlannedModel& model, const format::TensorRecord& tensor) {
  const ModelView view(model.file());
  u32 count = 0;
  for (u32 index = 0; index < model.operator_count(); ++index) {
    const Node node(view, index, nullptr);
    for (u32 i = 0; i < node.input_count(); ++i) count += &node.input(i) == &tensor ? 1u : 0u;
  }
  for (u32 i = 0; i < model.output_count(); ++i)
    count += &view.tensor(view.outputs()[i]) == &tensor ? 1u : 0u;
  return count;
}

bool share_memory(const format::TensorRecord& a, const format::TensorRecord& b) {
  return !is_constant(a) && !is_constant(b) && a.offset < u64{b.offset} + b.bytes &&
         b.offset < u64{a.offset} + a.bytes;
}

/// Whether operator `index` and the next, one of `then`, may run as one: the next alone reads what this one
/// makes, and writes nothing that this one reads.
bool may_join(const PlannedModel& model, u32 index, const Operator& then) {
  if (index + 1 >= model.operator_count()) return false;
  const Node first = node_at(model, index), second = first.next();
  if (!is_node_of(second, then)) return false;
  for (u32 i = 0; i < first.input_count(); ++i)
    if (share_memory(first.input(i), second.output())) return false;
  u32 reads = 0;
  for (u32 i = 0; i < second.input_count(); ++i) reads += &second.input(i) == &first.output() ? 1u : 0u;
  return reads == 1 && uses(model, first.output()) == 1;
}

/// Whether the kernel of the operators up to `index` leaves for the next one what finishes it.
bool may_finish(const PlannedModel& model, u32 index, const FastKernel& kernel) {
  if (kernel.finish == nullptr || index + 1 >= model.operator_count()) return false;
  const Node last = node_at(model, index), next = last.next();
  return is_node_of(next, *kernel.finish->op) && &next.input(0) == &last.output() &&
         kernel.finish->plan(next);
}

/// The first kernel that takes the operator, or nullptr.
const FastKernel* choose(const PlannedModel& model, u32 index, std::span<const FastKernel* const> kernels,
                         FastKernel::Needs& needs) {
  const Node node = node_at(model, index);
  for (const FastKernel* kernel : kernels) {
    needs = {};
    if (is_node_of(node, *kernel->base) &&
        (kernel->then == nullptr || may_join(model, index, *kernel->then)) && kernel->plan(node, needs))
      return kernel;
  }
  return nullptr;
}

/// Of an operator that the one before it has done.
void run_nothing(const Node&) {}

}  // namespace

u64 PreparedModel::packed_bytes(const PlannedModel& model, std::span<const FastKernel* const> kernels) {
  u64 bytes = aligned(u64{model.operator_count()} * sizeof(PreparedStep));
  for (u32 index = 0; index < model.operator_count(); ++index) {
    FastKernel::Needs needs;
    const FastKernel* kernel = choose(model, index, kernels, needs);
    if (kernel == nullptr) continue;
    bytes += aligned(needs.packed_bytes);
    if (kernel->then != nullptr) ++index;
    if (may_finish(model, index, *kernel)) ++index;
  }
  return bytes;
}

Result<PreparedModel> PreparedModel::create(const PlannedModel& model,
                                            std::span<const FastKernel* const> kernels, MutBytes memory) {
  const u64 need = packed_bytes(model, kernels);
  if (memory.size() < need)
    return Error{Code::out_of_memory, "too little memory for packed weights", static_cast<u32>(need)};
  if (reinterpret_cast<usize>(memory.data()) % kAlign != 0)
    return Error{Code::invalid_argument, "memory for packed weights is not 64-byte aligned"};
  auto* steps = reinterpret_cast<PreparedStep*>(memory.data());
  PreparedModel prepared(model, steps);
  u8* free = memory.data() + aligned(u64{model.operator_count()} * sizeof(PreparedStep));
  for (u32 index = 0; index < model.operator_count(); ++index) {
    const Node node = node_at(model, index);
    FastKernel::Needs needs;
    const FastKernel* kernel = choose(model, index, kernels, needs);
    if (kernel == nullptr) {
      const Operator* op = find_operator(node.opcode(), node.dtype());
      steps[index] = {op->run, nullptr, nullptr, false, nullptr};
      continue;
    }
    kernel->pack(node, free);
    const bool shared = kernel->shared && is_worth_sharing(node);
    steps[index] = {nullptr, kernel->run, free, shared, nullptr};
    free += aligned(needs.packed_bytes);
    if (needs.scratch_bytes > prepared.scratch_bytes_) prepared.scratch_bytes_ = aligned(needs.scratch_bytes);
    ++prepared.fast_operators_;
    if (kernel->then != nullptr) {
      steps[++index] = {run_nothing, nullptr, nullptr, false, nullptr};
      ++prepared.fast_operators_;
    }
    if (may_finish(model, index, *kernel)) {
      steps[++index] = {nullptr, nullptr, nullptr, shared, kernel->finish->run};
      ++prepared.fast_operators_;
    }
  }
  return prepared;
}

void Executor::run_alone(const Executor& executor, const Node& node, const PreparedStep& step) {
  if (step.finish != nullptr) return step.finish(node, executor.scratch_, executor.scratch_bytes_, 1);
  step.run_fast != nullptr ? step.run_fast(node, step.packed, executor.scratch_, Share{}) : step.run(node);
}

void Executor::run_shared(const Executor& executor, const Node& node, const PreparedStep& step) {
  if (!step.shared) return run_alone(executor, node, step);
  if (step.finish != nullptr)
    return step.finish(node, executor.scratch_, executor.scratch_bytes_, executor.team_->size());
  struct Work {
    const Executor& executor;
    const Node& node;
    const PreparedStep& step;
  } work{executor, node, step};
  executor.team_->run(
      [](void* what, u32 member) {
        const Work& w = *static_cast<const Work*>(what);
        w.step.run_fast(w.node, w.step.packed, w.executor.scratch_ + member * w.executor.scratch_bytes_,
                        Share{member, w.executor.team_->size()});
      },
      &work);
}

Result<Executor> Executor::create(const PreparedModel& prepared, MutBytes arena, MutBytes scratch,
                                  Team* team) {
  Executor executor = TRY(create(prepared.model(), arena));
  const u64 need = prepared.scratch_bytes() * (team == nullptr ? 1 : team->size());
  if (scratch.size() < need)
    return Error{Code::out_of_memory, "scratch memory smaller than the kernels need", static_cast<u32>(need)};
  if (reinterpret_cast<usize>(scratch.data()) % PreparedModel::kAlign != 0)
    return Error{Code::invalid_argument, "scratch memory is not 64-byte aligned"};
  executor.steps_ = prepared.steps_;
  executor.scratch_ = scratch.data();
  executor.scratch_bytes_ = prepared.scratch_bytes();
  executor.team_ = team;
  executor.run_step_ = team == nullptr || team->size() == 1 ? run_alone : run_shared;
  return executor;
}

}  // namespace pipit::nn
