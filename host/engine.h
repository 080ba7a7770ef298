#pragma once
#include <memory>
#include <string>
#include <vector>

#include "support/error.h"
#include "wasm/callers.h"
#include "wasm/instance.h"

/// The engines that a run can choose from, by name.
namespace pipit::host {

using wasm::CallFrame;

/// Where an instance stands that has just spent a unit of fuel.
struct EngineStep {
  u32 func;
  u32 depth;      ///< calls above it
  bool at_entry;  ///< it was entered by this unit; else a loop went round or a host function returned
};

/// An engine for one run.
class EngineSession {
 public:
  virtual ~EngineSession() = default;
  /// Told the module before it is loaded. True when what this engine executes was made of these very bytes
  /// before, so that they need not be validated again.
  virtual support::Result<bool> find(Bytes module) { return false; }
  /// Makes what the engine executes in `arena`, and tells the instance to be of it. The session must outlive
  /// the instance.
  virtual support::Status configure(const wasm::ValidModule& module, Arena& arena,
                                    wasm::InstanceConfig& config) = 0;
  /// The callers of the instruction that trapped or paused, innermost first, without that instruction's own
  /// function.
  virtual std::vector<CallFrame> callers(wasm::Instance& instance) const = 0;
  /// Whether a run can be left between two units of fuel; else only the end of the process stops a loop.
  virtual bool pauses() const { return true; }
  /// Whether last_step() can tell.
  virtual bool steps() const { return false; }
  /// Where a paused instance stands.
  virtual EngineStep last_step(wasm::Instance& instance) const { return {}; }
};

struct EngineOptions {
  std::string name = "interp";  ///< interp, in-place, register, aot
  std::string module_file;      ///< of aot: where the module lies; empty: in memory only
  std::string cache_folder;     ///< of register and aot; empty: the user's
  // Of aot:
  std::string compiler;   ///< empty: pipit-aot beside this executable
  bool metering = false;  ///< so that fuel counts and the run can be paused
  bool quick = false;     ///< compile at once, and slower code
};

/// invalid_argument when there is no engine of that name.
support::Result<std::unique_ptr<EngineSession>> make_engine(const EngineOptions& options);

/// Executes the module's bytes where they lie.
std::unique_ptr<EngineSession> make_in_place_engine(const EngineOptions&);
/// Translates the module into register code first, or takes it from the cache.
std::unique_ptr<EngineSession> make_register_engine(const EngineOptions& options);
/// Compiles the module to native code, or takes it from the cache.
std::unique_ptr<EngineSession> make_native_engine(const EngineOptions& options);

/// Appends what is visited to `frames`, which must outlive it.
inline wasm::CallVisitor collect_into(std::vector<CallFrame>& frames) {
  return {[](void* to, CallFrame frame) { static_cast<std::vector<CallFrame>*>(to)->push_back(frame); },
          &frames};
}

/// One line a call, innermost first: "    #1 parse (function 12) at offset 0x1a4". Of a deep stack the middle
/// is left out.
std::string format_call_stack(const std::vector<CallFrame>& frames, const wasm::ValidModule& module);

}  // namespace pipit::host
