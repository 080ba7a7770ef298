#include "compiler/model/compiler.h"

#include "compiler/model/dynamic.h"
#include "compiler/model/export_onnx.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/import_tflite.h"
#include "compiler/model/quantize.h"
#include "compiler/model/tflite_file.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

/// Drops Quantize behind inputs and Dequantize before outputs, where nothing else reads the float value.
void strip_float_edges(Graph& graph) {
  for (TensorId& input : graph.inputs) {
    const NodeId reader = graph.sole_consumer(input);
    if (!reader.valid() || graph[reader].op != Op::quantize) continue;
    const TensorId integer = graph[reader].output;
    graph.erase(reader);
    graph[integer].name = graph[input].name;
    input = integer;
  }
  for (TensorId& output : graph.outputs) {
    const Node* dequantize = graph.produced_by(output, Op::dequantize);
    if (dequantize == nullptr || graph.is_output(dequantize->inputs[0]) ||
        graph.is_input(dequantize->inputs[0]) || !graph.consumers(output).empty())
      continue;
    const TensorId integer = dequantize->inputs[0];
    graph.erase(graph[output].producer);
    graph[integer].name = graph[output].name;
    output = integer;
  }
}

std::vector<TensorRange> summarise(const Graph& graph, const std::map<u32, Range>& ranges) {
  std::vector<TensorRange> summary;
  for (const auto& [tensor, range] : ranges) {
    const Quantization q = activation_quantization(range);
    summary.push_back({graph[TensorId{tensor}].name, range, q.scales[0], q.zero_points[0]});
  }
  return summary;
}

}  // namespace

Result<Graph> import_model(Bytes onnx, const CompileOptions& options) {
  const bool tflite = tflite_file::is_tflite(onnx);
  Graph graph = TRY(tflite ? import_tflite(onnx) : import_onnx(onnx, options.folder));
  if (!options.name.empty()) graph.name = options.name;
  if (options.observer) options.observer("import", graph);
  if (tflite) return graph;
  TRY(run_passes(graph, canonical_passes(), options.observer));
  return graph;
}

Result<CompiledModel> compile_graph(Graph graph, const CompileOptions& options) {
  if (!options.name.empty()) graph.name = options.name;
  if (options.target != nullptr) TRY(run_phase(graph, *options.target, Phase::canonical, options.observer));
  const auto passes = lowering_passes();
  if (graph.channels_last) {
    // Lowered already: TensorFlow Lite's layout and integers are the engine's.
    TRY(eliminate_dead_code(graph));
  } else if (options.integer_io) {
    // The edges are visible once int8 operators exist, and must go before the layout is decided.
    TRY(run_passes(graph, passes.first(1), options.observer));
    strip_float_edges(graph);
    TRY(run_passes(graph, passes.subspan(1), options.observer));
  } else {
    TRY(run_passes(graph, passes, options.observer));
  }
  std::vector<PartitionRow> rows;
  if (options.target != nullptr) {
    TRY(run_phase(graph, *options.target, Phase::lowered, options.observer));
    rows = TRY(partition(graph, *options.target));
    if (options.observer) options.observer("partition", graph);
    TRY(run_phase(graph, *options.target, Phase::partitioned, options.observer));
  }
  if (options.dynamic && quantize_dynamic(graph) == 0)
    return Error(Code::invalid_argument, "no float layer with constant weights to quantise dynamically");
  const bool reordered = reorder_operators(graph);
  const MemoryPlan plan = TRY(plan_memory(graph, options.arena_limit));
  EmittedModel emitted = TRY(emit_pipm(graph, plan));
  return CompiledModel{std::move(emitted.file),
                       std::move(emitted.operators),
                       emitted.macs,
                       plan.arena_bytes,
                       plan.lower_bound,
                       plan.in_place,
                       plan.strategy,
                       reordered,
                       plan.live,
                       std::move(rows)};
}

Result<CompiledModel> compile_model(Bytes onnx, const CompileOptions& options) {
  return compile_graph(TRY(import_model(onnx, options)), options);
}

Result<CalibratedModel> calibrate_model(Bytes onnx, const Samples& samples, const CalibrationOptions& how,
                                        const CompileOptions& options) {
  CalibratedModel model;
  model.graph = TRY(import_model(onnx, options));
  if (model.graph.channels_last) {
    // The quantiser and the exporter speak ONNX's layout.
    TRY(layout_nchw(model.graph));
    TRY(run_passes(model.graph, canonical_passes(), options.observer));
  }
  model.calibration = TRY(calibrate(model.graph, samples, how));
  return model;
}

Result<QuantizedModel> quantize_calibrated(const CalibratedModel& model, const QuantizeOptions& how,
                                           const CompileOptions& options) {
  QuantizedModel quantized;
  quantized.graph = model.graph;
  quantized.activations = summarise(model.graph, model.calibration.ranges);
  TRY(quantize_graph(quantized.graph, model.calibration, how));
  if (options.observer) options.observer("quantize", quantized.graph);
  quantized.onnx = TRY(export_onnx(quantized.graph));
  return quantized;
}

Result<QuantizedModel> quantize_model(Bytes onnx, const Samples& samples, const CalibrationOptions& how,
                                      const CompileOptions& options) {
  return quantize_calibrated(TRY(calibrate_model(onnx, samples, how, options)), {}, options);
}

}  // namespace pipit::model
