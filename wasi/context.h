#pragma once
#include "base/arena.h"
#include "base/types.h"
#include "nn/nn.h"
#include "ports/clock.h"
#include "ports/console.h"
#include "ports/entropy.h"
#include "ports/files.h"
#include "ports/sensor.h"
#include "ports/sockets.h"
#include "wasm/instance.h"

/// What one running application sees of the world: WASI preview 1, wasi-nn, pipit:sensor, pipit:telemetry, as
/// host functions over ports.
namespace pipit::wasi {

/// A model the package brought, found by wasi-nn's load_by_name.
struct NamedModel {
  std::string_view name;
  nn::PlannedModel model;
};

/// Turns foreign model bytes (ONNX, TFLite) into a planned model; only Linux has one.
class ModelImporter {
 public:
  /// `encoding` is wasi-nn's graph_encoding. The result lives in `arena` or in storage of the importer's.
  virtual Result<nn::PlannedModel> import(u32 encoding, Bytes model) = 0;

  // Models without a fixed plan (shapes that inputs decide) run here instead. Graphs and executions are
  // wasi-nn's numbers. An importer without such models refuses load_dynamic(), and the others are never
  // called.

  /// Keeps as `graph` a model that import() found unsupported.
  virtual Status load_dynamic(u32 graph, u32 encoding, Bytes model) {
    return Error{Code::unsupported, "models are planned when they are loaded"};
  }
  virtual Status open_dynamic(u32 graph, u32 execution) { return Error{Code::unsupported, "no such model"}; }
  virtual Status set_dynamic_input(u32 execution, u32 index, DType dtype, std::span<const u32> dims,
                                   Bytes data) {
    return Error{Code::unsupported, "no such model"};
  }
  virtual Status compute_dynamic(u32 execution) { return Error{Code::unsupported, "no such model"}; }
  /// Of the last compute_dynamic(), valid until the next.
  virtual Result<Bytes> dynamic_output(u32 execution, u32 index) {
    return Error{Code::unsupported, "no such model"};
  }

 protected:
  ~ModelImporter() = default;
};

/// Makes the executors of wasi-nn's execution contexts; a platform without one runs the portable kernels.
class ExecutorFactory {
 public:
  /// Takes what the executor needs from `arena` or from memory of the factory's. out_of_memory.
  virtual Result<nn::Executor> create(const nn::PlannedModel& model, Arena& arena) = 0;

 protected:
  ~ExecutorFactory() = default;
};

/// Standard input; only Linux has one.
class Input {
 public:
  /// Moves waiting bytes into `out`; 0 at the end. unavailable when none are waiting yet.
  virtual Result<usize> read(MutBytes out) = 0;
  /// Whether read() would answer at once.
  virtual bool ready() = 0;

 protected:
  ~Input() = default;
};

/// What one of the guest's file descriptors stands for; used by platforms with files.
struct Descriptor {
  enum class Kind : u8 { free, input, output, error, file, preopen, socket };
  Kind kind = Kind::free;
  u8 filetype = 0;     ///< WASI preview 1 `filetype`
  u16 fdflags = 0;     ///< WASI preview 1 `fdflags`
  u32 handle = 0;      ///< of ports::Files, for files and preopened directories; of ports::Sockets
  u64 rights = 0;      ///< WASI preview 1 `rights`, enforced
  u64 inheriting = 0;  ///< rights that files opened below it may have
};

/// Bytes of Context::arena that one execution context of `model` takes at most, on any platform.
inline u32 execution_bytes(const nn::PlannedModel& model) {
  return model.arena_bytes() + static_cast<u32>(sizeof(nn::Executor)) + 32;  // and aligning both
}

constexpr u32 kMaxGraphs = 2;
constexpr u32 kMaxExecutions = 2;

/// State of one application's host side. Plain data set up by whoever runs the application; pointers may be
/// null where a platform has nothing of the kind, the calls then answer the matching errno.
struct Context {
  ports::Clock* clock = nullptr;
  ports::Entropy* entropy = nullptr;
  ports::Console* out = nullptr;  ///< fd 1
  ports::Console* err = nullptr;  ///< fd 2
  Input* in = nullptr;            ///< fd 0; without one it is at its end
  ports::Files* files = nullptr;
  ports::Sockets* sockets = nullptr;
  /// The guest's descriptor table, all free at the start; HostTables puts standard streams and granted
  /// directories in. Empty on platforms without files: descriptors 0 to 2 exist nevertheless.
  std::span<Descriptor> descriptors;
  ports::Sensor* sensor = nullptr;
  ports::Telemetry* telemetry = nullptr;
  ModelImporter* importer = nullptr;
  ExecutorFactory* executors = nullptr;
  std::span<const std::string_view> arguments;    ///< argv, the first is the program's name
  std::span<const std::string_view> environment;  ///< "KEY=value"
  std::span<const NamedModel> models;
  /// Where wasi-nn takes activation arenas and models handed over as bytes.
  Arena* arena = nullptr;

  // What the calls keep; zero at the start.
  const nn::PlannedModel* graphs[kMaxGraphs] = {};  ///< null where the importer runs the model
  u32 graph_count = 0;
  nn::Executor* executions[kMaxExecutions] = {};
  u8 execution_graphs[kMaxExecutions] = {};  ///< index in graphs
  u32 execution_count = 0;
  bool computing = false;  ///< compute() is between two operators
  bool reached_first_read =
      false;                 ///< the application asked for its first frame: it is up and ready to take over
  u64 poll_started_ns = 0;   ///< when the pending poll_oneoff was first asked (uptime + 1); 0 = none pending
  u64 poll_deadline_ns = 0;  ///< uptime at which it will answer, as far as clocks go; 0 = none
  bool poll_reads_input = false;   ///< the pending poll_oneoff waits for standard input as well
  u64 inference_instructions = 0;  ///< spent inside compute() so far, by ports::Clock::instructions()
};

/// The tables to link an application with, `context` inside. Valid as long as `context`.
struct HostTables {
  explicit HostTables(Context& context);
  std::span<const wasm::HostTable> span() const { return {tables_, 5}; }

 private:
  wasm::HostTable tables_[5];
};

/// Whether some table offers `module.name`; the build checks a module's imports with it.
bool offers(std::string_view module, std::string_view name);

}  // namespace pipit::wasi
