// pipit wast: the official WebAssembly test scripts in the engines.
#include <cstdio>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/wast/script.h"
#include "support/json.h"

namespace pipit::cli {
namespace {

void print_text(const wast::Report& report) {
  for (const std::string& failure : report.failures) std::printf("FAIL %s\n", failure.c_str());
  for (const auto& [reason, count] : report.skip_reasons)
    std::printf("skipped %u: %s\n", count, reason.c_str());
  if (report.refused_by_assembler != 0)
    std::printf("%u of those passed are modules in text form that wat2wasm refused to assemble\n",
                report.refused_by_assembler);
  std::printf("%u passed, %u failed, %u skipped\n", report.passed, report.failed, report.skipped);
}

void print_json(const wast::Report& report) {
  const support::Json json = {
      {"passed", report.passed},     {"failed", report.failed},
      {"skipped", report.skipped},   {"refusedByAssembler", report.refused_by_assembler},
      {"failures", report.failures}, {"skipReasons", report.skip_reasons}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

support::Status run(const std::vector<std::string>& paths, const std::string& engine, Session& session) {
  const wast::Backend& backend = *TRY(wast::find_backend(engine));
  wast::Report report;
  const std::vector<std::string> scripts = TRY(wast::find_scripts(paths));
  ProgressLine progress;
  for (usize i = 0; i < scripts.size(); ++i) {
    progress.say(std::to_string(i + 1) + " of " + std::to_string(scripts.size()) + ": " + scripts[i]);
    report.add(TRY(wast::run_script(scripts[i], backend)));
  }
  progress.clear();
  session.output == Output::json ? print_json(report) : print_text(report);
  session.exit_code = report.failed == 0 ? 0 : 1;
  return {};
}

}  // namespace

void register_wast(CLI::App& root, Session& session) {
  CLI::App* command =
      root.add_subcommand("wast", "run the official WebAssembly test scripts in one of the engines");
  command->footer("Example:\n  wast2json i32.wast -o i32.json && pipit wast i32.json");
  auto paths = std::make_shared<std::vector<std::string>>();
  command->add_option("scripts", *paths, "wast2json output, or folders of it")
      ->required()
      ->check(CLI::ExistingPath);
  auto engine = std::make_shared<std::string>("interp");
  std::string engines;
  for (const wast::Backend& backend : wast::backends())
    engines += (engines.empty() ? "" : ", ") + std::string(backend.name);
  command->add_option("--engine", *engine, "what executes the modules, interp by default: " + engines);
  add_output(*command, session);
  command->callback([paths, engine, &session] {
    if (const support::Status status = run(*paths, *engine, session); !status.ok())
      session.exit_code = fail(status.error());
  });
}

}  // namespace pipit::cli
