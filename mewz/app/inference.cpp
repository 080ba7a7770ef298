#include "mewz/app/inference.h"

#include "mewz/memory/kernel_map.h"
#include "nn/fast_x86.h"

namespace pipit::mewz {
namespace {

constexpr u32 kMostKernels = 32;
constinit const nn::FastKernel* g_kernels[kMostKernels] = {};
constinit u32 g_kernel_count = 0;
constinit bool g_avx2 = false;

void add(std::span<const nn::FastKernel* const> more) {
  for (const nn::FastKernel* const kernel : more)
    if (g_kernel_count < kMostKernels) g_kernels[g_kernel_count++] = kernel;
}

Result<MutBytes> take(Arena& arena, u64 bytes) {
  auto* const memory = static_cast<u8*>(arena.allocate(static_cast<usize>(bytes), nn::PreparedModel::kAlign));
  if (memory == nullptr) return Error{Code::out_of_memory, "the model does not fit into the arena"};
  return MutBytes{memory, static_cast<usize>(bytes)};
}

Result<nn::Executor> run_in_place(const nn::PlannedModel& model, Arena& arena) {
  return nn::Executor::create(model, TRY(take(arena, model.arena_bytes())));
}

Result<nn::Executor> prepare(const nn::PlannedModel& model, u64 packed_bytes, Arena& arena) {
  const MutBytes packed = TRY(take(arena, packed_bytes));
  const auto prepared = TRY(nn::PreparedModel::create(model, nn::fast_kernels(), packed));
  const nn::PreparedModel* const kept = TRY(arena.make<nn::PreparedModel>(prepared));
  const MutBytes activations = TRY(take(arena, model.arena_bytes()));
  return nn::Executor::create(*kept, activations, TRY(take(arena, kept->scratch_bytes())));
}

/// What the processor has, listed when a model is first loaded: most applications have none.
void list_kernels() {
  if (g_avx2) {
    add(nn::avx2_gemm_kernels());
    add(nn::avx2_depthwise_kernels());
    add(nn::avx2_elementwise_kernels());
    add(nn::avx2_pool_kernels());
  }
  add(nn::layout_kernels());
}

}  // namespace

void choose_kernels(const CpuFeatures& cpu) { g_avx2 = cpu.avx2 && cpu.level3; }

Result<nn::Executor> FastExecutors::create(const nn::PlannedModel& model, Arena& arena) {
  constexpr usize kSpare =
      usize{4} << 20;  // scratch memory, page tables, and what the application still wants
  const u64 packed = nn::PreparedModel::packed_bytes(model, nn::fast_kernels());
  return packed + model.arena_bytes() + kSpare <= pages().free_bytes() ? prepare(model, packed, arena)
                                                                       : run_in_place(model, arena);
}

}  // namespace pipit::mewz

namespace pipit::nn {

std::span<const FastKernel* const> fast_kernels() {
  if (mewz::g_kernel_count == 0) mewz::list_kernels();
  return {mewz::g_kernels, mewz::g_kernel_count};
}

}  // namespace pipit::nn
