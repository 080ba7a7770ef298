#pragma once
#include <functional>
#include <vector>

#include "compiler/model/dataset.h"
#include "nn/fast.h"
#include "nn/nn.h"
#include "support/error.h"

/// Running planned models on the host: single inferences and accuracy over a data set.
namespace pipit::model {

/// A planned model with its arena.
class Session {
 public:
  /// `file` must outlive the session; errors are the loader's. `kernels` are tried first; with none the
  /// session runs the portable kernels, those of a microcontroller.
  /// With a team, which outlives the session, its threads share every inference; results stay the same.
  static support::Result<Session> create(Bytes file,
                                         std::span<const nn::FastKernel* const> kernels = nn::fast_kernels(),
                                         nn::Team* team = nullptr);
  Session(Session&&) = default;
  Session& operator=(Session&&) = default;

  const nn::PlannedModel& model() const { return model_; }
  /// One inference of a model with one input: the bytes of output 0, valid until the next call.
  support::Result<Bytes> run(Bytes input);
  /// As above, from numbers: an int8 input is quantised with the model's scale.
  support::Result<Bytes> run(std::span<const f32> input);
  support::Result<Bytes> run_all(std::span<const Bytes> inputs);
  /// run_all() operator by operator: sets the inputs; step() is true while there are more operators.
  support::Status start(std::span<const Bytes> inputs);
  support::Result<bool> step() { return TRY(executor_.step()); }
  Bytes output(u32 index) const { return executor_.output(index); }

 private:
  struct alignas(nn::PreparedModel::kAlign) Chunk {
    u8 bytes[nn::PreparedModel::kAlign];
  };
  using Memory = std::vector<Chunk>;
  Session(nn::PlannedModel model, Memory arena, Memory packed, Memory scratch, nn::Executor executor)
      : model_(model),
        arena_(std::move(arena)),
        packed_(std::move(packed)),
        scratch_(std::move(scratch)),
        executor_(executor) {}
  nn::PlannedModel model_;
  Memory arena_, packed_, scratch_;
  nn::Executor executor_;
};

/// Index of the largest element of an output; the first of equals.
u32 argmax(const nn::TensorInfo& info, Bytes output);
/// The output as real numbers: integers by their scale, those of 64 bits and f64 to the nearest.
std::vector<f32> real_values(const nn::TensorInfo& info, Bytes output);

struct Accuracy {
  u32 right = 0, total = 0;
  f64 percent() const { return total == 0 ? 0 : 100.0 * right / total; }
};

/// Classifies the first `count` images on `threads` threads; `progress` is told how many are done, from one
/// thread at a time, and may return false to stop (cancelled). invalid_argument when images do not fit the
/// model's input.
support::Result<Accuracy> evaluate(Bytes file, const Dataset& dataset, u32 count, u32 threads,
                                   const std::function<bool(u32 done)>& progress = {});

}  // namespace pipit::model
