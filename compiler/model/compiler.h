#pragma once
#include <map>
#include <string>
#include <vector>

#include "compiler/model/calibrate.h"
#include "compiler/model/emit_pipm.h"
#include "compiler/model/extend/accelerator.h"
#include "compiler/model/graph.h"
#include "compiler/model/passes/passes.h"
#include "compiler/model/plan.h"
#include "compiler/model/quantize.h"

/// The model compiler as a library: ONNX bytes → canonical graph → (int8) → planned model. Used by `pipit
/// model`, `pipit build`, `pipit up` and wasi-nn's importer on Linux.
namespace pipit::model {

struct CompileOptions {
  std::string name;    ///< of the planned model; empty = the ONNX graph's
  std::string folder;  ///< the model's, for tensors that it keeps in files of their own; empty: it may not
  /// Leaves out the Quantize at an int8 model's inputs and the Dequantize at its outputs: the application
  /// reads and writes int8. Without it inputs and outputs keep the ONNX model's types.
  bool integer_io = false;
  PassObserver observer;           ///< sees the graph after "import" and after every pass
  const Target* target = nullptr;  ///< an accelerator that takes what it can
  /// Float layers get int8 weights and quantise their activations while the model runs.
  bool dynamic = false;
  u32 arena_limit = MemoryPlan::kNoLimit;  ///< bytes of activations; more is out_of_range
};

struct CompiledModel {
  std::vector<u8> pipm;
  std::vector<PlannedOperator> operators;
  u64 macs = 0;
  u32 arena_bytes = 0;
  u32 arena_lower_bound = 0;            ///< no plan is smaller
  u32 in_place = 0;                     ///< operators that need no memory of their own
  const char* strategy = "";            ///< of the memory plan
  bool reordered = false;               ///< operators run in another order than the file's, to save memory
  std::vector<u64> live;                ///< bytes of activations alive while each operator runs
  std::vector<PartitionRow> partition;  ///< what CompileOptions::target was offered
};

/// Imports hostile ONNX bytes and brings the graph to its canonical form.
support::Result<Graph> import_model(Bytes onnx, const CompileOptions& options = {});

/// Lowers, plans and writes a canonical graph.
support::Result<CompiledModel> compile_graph(Graph graph, const CompileOptions& options = {});

/// import_model, then compile_graph: float and QDQ models alike.
support::Result<CompiledModel> compile_model(Bytes onnx, const CompileOptions& options = {});

/// An observed tensor and what became of it.
struct TensorRange {
  std::string name;
  Range range;
  f32 scale = 0;
  i32 zero_point = 0;
};

struct QuantizedModel {
  std::vector<u8> onnx;  ///< QDQ
  std::vector<TensorRange> activations;
  Graph graph;  ///< canonical
};

/// A float model and what its activations were like.
struct CalibratedModel {
  Graph graph;  ///< canonical
  Calibration calibration;
};
support::Result<CalibratedModel> calibrate_model(Bytes onnx, const Samples& samples,
                                                 const CalibrationOptions& how,
                                                 const CompileOptions& options = {});
support::Result<QuantizedModel> quantize_calibrated(const CalibratedModel& model, const QuantizeOptions& how,
                                                    const CompileOptions& options = {});

/// Calibrates a float model with samples and quantises it to signed int8.
support::Result<QuantizedModel> quantize_model(Bytes onnx, const Samples& samples,
                                               const CalibrationOptions& how,
                                               const CompileOptions& options = {});

}  // namespace pipit::model
