#pragma once
#include <string>
#include <vector>

#include "host/engine.h"

/// What --profile counts and --trace prints: exact, because the engine is stopped at every unit of fuel.
namespace pipit::host {

class CallLog {
 public:
  enum class Mode { count, trace };
  explicit CallLog(Mode mode) : mode_(mode) {}

  /// Looks where the instance stands after a unit of fuel. A trace prints each function that was entered to
  /// standard error, indented by how deep it is.
  void step(const EngineStep& step, const wasm::ValidModule& module);

  /// The functions that spent fuel, most of it first: fuel, share, calls, name.
  std::string table(const wasm::ValidModule& module) const;
  /// The same as a JSON array of {"function", "name", "calls", "fuel"}.
  std::string json(const wasm::ValidModule& module) const;

 private:
  struct Count {
    u32 func = 0;
    u64 calls = 0, fuel = 0;
  };
  std::vector<Count> sorted() const;

  Mode mode_;
  std::vector<Count> counts_;  ///< by function
};

}  // namespace pipit::host
