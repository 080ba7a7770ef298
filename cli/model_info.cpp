// pipit model info: what a model file holds.
#include <cstdio>
#include <map>

#include "cli/model_common.h"
#include "compiler/model/dynamic_model.h"
#include "compiler/model/emit_pipm.h"
#include "compiler/model/general.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/import_tflite.h"
#include "compiler/model/onnx_suite.h"
#include "compiler/model/tflite_file.h"
#include "nn/model_view.h"
#include "support/files.h"
#include "support/path.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

using support::Json;
using support::Status;

struct Arguments {
  std::string input;
  bool operators = false, markdown = false;
};

struct Value {
  std::string role, name, type;
};

/// One node of the graph.
struct Layer {
  std::string name, op, type;
  u64 macs = 0, parameter_bytes = 0;
};

/// What every kind of file answers.
struct Summary {
  std::string format, name;
  std::vector<Value> values;
  std::map<std::string, u32> operators;
  u64 constant_bytes = 0, constants = 0;
  std::vector<std::pair<std::string, u64>> figures;
  std::vector<Layer> layers;
};

/// "conv", or the function of a general node.
std::string operator_name(const model::Node& node) {
  return node.op == model::Op::general ? model::function_name(node.as<model::GeneralAttributes>())
                                       : model::op_name(node.op);
}

std::string type_text(const model::Tensor& tensor) {
  return std::string(model::dtype_name(tensor.dtype)) + "[" + model::to_string(tensor.shape) + "]";
}

Summary summary_of(const model::Graph& graph) {
  Summary summary{"onnx", graph.name};
  const auto add = [&](const char* role, model::TensorId id) {
    summary.values.push_back({role, graph[id].name, type_text(graph[id])});
  };
  for (model::TensorId id : graph.inputs) add("input", id);
  for (model::TensorId id : graph.outputs) add("output", id);
  std::map<u32, u64> constants;
  u64 macs = 0;
  for (model::NodeId id : graph.order()) {
    const model::Node& node = graph[id];
    ++summary.operators[operator_name(node)];
    Layer layer{node.name, operator_name(node), type_text(graph[node.output]), model::macs_of(graph, node)};
    for (model::TensorId input : node.inputs) {
      if (!input.valid() || !graph[input].constant) continue;
      constants[input.index] = graph[input].data.size();
      layer.parameter_bytes += graph[input].data.size();
    }
    macs += layer.macs;
    summary.layers.push_back(std::move(layer));
  }
  for (const auto& [tensor, bytes] : constants) {
    summary.constant_bytes += bytes;
    summary.constants += static_cast<u64>(model::element_count(graph[model::TensorId{tensor}].shape));
  }
  summary.figures = {
      {"macs", macs}, {"constants", summary.constants}, {"constant_bytes", summary.constant_bytes}};
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

/// A model whose shapes are known at run time only: what the file itself says.
Summary summary_of(const model::onnx_file::Model& file) {
  Summary summary{"onnx", file.graph_name};
  const auto add = [&](const char* role, const model::onnx_file::ValueInfo& value) {
    std::string shape;
    for (i64 dim : value.dims)
      shape += (shape.empty() ? "" : "x") + (dim < 0 ? std::string("?") : std::to_string(dim));
    summary.values.push_back(
        {role, value.name, std::string(model::dtype_name(model::dtype_of(value.type))) + "[" + shape + "]"});
  };
  for (const auto& value : file.inputs) add("input", value);
  for (const auto& value : file.outputs) add("output", value);
  for (const auto& node : file.nodes) ++summary.operators[node.op_type];
  for (const auto& tensor : file.initializers) summary.constant_bytes += tensor.data.size();
  summary.figures = {{"constant_bytes", summary.constant_bytes}};
  return summary;
}

void print_layers(const std::vector<Layer>& layers) {
  std::vector<std::vector<std::string>> rows;
  for (const Layer& layer : layers)
    rows.push_back({layer.op, layer.type, std::to_string(layer.macs), std::to_string(layer.parameter_bytes),
                    layer.name});
  std::printf("\n%s", support::format_table({"operator", "output", "MACs", "parameter bytes", "node"}, rows,
                                            {false, false, true, true, false})
                          .c_str());
}

void print(const Summary& summary, Output output) {
  if (output == Output::json) {
    Json json = {{"format", summary.format}, {"name", summary.name}, {"operators", summary.operators}};
    for (const auto& value : summary.values)
      json[value.role + "s"].push_back({{"name", value.name}, {"type", value.type}});
    for (const auto& [key, number] : summary.figures) json[key] = number;
    for (const Layer& layer : summary.layers)
      json["layers"].push_back({{"name", layer.name},
                                {"operator", layer.op},
                                {"output", layer.type},
                                {"macs", layer.macs},
                                {"parameter_bytes", layer.parameter_bytes}});
    std::printf("%s\n", support::dump(json, 2).c_str());
    return;
  }
  std::vector<std::vector<std::string>> rows{{"format", summary.format}, {"name", summary.name}};
  for (const auto& value : summary.values)
    rows.push_back({value.role, value.name + (value.name.empty() ? "" : "  ") + value.type});
  for (const auto& [name, count] : summary.operators) rows.push_back({name, std::to_string(count)});
  for (const auto& [key, number] : summary.figures) rows.push_back({key, std::to_string(number)});
  std::printf("%s", support::format_table({"", ""}, rows).c_str());
  if (!summary.layers.empty()) print_layers(summary.layers);
}

Status run(const Arguments& arguments, const Session& session) {
  if (arguments.operators && arguments.markdown) {
    const auto results = TRY(model::run_onnx_suite("node"));
    std::printf("%s", model::operators_document(results).c_str());
    return {};
  }
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
  if (model::tflite_file::is_tflite(file)) {
    auto graph = model::import_tflite(file);
    if (!graph.ok()) return graph.take_error().in(arguments.input);
    Summary summary = summary_of(*graph);
    summary.format = "tflite";
    print(summary, session.output);
    return {};
  }
  const std::string folder = support::folder_of(arguments.input);
  auto graph = model::import_onnx(file, folder);
  if (graph.ok()) {
    print(summary_of(*graph), session.output);
    return {};
  }
  if (graph.error().code != Code::unsupported) return graph.take_error().in(arguments.input);
  auto parsed = model::onnx_file::parse(file, folder);
  if (!parsed.ok()) return parsed.take_error().in(arguments.input);
  print(summary_of(*parsed), session.output);
  std::fprintf(stderr, "no fixed plan: %s\n", graph.error().text.c_str());
  return {};
}

}  // namespace

void register_model_info(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("info", "what an ONNX, TensorFlow Lite or planned model holds");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->input, "ONNX, TFLite or planned model");
  command->add_flag("--operators", arguments->operators,
                    "list the ONNX operators that can be imported instead");
  command->add_flag("--markdown", arguments->markdown,
                    "with --operators: run ONNX's node tests and write docs/operators.md");
  set_action(*command, session, "pipit model info fashion.onnx",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
