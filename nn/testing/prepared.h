#pragma once
#include <vector>

#include "nn/fast.h"

/// Runs a model in the two ways that must agree.
namespace pipit::nn::testing {

/// Memory at an aligned address.
class AlignedBytes {
 public:
  explicit AlignedBytes(u64 size) : bytes_(size + PreparedModel::kAlign), size_(size) {}
  MutBytes get() {
    const usize address = reinterpret_cast<usize>(bytes_.data());
    const usize skip = (PreparedModel::kAlign - address % PreparedModel::kAlign) % PreparedModel::kAlign;
    return MutBytes(bytes_.data() + skip, size_);
  }

 private:
  std::vector<u8> bytes_;
  u64 size_;
};

inline std::vector<u8> finish(Executor& executor, const PlannedModel& model, Bytes input) {
  if (!executor.set_input(0, model.input(0).dtype, input).ok() || !executor.run().ok()) return {};
  const Bytes output = executor.output(0);
  return std::vector<u8>(output.begin(), output.end());
}

/// Output 0 of a model with one input by the portable kernels; empty on any error.
inline std::vector<u8> run_portable(Bytes file, Bytes input) {
  const auto model = PlannedModel::load(file);
  if (!model.ok()) return {};
  AlignedBytes arena(model->arena_bytes());
  auto executor = Executor::create(*model, arena.get());
  return executor.ok() ? finish(*executor, *model, input) : std::vector<u8>{};
}

/// The same by `kernels`. `fast` is told how many operators they took.
inline std::vector<u8> run_prepared(Bytes file, Bytes input, std::span<const FastKernel* const> kernels,
                                    u32& fast) {
  const auto model = PlannedModel::load(file);
  if (!model.ok()) return {};
  AlignedBytes arena(model->arena_bytes()), packed(PreparedModel::packed_bytes(*model, kernels));
  const auto prepared = PreparedModel::create(*model, kernels, packed.get());
  if (!prepared.ok()) return {};
  fast = prepared->fast_operators();
  AlignedBytes scratch(prepared->scratch_bytes());
  auto executor = Executor::create(*prepared, arena.get(), scratch.get());
  return executor.ok() ? finish(*executor, *model, input) : std::vector<u8>{};
}

}  // namespace pipit::nn::testing
