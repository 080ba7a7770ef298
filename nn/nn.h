#pragma once
#include <array>

#include "base/arena.h"
#include "base/result.h"
#include "base/types.h"
#include "nn/tensor.h"

/// The planned-model engine: verified once, executed in place, no allocation after create().
namespace pipit::nn {

/// A `.pipm` file that was verified: header, checksum, every operator, tensor, offset and shape. Points into
/// `file`, which must stay where it is (flash, a mapped file, host memory) and unchanged. Cheap to copy.
class PlannedModel {
 public:
  /// Verifies everything, so that execution need not: errors malformed, unsupported (version, operator not
  /// linked in), out_of_range (an offset outside the file or arena), invalid_argument (`file` does not lie at
  /// a multiple of 4). Error::where is the file offset, or the operator's index where the message speaks of
  /// one.
  static Result<PlannedModel> load(Bytes file);

  u32 input_count() const;
  u32 output_count() const;
  TensorInfo input(u32 index) const;
  TensorInfo output(u32 index) const;
  u32 operator_count() const;
  /// Bytes of activation arena that execution needs, 16-byte aligned.
  u32 arena_bytes() const;
  u64 macs() const;
  std::string_view name() const;
  Bytes file() const { return file_; }

 private:
  friend class Executor;
  explicit PlannedModel(Bytes file) : file_(file) {}
  Bytes file_;
};

class Node;
class PreparedModel;
class Team;
struct PreparedStep;

/// Runs one planned model with one activation arena.
class Executor {
 public:
  /// `arena` holds at least model.arena_bytes(), 16-byte aligned, and outlives the executor. Model and arena
  /// are the caller's. Errors: out_of_memory (Error::where is the need in bytes).
  static Result<Executor> create(const PlannedModel& model, MutBytes arena);
  /// The same with the kernels of nn/fast.h. `scratch` holds at least prepared.scratch_bytes() for each
  /// member of the team, 64-byte aligned, is this executor's alone and outlives it, as does `prepared`'s
  /// memory. With a team, operators are shared among its threads; the results are the same. Errors:
  /// out_of_memory, invalid_argument.
  static Result<Executor> create(const PreparedModel& prepared, MutBytes arena, MutBytes scratch,
                                 Team* team = nullptr);

  /// What the model keeps from one inference to the next (the state of recurrent layers) is as after
  /// create(): for the beginning of another sequence.
  void forget();
  /// Copies a whole input in; invalid_argument unless index, dtype and size are exactly the model's, or while
  /// an inference is between two operators.
  Status set_input(u32 index, DType dtype, Bytes data);
  /// Executes all operators. It consumes the inputs: invalid_argument unless each was set since the last
  /// inference.
  Status run();
  /// Executes the next operator: true while there are more. A device polls its network in between. Errors as
  /// run().
  Result<bool> step();
  /// The output after run(), valid until the next set_input(); empty before, or for an index the model has
  /// not.
  Bytes output(u32 index) const;

 private:
  // A pointer, so that programs without prepared models link neither.
  using StepRunner = void (*)(const Executor& executor, const Node& node, const PreparedStep& step);
  static void run_alone(const Executor& executor, const Node& node, const PreparedStep& step);
  static void run_shared(const Executor& executor, const Node& node, const PreparedStep& step);

  Executor(const PlannedModel& model, MutBytes arena) : model_(model), arena_(arena) {}
  PlannedModel model_;
  MutBytes arena_;
  const PreparedStep* steps_ = nullptr;  // by operator, where the model was prepared
  u8* scratch_ = nullptr;
  u64 scratch_bytes_ = 0;  // of each member of the team
  Team* team_ = nullptr;
  StepRunner run_step_ = nullptr;
  u32 next_operator_ = 0;
  u32 inputs_set_ = 0;  // bit i: input i
  bool finished_ = false;
};

}  // namespace pipit::nn
