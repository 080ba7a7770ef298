// pipit build: an application's folder becomes a package.
#include <cstdio>

#include "cli/command.h"
#include "cli/package/native.h"
#include "support/files.h"
#include "support/json.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

struct Arguments {
  std::string folder, out, version;
  std::vector<std::string> defines, models, targets;
  bool unchecked = false;
};

usize model_bytes(const registry::Package& package) {
  usize total = 0;
  for (const auto& model : package.models) total += model.data.size();
  return total;
}

support::Json native_bytes(const registry::Package& package) {
  support::Json sizes = support::Json::object();
  for (const auto& native : package.natives) sizes[native.name] = native.data.size();
  return sizes;
}

void print_json(const package::BuildReport& report, const std::string& out, const std::string& digest) {
  const support::Json json = {{"name", report.name},
                              {"version", report.version},
                              {"path", out},
                              {"digest", digest},
                              {"moduleBytes", report.package.module.size()},
                              {"modelBytes", model_bytes(report.package)},
                              {"memoryBytes", report.memory_bytes},
                              {"staticBytes", report.static_bytes},
                              {"engineStackBytes", report.engine_stack_bytes},
                              {"arenaBytes", report.arena_bytes},
                              {"imports", report.imports},
                              {"nativeBytes", native_bytes(report.package)}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

void print_table(const package::BuildReport& report, const std::string& out, const std::string& digest) {
  const auto bytes = [](usize count) { return std::to_string(count); };
  std::vector<std::vector<std::string>> rows = {
      {"module", bytes(report.package.module.size())},
      {"models", bytes(model_bytes(report.package))},
      {"memory", bytes(report.memory_bytes)},
      {"  C stack and data", bytes(report.static_bytes)},
      {"  heap", bytes(report.memory_bytes - report.static_bytes)},
      {"engine stack", bytes(report.engine_stack_bytes)},
      {"model arena", bytes(report.arena_bytes)},
  };
  for (const auto& native : report.package.natives)
    rows.push_back({"native " + native.name, bytes(native.data.size())});
  std::printf(
      "%s\n",
      support::format_table({report.name + " " + report.version, "bytes"}, rows, {false, true}).c_str());
  std::printf("wrote %s (%s)\n", out.c_str(), digest.c_str());
}

support::Status run(const Arguments& arguments, Output output) {
  package::BuildOptions options{.folder = arguments.folder,
                                .version = arguments.version,
                                .defines = arguments.defines,
                                .unchecked = arguments.unchecked,
                                .targets = arguments.targets,
                                .models = {}};
  for (const std::string& text : arguments.models) {
    auto [name, file] = TRY(package::split_pair(text, "NAME=FILE"));
    options.models.push_back({name, file});
  }
  const auto report = TRY(package::build(options));
  if (!report.warnings.empty()) std::fputs(report.warnings.c_str(), stderr);
  const std::string out = arguments.out.empty() ? report.name + ".oci" : arguments.out;
  const auto artifact = TRY(registry::to_artifact(report.package));
  const std::string digest = TRY(registry::write_layout(artifact, out, report.version));
  (output == Output::json ? print_json : print_table)(report, out, digest);
  return {};
}

}  // namespace

void register_build(CLI::App& root, Session& session) {
  auto* command =
      root.add_subcommand("build", "compile an application, attach its models, check and package it");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("folder", arguments->folder, "folder with pipit.yaml")->required();
  command->add_option("-o,--out", arguments->out,
                      "package to write, an OCI image layout (default: NAME.oci)");
  command->add_option("--version", arguments->version, "instead of the one in pipit.yaml");
  command->add_option("--define", arguments->defines, "NAME=VALUE for the compiler")->allow_extra_args(false);
  command
      ->add_option("--model", arguments->models,
                   "NAME=FILE: a model (.pipm, .onnx), instead of the one in pipit.yaml")
      ->allow_extra_args(false);
  std::string known = "also compile for TARGET, a layer each that devices of that kind run instead:";
  for (const package::NativeTarget& target : package::native_targets())
    known += " " + std::string(target.name);
  command->add_option("--target", arguments->targets, known)->delimiter(',')->allow_extra_args(false);
  command->add_flag("--unchecked", arguments->unchecked,
                    "leave the checks to the device (for tests of devices)");
  add_output(*command, session);
  command->footer("Example: pipit build examples/fashion -o fashion.oci --model default=fashion.pipm");
  command->callback([arguments, &session] {
    const auto status = run(*arguments, session.output);
    session.exit_code = status.ok() ? 0 : fail(status.error());
  });
}

}  // namespace pipit::cli
