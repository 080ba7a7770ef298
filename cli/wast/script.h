#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/wast/backend.h"
#include "support/error.h"

/// WebAssembly's official test scripts in the form that `wast2json` gives them, run in any engine.
namespace pipit::wast {

struct Report {
  u32 passed = 0, failed = 0, skipped = 0;
  u32 refused_by_assembler = 0;             ///< of `passed`: modules in text form, which no engine sees
  std::vector<std::string> failures;        ///< "file.wast:12: what went wrong"
  std::map<std::string, u32> skip_reasons;  ///< reason → commands

  void add(const Report& other);
};

/// Runs every command of a script; its modules are beside it. An error only when the file itself is unusable.
support::Result<Report> run_script(const std::string& path, const Backend& backend);

/// `paths` with each folder replaced by the scripts below it, sorted. not_found for a folder without any.
support::Result<std::vector<std::string>> find_scripts(const std::vector<std::string>& paths);

}  // namespace pipit::wast
