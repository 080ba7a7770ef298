// pipit model info: what a model file holds.
#include <cstdio>
#include <map>

#include "cli/model_common.h"
#include "compiler/model/import_onnx.h"
#include "nn/model_view.h"
#include "support/files.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

using support::Json;
using support::Status;

struct Arguments {
  std::string input;
  bool operators = false;
};

struct Value {
  std::string role, name, type;
};

/// What both kinds of file answer.
struct Summary {
  std::string format, name;
  std::vector<Value> values;
  std::map<std::string, u32> operators;
  u64 constant_bytes = 0, constants = 0;
  std::vector<std::pair<std::string, u64>> figures;
};

Summary summary_of(const model::Graph& graph) {
  Summary summary{"onnx", graph.name};
  const auto add = [&](const char* role, model::TensorId id) {
    summary.values.push_back(
        {role, graph[id].name,
         std::string(model::dtype_name(graph[id].dtype)) + "[" + model::to_string(graph[id].shape) + "]"});
  };
  for (model::TensorId id : graph.inputs) add("input", id);
  for (model::TensorId id : graph.outputs) add("output", id);
  std::map<u32, u64> constants;
  for (model::NodeId id : graph.order()) {
    ++summary.operators[model::op_name(graph[id].op)];
    for (model::TensorId input : graph[id].inputs)
      if (input.valid() && graph[input].constant) constants[input.index] = graph[input].data.size();
  }
  for (const auto& [tensor, bytes] : constants) {
    summary.constant_bytes += bytes;
    summary.constants += static_cast<u64>(model::element_count(graph[model::TensorId{tensor}].shape));
  }
  summary.figures = {{"constants", summary.constants}, {"constant_bytes", summary.constant_bytes}};
  return summary;
}

Summary summary_of(const nn::PlannedModel& planned) {
  Summary summary{"pipm", std::string(planned.name())};
  for (u32 i = 0; i < planned.input_count(); ++i)
    summary.values.push_back({"input", "", shape_text(planned.input(i))});
  for (u32 i = 0; i < planned.output_count(); ++i)
    summary.values.push_back({"output", "", shape_text(planned.output(i))});
  const nn::ModelView view(planned.file());
  for (u32 i = 0; i < planned.operator_count(); ++i)
    ++summary.operators[nn::format::opcode_name(view.op(i).opcode)];
  summary.figures = {{"flash_bytes", planned.file().size()},
                     {"arena_bytes", planned.arena_bytes()},
                     {"macs", planned.macs()}};
  return summary;
}

void print(const Summary& summary, Output output) {
  if (output == Output::json) {
    Json json = {{"format", summary.format}, {"name", summary.name}, {"operators", summary.operators}};
    for (const auto& value : summary.values)
      json[value.role + "s"].push_back({{"name", value.name}, {"type", value.type}});
    for (const auto& [key, number] : summary.figures) json[key] = number;
    std::printf("%s\n", support::dump(json, 2).c_str());
    return;
  }
  std::vector<std::vector<std::string>> rows{{"format", summary.format}, {"name", summary.name}};
  for (const auto& value : summary.values)
    rows.push_back({value.role, value.name + (value.name.empty() ? "" : "  ") + value.type});
  for (const auto& [name, count] : summary.operators) rows.push_back({name, std::to_string(count)});
  for (const auto& [key, number] : summary.figures) rows.push_back({key, std::to_string(number)});
  std::printf("%s", support::format_table({"", ""}, rows).c_str());
}

Status run(const Arguments& arguments, const Session& session) {
  if (arguments.operators) {
    for (const auto& name : model::importable_operators()) std::printf("%s\n", name.c_str());
    return {};
  }
  if (arguments.input.empty()) return support::Error(Code::invalid_argument, "which model?");
  const std::vector<u8> file = TRY(support::read_file(arguments.input));
  if (is_planned(file)) {
    const auto planned = nn::PlannedModel::load(file);
    if (!planned.ok()) return support::Error(planned.error()).in(arguments.input);
    print(summary_of(*planned), session.output);
    return {};
  }
  auto graph = model::import_onnx(file);
  if (!graph.ok()) return graph.take_error().in(arguments.input);
  print(summary_of(*graph), session.output);
  return {};
}

}  // namespace

void register_model_info(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("info", "what an ONNX file or planned model holds");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->input, ".onnx or .pipm");
  command->add_flag("--operators", arguments->operators,
                    "list the ONNX operators that can be imported instead");
  set_action(*command, session, "pipit model info fashion.onnx",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
