#include "host/executors.h"

namespace pipit::host {

MutBytes FastExecutors::allocate(u64 bytes) {
  auto& memory = memory_.emplace_back((bytes + sizeof(Chunk) - 1) / sizeof(Chunk));
  return {reinterpret_cast<u8*>(memory.data()), memory.size() * sizeof(Chunk)};
}

Result<const nn::PreparedModel*> FastExecutors::prepared(const nn::PlannedModel& model) {
  const u8* file = model.file().data();
  if (const auto known = models_.find(file); known != models_.end()) return &known->second;
  const auto kernels = nn::fast_kernels();
  const auto made =
      nn::PreparedModel::create(model, kernels, allocate(nn::PreparedModel::packed_bytes(model, kernels)));
  if (!made.ok()) return made.error();
  return &models_.emplace(file, *made).first->second;
}

Result<nn::Executor> FastExecutors::create(const nn::PlannedModel& model, Arena& arena) {
  constexpr usize kArenaAlign = 16;
  void* activations = arena.allocate(model.arena_bytes(), kArenaAlign);
  if (activations == nullptr) return Error{Code::out_of_memory, "activations do not fit into the arena"};
  const nn::PreparedModel& ready = *TRY(prepared(model));
  return nn::Executor::create(ready, {static_cast<u8*>(activations), model.arena_bytes()},
                              allocate(ready.scratch_bytes()));
}

}  // namespace pipit::host
