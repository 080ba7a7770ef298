// pipit model plan: an ONNX or TensorFlow Lite model to the planned model a device executes.
#include <cstdio>

#include "cli/model_common.h"
#include "cli/progress.h"
#include "support/files.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

using support::Json;
using support::Status;

struct Arguments {
  std::string input, output, dump, name;
  bool integer_io = false;
  std::string arena_limit;
};

u64 constant_bytes(const model::CompiledModel& compiled) {
  u64 total = 0;
  for (const auto& op : compiled.operators) total += op.constant_bytes;
  return total;
}

/// What the accelerator was offered, and what it left to the processor.
void print_partition(const model::CompiledModel& compiled) {
  std::vector<std::vector<std::string>> rows;
  u64 taken = 0;
  for (const auto& row : compiled.partition) {
    rows.push_back(
        {row.pattern, std::to_string(row.macs), row.refused.empty() ? "taken" : row.refused, row.node});
    if (row.refused.empty()) taken += row.macs;
  }
  std::printf("%s", support::format_table({"pattern", "MACs", chosen_target()->accelerator->name, "node"},
                                          rows, {false, true, false, false})
                        .c_str());
  std::printf("%s computes %llu of %llu MACs\n", chosen_target()->accelerator->name,
              static_cast<unsigned long long>(taken), static_cast<unsigned long long>(compiled.macs));
}

Json partition_json(const model::CompiledModel& compiled) {
  Json rows = Json::array();
  for (const auto& row : compiled.partition)
    rows.push_back(
        {{"pattern", row.pattern}, {"macs", row.macs}, {"refused", row.refused}, {"node", row.node}});
  return rows;
}

void print_table(const Arguments& arguments, const model::CompiledModel& compiled) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& op : compiled.operators)
    rows.push_back({op.opcode, op.dtype, op.output, std::to_string(op.macs),
                    std::to_string(op.constant_bytes), op.name});
  std::printf("%s", support::format_table({"operator", "type", "output", "MACs", "constants", "node"}, rows,
                                          {false, false, false, true, true, false})
                        .c_str());
  const u32 gap = compiled.arena_bytes - compiled.arena_lower_bound;
  std::printf("arena %u bytes (%s%s), lower bound %u, gap %u; %u operators in place\n", compiled.arena_bytes,
              compiled.strategy, compiled.reordered ? ", operators reordered" : "",
              compiled.arena_lower_bound, gap, compiled.in_place);
  std::printf("flash %zu bytes, of them constants %llu; %llu MACs\n", compiled.pipm.size(),
              static_cast<unsigned long long>(constant_bytes(compiled)),
              static_cast<unsigned long long>(compiled.macs));
  if (!compiled.partition.empty()) print_partition(compiled);
  if (!arguments.output.empty()) std::printf("wrote %s\n", arguments.output.c_str());
}

void print_json(const Arguments& arguments, const model::CompiledModel& compiled) {
  Json operators = Json::array();
  for (const auto& op : compiled.operators)
    operators.push_back({{"operator", op.opcode},
                         {"type", op.dtype},
                         {"output", op.output},
                         {"macs", op.macs},
                         {"constant_bytes", op.constant_bytes},
                         {"node", op.name}});
  const Json json = {{"output", arguments.output},
                     {"arena_bytes", compiled.arena_bytes},
                     {"arena_lower_bound_bytes", compiled.arena_lower_bound},
                     {"arena_strategy", compiled.strategy},
                     {"operators_reordered", compiled.reordered},
                     {"in_place_operators", compiled.in_place},
                     {"flash_bytes", compiled.pipm.size()},
                     {"constant_bytes", constant_bytes(compiled)},
                     {"macs", compiled.macs},
                     {"partition", partition_json(compiled)},
                     {"operators", operators}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

Status run(const Arguments& arguments, const Session& session) {
  TRY(check_pass_name(arguments.dump));
  ProgressLine progress;
  progress.say("reading " + arguments.input);
  const std::vector<u8> onnx = TRY(support::read_file(arguments.input));
  model::CompileOptions options = options_for(arguments.input);
  options.name = arguments.name;
  options.integer_io = arguments.integer_io;
  options.observer = progress.passes(dump_after(arguments.dump));
  options.target = chosen_target();
  if (!arguments.arena_limit.empty()) options.arena_limit = TRY(parse_bytes(arguments.arena_limit));
  auto compiled = model::compile_model(onnx, options);
  if (!compiled.ok()) return compiled.take_error().in(arguments.input);
  if (!arguments.output.empty()) TRY(support::write_file(arguments.output, compiled->pipm));
  progress.clear();
  if (arguments.dump.empty())
    (session.output == Output::json ? print_json : print_table)(arguments, *compiled);
  return {};
}

}  // namespace

void register_model_plan(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("plan", "ONNX or TensorFlow Lite to a planned model (.pipm)");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->input, "ONNX or TensorFlow Lite file")->required();
  command->add_option("-o,--out", arguments->output,
                      "planned model to write; without it only the plan is shown");
  command->add_option("--name", arguments->name, "name inside the planned model; default: the ONNX graph's");
  command->add_flag("--integer-io", arguments->integer_io,
                    "int8 inputs and outputs: no conversion on the device");
  command->add_option(
      "--arena-limit", arguments->arena_limit,
      "most bytes of activations, as 65536 or 64K: a plan within, or the layer that is the obstacle");
  command->add_option("--dump-after", arguments->dump, "print the graph after a pass instead, or \"all\"");
  set_action(*command, session, "pipit model plan fashion.int8.onnx -o fashion.pipm",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
