#pragma once
#include "mewz/cpu/features.h"
#include "wasi/context.h"

namespace pipit::mewz {

/// Lets nn/fast.h know which kernels this processor executes.
void choose_kernels(const CpuFeatures& cpu);

/// wasi-nn's executors with those kernels, all of their memory from the application's arena: where packed
/// weights leave the machine some memory, otherwise the portable kernels, and the model where it lies.
class FastExecutors final : public wasi::ExecutorFactory {
 public:
  Result<nn::Executor> create(const nn::PlannedModel& model, Arena& arena) override;
};

}  // namespace pipit::mewz
