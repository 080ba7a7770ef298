#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "support/error.h"

/// The pipit command: one file a subcommand, all listed in main.cpp. This room alone is compiled with
/// exceptions, because CLI11 reports a wrong command line by one; nothing else here throws.
namespace pipit::cli {

enum class Output { table, json };

/// What every subcommand shares.
struct Session {
  Output output = Output::table;
  int exit_code = 0;
};

/// Adds --output=table|json to a subcommand.
void add_output(CLI::App& command, Session& session);

/// Prints "pipit: <text>" to standard error and yields exit code 1.
int fail(const support::Error& error);

/// Becomes pipit-run where the command is "run" and that program is there.
void become_runner(int argc, char** argv);

/// Ctrl-C and SIGTERM: true once one arrived. Long-running commands look at it.
bool interrupted();
void watch_interrupts();

// One function a subcommand; each adds itself to `root`, and its callback sets session.exit_code.
void register_aot(CLI::App& root, Session& session);
void register_bench(CLI::App& root, Session& session);
void register_build(CLI::App& root, Session& session);
void register_device(CLI::App& root, Session& session);
void register_down(CLI::App& root, Session& session);
void register_gateway(CLI::App& root, Session& session);
void register_model(CLI::App& root, Session& session);
void register_pull(CLI::App& root, Session& session);
void register_push(CLI::App& root, Session& session);
void register_run(CLI::App& root, Session& session);
void register_up(CLI::App& root, Session& session);
void register_wast(CLI::App& root, Session& session);

}  // namespace pipit::cli
