#pragma once
#include <string>
#include <vector>

#include "host/files.h"
#include "host/runner.h"

/// The command line of `pipit run`, as both executables that can run an application understand it.
namespace pipit::host {

/// Its words, sorted but not yet acted on.
struct RunRequest {
  std::string app;
  std::vector<std::string> directories, environment, models, sensors, program;
  std::string engine = "interp", telemetry, memory, stack, fuel, cache;
  std::string profile_json, checkpoint, checkpoint_after, resume;
  bool network = false, quick = false, profile = false, trace = false, report = false, help = false;
};

/// What a word is to `pipit run`.
enum class OptionKind : u8 { none, flag, value };
/// Of an option's name, without its value.
OptionKind run_option(std::string_view name);

/// What --help prints.
extern const char kRunUsage[];

/// Sorts the words after "run". invalid_argument: an unknown option, one without its value, no application.
support::Result<RunRequest> parse_command_line(const std::vector<std::string>& words);

/// "HOST", "HOST:GUEST" or "GUEST::HOST", and ":ro" behind any of them.
support::Result<HostFiles::Grant> parse_grant(std::string text);
/// "20K", "3M", "1G" or bytes; `what` names it in errors.
support::Result<u64> parse_bytes(const std::string& text, const std::string& what);
/// "NAME=VALUE" split at its first '='; the error says that `shape` was expected.
support::Result<std::pair<std::string, std::string>> split_at_equals(const std::string& text,
                                                                     const std::string& shape);
/// "NAME=FILE[:COUNT][:SHAPE]", loaded.
support::Result<RunOptions::Sensor> load_sensor(const std::string& text);

/// Everything but the module and its models: directories, environment, sensors, limits, engine.
support::Status apply(const RunRequest& request, RunOptions& options);

/// What make_engine() is to make for it.
EngineOptions engine_options(const RunRequest& request, std::string module_file);

/// Tells on standard error how the run ended, unless it ended by itself, and what it took if that was asked
/// for.
void print_end(const RunReport& report, const RunRequest& request);

}  // namespace pipit::host
