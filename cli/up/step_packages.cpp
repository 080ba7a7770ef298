// Three versions of the application, built as their author would.
#include "cli/up/run.h"
#include "orchestrator/registry/package.h"
#include "support/table.h"

namespace pipit::up {

using support::Json;

namespace {

struct Version {
  const char* version;
  const char* source;
};
constexpr Version kVersions[] = {
    {"1.0.0", "examples/fashion"},
    {"2.0.0", "examples/fashion"},
    {"3.0.0", "tests/apps/trap-on-start"},  // a broken release
};

}  // namespace

support::Status build_packages(Run& run) {
  for (const Version& row : kVersions) {
    const std::string layout = run.state.path(std::string("fashion-") + row.version + ".oci");
    std::vector<std::string> command = {"build", run.path(row.source), "-o",
                                        layout,  "--version",          row.version};
    if (std::string_view(row.source) == "examples/fashion")
      command.insert(command.end(), {"--model", "default=" + run.model_file});
    const Json built = TRY(run.pipit(command));
    const registry::Artifact artifact = TRY(registry::read_layout(layout));
    u64 package = artifact.config.size();
    for (const registry::Layer& layer : artifact.layers) package += layer.data.size();
    const auto wasm = static_cast<u64>(support::int_at(built, {"moduleBytes"}));
    run.progress.say(std::string("fashion ") + row.version + ": Wasm " + support::human_bytes(wasm) +
                     ", package " + support::human_bytes(package));
    if (run.packages.empty()) {
      run.report.wasm_bytes = wasm;
      run.report.package_bytes = package;
    }
    run.packages.push_back(layout);
  }
  return {};
}

}  // namespace pipit::up
