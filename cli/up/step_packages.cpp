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
  bool native;  ///< compiled for the devices as well, which then run that
};
constexpr Version kVersions[] = {
    {"1.0.0", "examples/fashion", false},
    {"2.0.0", "examples/fashion", true},
    {"3.0.0", "tests/apps/trap-on-start", false},  // a broken release
};

/// What the fleet's devices run natively.
constexpr const char* kTargets[] = {"thumbv7em", "rv32imac", "x86_64-mewz"};

/// ", native code 5.1 KB for thumbv7em, …"
std::string native_text(const Json& built) {
  std::string out;
  for (const char* target : kTargets)
    if (const auto bytes = static_cast<u64>(support::int_at(built, {"nativeBytes", target})); bytes != 0)
      out += (out.empty() ? ", native code " : ", ") + support::human_bytes(bytes) + " for " + target;
  return out;
}

}  // namespace

support::Status build_packages(Run& run) {
  for (const Version& row : kVersions) {
    const std::string layout = run.state.path(std::string("fashion-") + row.version + ".oci");
    std::vector<std::string> command = {"build", run.path(row.source), "-o",
                                        layout,  "--version",          row.version};
    if (std::string_view(row.source) == "examples/fashion")
      command.insert(command.end(), {"--model", "default=" + run.model_file});
    for (const char* target : kTargets)
      if (row.native) command.insert(command.end(), {"--target", target});
    const Json built = TRY(run.pipit(command));
    const registry::Artifact artifact = TRY(registry::read_layout(layout));
    u64 package = artifact.config.size();
    for (const registry::Layer& layer : artifact.layers) package += layer.data.size();
    const auto wasm = static_cast<u64>(support::int_at(built, {"moduleBytes"}));
    run.progress.say(std::string("fashion ") + row.version + ": Wasm " + support::human_bytes(wasm) +
                     ", package " + support::human_bytes(package) + native_text(built));
    if (run.packages.empty()) {
      run.report.wasm_bytes = wasm;
      run.report.package_bytes = package;
    }
    run.packages.push_back(layout);
  }
  return {};
}

}  // namespace pipit::up
