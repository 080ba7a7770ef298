#pragma once
#include <map>
#include <string>
#include <vector>

#include "support/error.h"

/// WebAssembly's official test scripts in the form that `wast2json` gives them, run in the interpreter.
namespace pipit::wast {

struct Report {
  u32 passed = 0, failed = 0, skipped = 0;
  std::vector<std::string> failures;        ///< "file.wast:12: what went wrong"
  std::map<std::string, u32> skip_reasons;  ///< reason → commands

  void add(const Report& other);
};

/// Why a script is left out whole, by its path; empty when it is to be run.
std::string skip_reason(const std::string& path);

/// Runs every command of a script; its modules are beside it. An error only when the file itself is unusable.
support::Result<Report> run_script(const std::string& path);

/// `paths` with each folder replaced by the scripts below it, sorted.
support::Result<std::vector<std::string>> find_scripts(const std::vector<std::string>& paths);

}  // namespace pipit::wast
