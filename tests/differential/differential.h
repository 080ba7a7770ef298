#pragma once
#include <string>
#include <vector>

#include "cli/wast/backend.h"
#include "support/json.h"

/// Random modules, run in an engine of ours and in V8, which must say the same.
namespace pipit::differential {

/// What a module did, one line an event: "instantiated", "log i32:5", "func_1 = i32:7", "func_2 trap:
/// unreachable". "gave up" ends the part that can be compared: no fuel, no stack.
using Trace = std::vector<std::string>;

/// Makes module `seed` in `folder`; yields its path.
support::Result<std::string> generate(u32 seed, const std::string& folder);

/// What to call: {"path": …, "calls": [{"name": …, "args": [{"type": "i32", "bits": "5"}…], "results":
/// ["i64"…]}…]}. Exports whose types JavaScript has no values for are left out.
support::Result<support::Json> plan(const std::string& path, u32 seed);

/// Makes module `seed` of loop nests in `folder` and says what to call in it, with what memory holds after
/// each call.
support::Result<support::Json> plan_nests(u32 seed, const std::string& folder);

/// Runs a plan in one of our engines.
support::Result<Trace> execute(const support::Json& plan, const wast::Backend& backend);

/// Runs plans in Node, all in one process.
support::Result<std::vector<Trace>> execute_in_v8(const std::vector<support::Json>& plans,
                                                  const std::string& folder);

/// The first difference before either gave up; empty when there is none.
std::string difference(const Trace& ours, const Trace& theirs);

}  // namespace pipit::differential
