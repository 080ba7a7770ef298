#pragma once
#include <functional>
#include <string>
#include <vector>

#include "host/call_log.h"
#include "host/dataset.h"
#include "host/engine.h"
#include "host/files.h"
#include "support/error.h"
#include "wasi/context.h"

namespace pipit::host {

/// One program and everything it may see.
struct RunOptions {
  struct Model {
    std::string name;
    std::vector<u8> data;  ///< a planned model
  };
  struct Sensor {
    std::string name;
    Dataset frames;
  };

  std::string name = "app";  ///< argv[0]
  std::vector<u8> module;
  Bytes mapped_module;                   ///< used instead of `module` when it is not empty
  std::vector<std::string> arguments;    ///< without argv[0]
  std::vector<std::string> environment;  ///< "KEY=value"
  std::vector<HostFiles::Grant> directories;
  bool network = false;  ///< it may use sockets
  std::vector<Model> models;
  std::vector<Sensor> sensors;
  std::string telemetry_file;         ///< empty: results are dropped
  u64 fuel = ~u64{0};                 ///< the run ends when it is used up
  u32 memory_bytes = 0;               ///< 0: what the module declares, and it may grow
  u32 stack_bytes = 1u << 20;         ///< of the engine
  u32 arena_bytes = 256u << 20;       ///< at most for models and activations; only what is used costs memory
  std::function<bool()> interrupted;  ///< asked every few milliseconds; ends the run
  ports::Console* out = nullptr;      ///< standard output; ours by default
  ports::Console* err = nullptr;
  wasi::Input* in = nullptr;
  wasi::ModelImporter* importer = nullptr;
  bool portable_kernels = false;  ///< models run by a microcontroller's kernels instead of this processor's
  /// Counts or prints calls; the engine must be one that steps().
  CallLog* calls = nullptr;
  u64 checkpoint_after = 0;  ///< fuel after which the run is written to checkpoint_file and ends
  std::string
      checkpoint_file;  ///< empty: never. Memory, globals and calls are in it, files that are open are not
  std::string resume_file;          ///< a checkpoint of the same module to go on from; empty: from the start
  EngineSession* engine = nullptr;  ///< what executes the module; null: the interpreter in place
};

/// How a run ended, and what it took.
struct RunReport {
  enum class End { returned, exited, trapped, out_of_fuel, interrupted, checkpointed };
  End end = End::returned;
  u32 exit_code = 0;                  ///< of a program that returned or exited
  std::string trap;                   ///< "integer divide by zero in main (function 12) at offset 0x1a4"
  std::string profile, profile_json;  ///< of RunOptions::calls
  std::string call_stack;             ///< of a trap, as format_call_stack() has it
  u64 fuel_used = 0;
  u64 inference_ns = 0;
  u32 stack_peak_bytes = 0;  ///< of the engine
  u32 memory_bytes = 0;      ///< linear memory at the end
  u64 arena_peak_bytes = 0;  ///< models handed over as bytes, and activations

  /// What a shell should see: the program's own code, 134 for a trap, 124 without fuel, 130 interrupted.
  int process_exit_code() const;
};

/// Runs a WASI command to its end. Errors (nothing ran): a module, model or directory that cannot be used, an
/// import that nobody offers, each named.
support::Result<RunReport> run(const RunOptions& options);

/// "integer divide by zero in main (function 12) at offset 0x1a4"
std::string describe(const wasm::Trap& trap, const wasm::ValidModule& module);

}  // namespace pipit::host
