// pipit run: one application on this machine, with the engine that devices have.
#include <filesystem>

#include "cli/command.h"
#include "cli/package/model_file.h"
#include "cli/package/recipe.h"
#include "compiler/model/importer.h"
#include "host/runner.h"
#include "orchestrator/registry/package.h"
#include "support/files.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Result;
using support::Status;

struct Arguments {
  std::string app;
  std::vector<std::string> directories, environment, models, sensors, program;
  std::string telemetry, memory, stack;
  u64 fuel = ~u64{0};
  bool report = false;
};

/// "HOST[:GUEST]"
host::HostFiles::Grant parse_directory(const std::string& text) {
  const usize colon = text.find(':');
  if (colon == text.npos) return {text, text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// "28x28", "3x32x32"
std::vector<u32> parse_shape(const std::string& text) {
  std::vector<u32> shape;
  for (usize at = 0; at < text.size();) {
    const usize end = std::min(text.find('x', at), text.size());
    shape.push_back(static_cast<u32>(std::strtoul(text.substr(at, end - at).c_str(), nullptr, 10)));
    at = end + 1;
  }
  return shape;
}

/// "NAME=FILE[:COUNT][:SHAPE]"
Result<host::RunOptions::Sensor> parse_sensor(const std::string& text) {
  auto [name, file] = TRY(package::split_pair(text, "NAME=FILE[:COUNT][:SHAPE]"));
  host::Dataset::Options options;
  for (usize colon = file.rfind(':'); colon != file.npos; colon = file.rfind(':')) {
    const std::string suffix = file.substr(colon + 1);
    if (suffix.empty() || suffix.find_first_not_of("0123456789x") != suffix.npos) break;
    if (suffix.find('x') != suffix.npos)
      options.shape = parse_shape(suffix);
    else
      options.count = static_cast<u32>(std::strtoul(suffix.c_str(), nullptr, 10));
    file.resize(colon);
  }
  return host::RunOptions::Sensor{name, TRY(host::Dataset::load(file, options))};
}

/// A folder is a package, a file is a module. A package brings its models and its limits.
Status load_app(const Arguments& arguments, host::RunOptions& options) {
  options.name = std::filesystem::path(arguments.app).filename().string();
  std::error_code ignored;
  if (!std::filesystem::is_directory(arguments.app, ignored)) {
    options.module = TRY(support::read_file(arguments.app));
    return {};
  }
  auto package = registry::from_artifact(TRY(registry::read_layout(arguments.app)));
  if (!package.ok()) return package.take_error().in(arguments.app);
  link::Manifest manifest;
  if (auto status = link::decode(package->manifest, manifest); !status.ok())
    return Error(status.error()).in(arguments.app);
  options.memory_bytes = manifest.memory_bytes;
  options.stack_bytes = manifest.stack_bytes;
  options.arena_bytes = std::max(manifest.arena_bytes, 4096u);
  options.module = std::move(package->module);
  for (auto& model : package->models) options.models.push_back({model.name, std::move(model.data)});
  return {};
}

Status add_models(const Arguments& arguments, host::RunOptions& options) {
  for (const std::string& text : arguments.models) {
    auto [name, file] = TRY(package::split_pair(text, "NAME=FILE"));
    auto data = TRY(package::load_model_file(file));
    std::erase_if(options.models, [&](const auto& model) { return model.name == name; });
    options.models.push_back({name, std::move(data)});
    options.arena_bytes = std::max(options.arena_bytes, 64u << 20);
  }
  return {};
}

Result<host::RunOptions> make_options(const Arguments& arguments) {
  host::RunOptions options;
  TRY(load_app(arguments, options));
  TRY(add_models(arguments, options));
  for (const std::string& text : arguments.directories) options.directories.push_back(parse_directory(text));
  for (const std::string& text : arguments.environment) {
    TRY(package::split_pair(text, "KEY=VALUE"));
    options.environment.push_back(text);
  }
  for (const std::string& text : arguments.sensors) options.sensors.push_back(TRY(parse_sensor(text)));
  if (!arguments.memory.empty()) options.memory_bytes = TRY(package::parse_size(arguments.memory));
  if (!arguments.stack.empty()) options.stack_bytes = TRY(package::parse_size(arguments.stack));
  options.arguments = arguments.program;
  options.telemetry_file = arguments.telemetry;
  options.fuel = arguments.fuel;
  options.interrupted = interrupted;
  return options;
}

void print_report(const host::RunReport& report) {
  std::fprintf(stderr, "fuel used         %llu\n", static_cast<unsigned long long>(report.fuel_used));
  std::fprintf(stderr, "linear memory     %u bytes\n", report.memory_bytes);
  std::fprintf(stderr, "engine stack peak %u bytes\n", report.stack_peak_bytes);
  std::fprintf(stderr, "model arena peak  %llu bytes\n",
               static_cast<unsigned long long>(report.arena_peak_bytes));
  std::fprintf(stderr, "inference         %.3f ms\n", static_cast<double>(report.inference_ns) / 1e6);
}

int run(const Arguments& arguments) {
  watch_interrupts();
  auto options = make_options(arguments);
  if (!options.ok()) return fail(options.error());
  model::OnnxImporter importer;
  options->importer = &importer;
  auto report = host::run(*options);
  if (!report.ok()) return fail(report.error());
  std::fflush(nullptr);
  using End = host::RunReport::End;
  if (report->end == End::trapped) std::fprintf(stderr, "trap: %s\n", report->trap.c_str());
  if (report->end == End::out_of_fuel) std::fprintf(stderr, "pipit: out of fuel\n");
  if (arguments.report) print_report(*report);
  return report->process_exit_code();
}

void add_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--dir", arguments.directories, "HOST[:GUEST]: grant a directory")
      ->allow_extra_args(false);
  command.add_option("--env", arguments.environment, "KEY=VALUE")->allow_extra_args(false);
  command.add_option("--model", arguments.models, "NAME=FILE: a model (.pipm, .onnx) for load_by_name")
      ->allow_extra_args(false);
  command
      .add_option("--sensor", arguments.sensors, "NAME=FILE[:COUNT][:SHAPE]: replay an IDX, .npy or raw file")
      ->allow_extra_args(false);
  command.add_option("--telemetry", arguments.telemetry, "write results to this file, one JSON line each");
  command.add_option("--fuel", arguments.fuel, "stop after so many loop iterations and calls");
  command.add_option("--memory", arguments.memory, "linear memory, as in 20K");
  command.add_option("--stack", arguments.stack, "engine stack, as in 8K");
  command.add_flag("--report", arguments.report, "print what the run took");
  command.prefix_command();  // the first word that is no option of ours, and all after it, stay as they are
}

/// `words` are the application, options of ours, and the program's arguments.
void take_words(const std::vector<std::string>& words, Arguments& arguments) {
  if (words.empty()) throw CLI::RequiredError("APP");
  if (words[0].starts_with('-')) throw CLI::ExtrasError({words[0]});
  arguments.app = words[0];
  CLI::App rest;
  rest.set_help_flag();
  add_options(rest, arguments);
  rest.parse(std::vector<std::string>(words.rbegin(), words.rend() - 1));
  arguments.program = rest.remaining();
  if (!arguments.program.empty() && arguments.program[0] == "--")
    arguments.program.erase(arguments.program.begin());
}

}  // namespace

void register_run(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand(
      "run", "run an application on this machine: pipit run APP [OPTIONS] [--] [ARGUMENTS...]");
  auto arguments = std::make_shared<Arguments>();
  add_options(*command, *arguments);
  command->footer(
      "APP is a module (app.wasm) or a package (app.oci).\n"
      "Exit code: the program's own; 134 after a trap, 124 out of fuel, 130 interrupted, 1 when it could not "
      "start.\n"
      "Example: pipit run fashion.oci --sensor camera=t10k-images-idx3-ubyte.gz:500 --telemetry "
      "results.jsonl");
  command->callback([command, arguments, &session] {
    take_words(command->remaining(), *arguments);
    session.exit_code = run(*arguments);
  });
}

}  // namespace pipit::cli
