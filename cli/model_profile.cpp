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
  u32 iterations = 20;
  bool portable = false;
};

void print_table(const model::Profile& profile) {
  std::vector<std::vector<std::string>> rows;
  const f64 total = profile.microseconds();
  for (const auto& op : profile.operators)
    rows.push_back({op.opcode, op.type, op.shape, std::to_string(op.macs),
                    std::to_string(op.activation_bytes), std::to_string(op.constant_bytes),
                    std::to_string(op.live_bytes), decimals(op.microseconds, 1),
                    decimals(total > 0 ? 100 * op.microseconds / total : 0, 1)});
  std::printf("%s", support::format_table({"operator", "type", "output", "MACs", "activations B",
                                           "constants B", "RAM alive B", "µs", "%"},
                                          rows, {false, false, false, true, true, true, true, true, true})
                        .c_str());
  std::printf("%.1f µs of CPU time (median of %u runs), %llu MACs, arena %u bytes, flash %llu bytes\n", total,
              profile.iterations, static_cast<unsigned long long>(profile.macs), profile.arena_bytes,
              static_cast<unsigned long long>(profile.flash_bytes));
}

void print_json(const model::Profile& profile) {
  Json operators = Json::array();
  for (const auto& op : profile.operators)
    operators.push_back({{"operator", op.opcode},
                         {"type", op.type},
                         {"output", op.shape},
                         {"macs", op.macs},
                         {"activation_bytes", op.activation_bytes},
                         {"constant_bytes", op.constant_bytes},
                         {"live_bytes", op.live_bytes},
                         {"microseconds", op.microseconds}});
  const Json json = {{"model", profile.model},
                     {"iterations", profile.iterations},
                     {"microseconds", profile.microseconds()},
                     {"macs", profile.macs},
                     {"arena_bytes", profile.arena_bytes},
                     {"flash_bytes", profile.flash_bytes},
                     {"operators", operators}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

Status run(const Arguments& arguments, const Session& session) {
  auto file = load_planned(arguments.model);
  if (!file.ok()) {
    TRY(load_dynamic(arguments.model, file.take_error()));
    return support::Error(
        Code::unsupported,
        "inputs decide the shapes of this model, it is planned in stages; `pipit model bench` with "
        "--input times it as a whole");
  }
  auto profile = model::profile_model(*file, arguments.iterations, arguments.portable);
  if (!profile.ok()) return profile.take_error().in(arguments.model);
  if (!arguments.svg.empty()) {
    const std::string svg = model::profile_svg(*profile);
    TRY(support::write_file(arguments.svg, std::vector<u8>(svg.begin(), svg.end())));
  }
  (session.output == Output::json ? print_json : print_table)(*profile);
  return {};
}

}  // namespace

void register_model_profile(CLI::App& parent, Session& session) {
  CLI::App* command =
      parent.add_subcommand("profile", "time, work and memory of every operator on this machine");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->model, ".onnx, .tflite or .pipm")->required();
  command->add_option("--iterations", arguments->iterations, "runs, of which the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_flag("--portable", arguments->portable, "the portable kernels instead of this processor's");
  command->add_option("--svg", arguments->svg, "draw time and memory of every operator into this file");
  set_action(*command, session, "pipit model profile fashion.pipm --svg fashion.svg",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
