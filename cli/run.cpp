// pipit run: one application on this machine. pipit-run does it; here is what that hands back, because it
// needs the libraries of the whole command: packages, ONNX models.
#include <unistd.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/end_on_interrupt.h"
#include "cli/package/application.h"
#include "cli/package/model_file.h"
#include "cli/run_mewz.h"
#include "compiler/model/importer.h"
#include "host/command_line.h"
#include "support/files.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// A folder is a package, or is built to one; a file is a module. A package brings its models and its limits.
Status load_app(const std::string& app, host::RunOptions& options) {
  options.name = std::filesystem::path(app).filename().string();
  std::error_code ignored;
  if (!std::filesystem::is_directory(app, ignored)) {
    options.module = TRY(support::read_file(app));
    return {};
  }
  auto package = TRY(package::open_application(app));
  link::Manifest manifest;
  if (auto status = link::decode(package.manifest, manifest); !status.ok())
    return Error(status.error()).in(app);
  options.memory_bytes = manifest.memory_bytes;
  options.stack_bytes = manifest.stack_bytes;
  options.arena_bytes = std::max(manifest.arena_bytes, 4096u);
  options.module = std::move(package.module);
  for (auto& model : package.models) options.models.push_back({model.name, std::move(model.data)});
  return {};
}

Status add_models(const std::vector<std::string>& models, host::RunOptions& options) {
  for (const std::string& text : models) {
    auto [name, file] = TRY(host::split_at_equals(text, "--model=NAME=FILE"));
    auto data = TRY(package::load_model_file(file));
    std::erase_if(options.models, [&](const auto& model) { return model.name == name; });
    options.models.push_back({name, std::move(data)});
    options.arena_bytes = std::max(options.arena_bytes, 64u << 20);
  }
  return {};
}

Result<host::RunOptions> make_options(const host::RunRequest& request) {
  host::RunOptions options;
  TRY(load_app(request.app, options));
  TRY(add_models(request.models, options));
  TRY(host::apply(request, options));
  options.interrupted = interrupted;
  return options;
}

int run(const std::vector<std::string>& words) {
  if (names_target(words)) return run_on_target(words);
  auto request = host::parse_command_line(words);
  if (!request.ok()) return fail(request.error());
  if (request->help) return std::fputs(host::kRunUsage, stdout) < 0;
  end_on_interrupt();
  auto options = make_options(*request);
  if (!options.ok()) return fail(options.error());
  auto engine = host::make_engine(host::engine_options(*request, ""));
  if (!engine.ok()) return fail(engine.error());
  options->engine = engine->get();
  // What can be paused is, for what there is to print then.
  if ((*engine)->pauses()) watch_interrupts();
  host::CallLog calls(request->trace ? host::CallLog::Mode::trace : host::CallLog::Mode::count);
  if (request->profile || request->trace || !request->profile_json.empty()) options->calls = &calls;
  model::OnnxImporter importer;
  options->importer = &importer;
  auto report = host::run(*options);
  if (!report.ok()) return fail(report.error());
  host::print_end(*report, *request);
  return report->process_exit_code();
}

}  // namespace

void become_runner(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "run") return;
  if (names_target({argv + 2, argv + argc})) return;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string runner = self.parent_path() / "pipit-run";
  execv(runner.c_str(), argv + 1);  // when it is not there, this process does
}

void register_run(CLI::App& root, Session& session) {
  // run-here is how pipit-run hands back.
  for (const char* name : {"run", "run-here"}) {
    auto* command = root.add_subcommand(
        name, "run an application on this machine: pipit run APP [OPTIONS] [ARGUMENTS...]");
    if (std::string_view(name) == "run-here") command->group("");  // not listed
    command->set_help_flag();
    command->prefix_command();
    command->callback([command, &session] { session.exit_code = run(command->remaining()); });
  }
}

}  // namespace pipit::cli
