// pipit wast: the official WebAssembly test scripts in the interpreter.
#include <cstdio>

#include "cli/command.h"
#include "cli/wast/script.h"
#include "support/json.h"

namespace pipit::cli {
namespace {

void print_text(const wast::Report& report) {
  for (const std::string& failure : report.failures) std::printf("FAIL %s\n", failure.c_str());
  for (const auto& [reason, count] : report.skip_reasons)
    std::printf("skipped %u: %s\n", count, reason.c_str());
  std::printf("%u passed, %u failed, %u skipped\n", report.passed, report.failed, report.skipped);
}

void print_json(const wast::Report& report) {
  const support::Json json = {{"passed", report.passed},
                              {"failed", report.failed},
                              {"skipped", report.skipped},
                              {"failures", report.failures},
                              {"skipReasons", report.skip_reasons}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

support::Status run(const std::vector<std::string>& paths, Session& session) {
  wast::Report report;
  for (const std::string& script : TRY(wast::find_scripts(paths))) report.add(TRY(wast::run_script(script)));
  session.output == Output::json ? print_json(report) : print_text(report);
  session.exit_code = report.failed == 0 ? 0 : 1;
  return {};
}

}  // namespace

void register_wast(CLI::App& root, Session& session) {
  CLI::App* command =
      root.add_subcommand("wast", "run the official WebAssembly test scripts in the interpreter");
  command->footer("Example:\n  wast2json i32.wast -o i32.json && pipit wast i32.json");
  auto paths = std::make_shared<std::vector<std::string>>();
  command->add_option("scripts", *paths, "wast2json output, or folders of it")
      ->required()
      ->check(CLI::ExistingPath);
  add_output(*command, session);
  command->callback([paths, &session] {
    if (const support::Status status = run(*paths, session); !status.ok())
      session.exit_code = fail(status.error());
  });
}

}  // namespace pipit::cli
