#pragma once
#include <deque>
#include <map>
#include <vector>

#include "nn/fast.h"
#include "wasi/context.h"

namespace pipit::host {

/// wasi-nn's execution contexts with the kernels of this processor: int8 results are those of the portable
/// kernels, f32 sums may be rounded differently. A model's weights are packed once, when its first context is
/// made; contexts share them. What it hands out lives as long as it does.
class FastExecutors final : public wasi::ExecutorFactory {
 public:
  /// Activations come from `arena`, packed weights and scratch memory from the heap.
  Result<nn::Executor> create(const nn::PlannedModel& model, Arena& arena) override;

 private:
  struct alignas(nn::PreparedModel::kAlign) Chunk {
    u8 bytes[nn::PreparedModel::kAlign];
  };
  MutBytes allocate(u64 bytes);
  Result<const nn::PreparedModel*> prepared(const nn::PlannedModel& model);

  std::deque<std::vector<Chunk>> memory_;
  std::map<const u8*, nn::PreparedModel> models_;  ///< by the file's address
};

}  // namespace pipit::host
