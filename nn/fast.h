#pragma once
#include "nn/nn.h"
#include "nn/operator.h"
#include "nn/share.h"

/// Kernels for one instruction set that want their weights re-ordered and some memory to work in. Firmware
/// links none of this: it executes models where they lie.
namespace pipit::nn {

/// Threads of the host's that share an inference's work; the engine has none of its own.
class Team {
 public:
  /// Members, the calling thread among them; at least 1.
  virtual u32 size() const = 0;
  /// Calls work(what, member) once for every member, at the same time, and returns when all have.
  virtual void run(void (*work)(void* what, u32 member), void* what) = 0;

 protected:
  ~Team() = default;
};

/// A faster way to run nodes of one operator. int8 results are the operator's, bit for bit; f32 sums may be
/// rounded differently (once per multiply-add), the same way in every run.
struct FastKernel {
  struct Needs {
    u64 packed_bytes;   ///< constants in the kernel's own layout
    u64 scratch_bytes;  ///< memory during run(), shared by all nodes of a model; each member of a team has
                        ///< its own
  };

  /// An operator that has little left to do where it is the next one, reads what run() wrote, and finds what
  /// the members left for it in their scratch memory.
  struct Finish {
    const Operator* op;
    bool (*plan)(const Node& node);
    /// Does all of the node's work; the scratch memory of each member lies `apart` bytes from the one before.
    void (*run)(const Node& node, const u8* scratch, u64 apart, u32 members);
  };

  const Operator* base;
  /// Whether it can run a verified node, and what for; false leaves the node to `base`.
  bool (*plan)(const Node& node, Needs& needs);
  /// Writes the packed constants; `packed` is 64-byte aligned, as is the scratch memory of run().
  void (*pack)(const Node& node, u8* packed);
  /// Does the share's part of the node's work.
  void (*run)(const Node& node, const u8* packed, u8* scratch, Share share);
  /// Whether run() divides its work; otherwise it is always given all of it.
  bool shared = false;
  /// An operator whose node it runs as well, where that is the next one and alone reads this node's output:
  /// the output is then not written at all. plan() and run() find it at Node::next().
  const Operator* then = nullptr;
  const Finish* finish = nullptr;
};

/// Those that this machine's processor executes, the preferred first. Empty on an unknown processor.
std::span<const FastKernel* const> fast_kernels();

/// A verified model with a kernel chosen for every operator and the weights packed for it. Immutable: several
/// executors may share one, each with its own arena and scratch memory.
class PreparedModel {
 public:
  static constexpr u32 kAlign = 64;

  /// Bytes that create() needs for the same arguments.
  static u64 packed_bytes(const PlannedModel& model, std::span<const FastKernel* const> kernels);
  /// `memory` is the caller's, at least packed_bytes() long, aligned to kAlign, and outlives the result.
  /// Errors: out_of_memory (Error::where is the need in bytes, if it fits), invalid_argument for a misaligned
  /// address.
  static Result<PreparedModel> create(const PlannedModel& model, std::span<const FastKernel* const> kernels,
                                      MutBytes memory);

  const PlannedModel& model() const { return model_; }
  /// Memory that every executor needs besides its arena, for each member of its team, aligned to kAlign.
  u64 scratch_bytes() const { return scratch_bytes_; }
  /// Operators that run by a fast kernel.
  u32 fast_operators() const { return fast_operators_; }

 private:
  friend class Executor;
  PreparedModel(PlannedModel model, const PreparedStep* steps) : model_(model), steps_(steps) {}
  PlannedModel model_;
  const PreparedStep* steps_;
  u64 scratch_bytes_ = 0;
  u32 fast_operators_ = 0;
};

}  // namespace pipit::nn
