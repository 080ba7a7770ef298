#pragma once
#include <memory>
#include <string>
#include <vector>

#include "support/error.h"
#include "wasm/instance.h"

/// The engines that a run can choose from, by name.
namespace pipit::host {

/// A call in progress.
struct CallFrame {
  u32 func;
  u32 offset;  ///< in the module: of the instruction it is at, for callers of the one behind the call; 0:
               ///< unknown
};

/// An engine for one run.
class EngineSession {
 public:
  virtual ~EngineSession() = default;
  /// Makes what the engine executes in `arena`, and tells the instance to be of it. The session must outlive
  /// the instance.
  virtual support::Status configure(const wasm::ValidModule& module, Arena& arena,
                                    wasm::InstanceConfig& config) = 0;
  /// The callers of the instruction that trapped or paused, innermost first, without that instruction's own
  /// function.
  virtual std::vector<CallFrame> callers(wasm::Instance& instance) const = 0;
};

struct EngineOptions {
  std::string name = "interp";  ///< interp, in-place, register, aot
};

/// invalid_argument when there is no engine of that name.
support::Result<std::unique_ptr<EngineSession>> make_engine(const EngineOptions& options);

/// Executes the module's bytes where they lie.
std::unique_ptr<EngineSession> make_in_place_engine();
/// Translates the module into register code first.
std::unique_ptr<EngineSession> make_register_engine();

/// One line a call, innermost first: "    #1 parse (function 12) at offset 0x1a4". Of a deep stack the middle
/// is left out.
std::string format_call_stack(const std::vector<CallFrame>& frames, const wasm::ValidModule& module);

}  // namespace pipit::host
