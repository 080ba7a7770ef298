// pipit model profile: time, work and memory of every operator, as a table, JSON or an SVG picture.
#include <cstdio>

#include "cli/model_common.h"
#include "cli/model_dynamic.h"
#include "compiler/model/profile.h"
#include "support/files.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

using support::Json;
using support::Status;

struct Arguments {
  std::string model, svg;
  std::vector<std::string> inputs;
  u32 iterations = 20;
  bool portable = false;
};

void print_table(const model::Profile& profile) {
  const bool staged = profile.stages != 1;
  std::vector<std::vector<std::string>> rows;
  const f64 total = profile.microseconds();
  for (const auto& op : profile.operators)
    rows.push_back({(staged ? std::to_string(op.stage) + " " : "") + op.opcode, op.type, op.shape,
                    std::to_string(op.macs), std::to_string(op.activation_bytes),
                    std::to_string(op.constant_bytes), std::to_string(op.live_bytes),
                    decimals(op.microseconds, 1),
                    decimals(total > 0 ? 100 * op.microseconds / total : 0, 1)});
  std::printf("%s", support::format_table({staged ? "stage, operator" : "operator", "type", "output", "MACs",
                                           "activations B", "constants B", "RAM alive B", "µs", "%"},
                                          rows, {false, false, false, true, true, true, true, true, true})
                        .c_str());
  if (staged) std::printf("%u stages, planned for these inputs\n", profile.stages);
  std::printf("%.1f µs of CPU time (median of %u runs), %llu MACs, arena %u bytes, flash %llu bytes\n", total,
              profile.iterations, static_cast<unsigned long long>(profile.macs), profile.arena_bytes,
              static_cast<unsigned long long>(profile.flash_bytes));
}

void print_json(const model::Profile& profile) {
  Json operators = Json::array();
  for (const auto& op : profile.operators)
    operators.push_back({{"stage", op.stage},
                         {"operator", op.opcode},
                         {"type", op.type},
                         {"output", op.shape},
                         {"macs", op.macs},
                         {"activation_bytes", op.activation_bytes},
                         {"constant_bytes", op.constant_bytes},
                         {"live_bytes", op.live_bytes},
                         {"microseconds", op.microseconds}});
  const Json json = {{"model", profile.model},
                     {"stages", profile.stages},
                     {"iterations", profile.iterations},
                     {"microseconds", profile.microseconds()},
                     {"macs", profile.macs},
                     {"arena_bytes", profile.arena_bytes},
                     {"flash_bytes", profile.flash_bytes},
                     {"operators", operators}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

support::Result<model::Profile> named(support::Result<model::Profile> profile, const std::string& model) {
  if (!profile.ok()) return profile.take_error().in(model);
  return profile;
}

/// Errors of loading name their file themselves.
support::Result<model::Profile> measure(const Arguments& arguments) {
  const std::string& path = arguments.model;
  auto file = load_planned(path);
  if (file.ok()) return named(model::profile_model(*file, arguments.iterations, arguments.portable), path);
  model::DynamicModel dynamic = TRY(load_dynamic(path, file.take_error()));
  if (arguments.portable)
    return support::Error(
        Code::invalid_argument,
        path + ": inputs decide the shapes of this model: it runs on this processor's kernels only");
  return named(
      model::profile_model(dynamic, TRY(dynamic_inputs(dynamic, arguments.inputs)), arguments.iterations),
      path);
}

Status run(const Arguments& arguments, const Session& session) {
  const model::Profile profile = TRY(measure(arguments));
  if (!arguments.svg.empty()) {
    const std::string svg = model::profile_svg(profile);
    TRY(support::write_file(arguments.svg, std::vector<u8>(svg.begin(), svg.end())));
    std::fprintf(stderr, "wrote %s\n", arguments.svg.c_str());
  }
  (session.output == Output::json ? print_json : print_table)(profile);
  return {};
}

}  // namespace

void register_model_profile(CLI::App& parent, Session& session) {
  CLI::App* command =
      parent.add_subcommand("profile", "time, work and memory of every operator on this machine");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->model, ".onnx, .tflite or .pipm")->required();
  command->add_option("--input", arguments->inputs,
                      "of a model whose shapes inputs decide: .npy or ONNX tensor .pb, one for every input");
  command->add_option("--iterations", arguments->iterations, "runs, of which the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_flag("--portable", arguments->portable, "the portable kernels instead of this processor's");
  command->add_option("--svg", arguments->svg, "draw time and memory of every operator into this file");
  set_action(*command, session, "pipit model profile fashion.pipm --svg fashion.svg",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
