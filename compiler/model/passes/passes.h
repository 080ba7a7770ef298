#pragma once
#include <functional>
#include <span>
#include <string>

#include "compiler/model/graph.h"
#include "support/error.h"

/// The passes, one file each. Every pass leaves a graph that computes the same, with all shapes known.
namespace pipit::model {

/// Sets dtype and shape of a node's output from its inputs; checks operand counts, shapes and attributes, so
/// that later passes and the emitter may rely on them. Callers name the node in errors of this and of
/// fold_node.
support::Status infer_node(Graph& graph, NodeId node);

/// Replaces a node whose inputs are all constants by a constant, where the operator can be computed at
/// compile time.
support::Status fold_node(Graph& graph, NodeId node);

/// Where a permutation of axes sends each: out[i] = values[perm[i]].
Shape permuted(const Shape& shape, const std::vector<u32>& perm);
/// The constant's bytes with its axes permuted.
std::vector<u8> permuted_data(const Tensor& constant, const std::vector<u32>& perm);

/// Whether the engine can repeat b along a's outer dimensions: without its leading 1s it is the tail of a's
/// shape.
bool repeats_along(const Shape& a, const Shape& b);

/// Re-infers every shape.
support::Status infer_shapes(Graph& graph);
/// Computes what depends on constants only.
support::Status fold_constants(Graph& graph);
/// Removes Identity, reshapes and transposes that change nothing, merges chains of them and Pad into windows.
support::Status eliminate_identity(Graph& graph);
/// Rewrites to the canonical operators: Gemm and MatMul to fully_connected, ReduceMean to
/// global_average_pool, Sub and Div of a constant to Add and Mul, a constant added after a convolution to its
/// bias.
support::Status canonicalize(Graph& graph);
/// Folds a batch normalisation into the weights and bias of the convolution or fully connected layer before
/// it; any other becomes Mul and Add.
support::Status fold_batch_norm(Graph& graph);
/// Moves a clamp into the operator before it.
support::Status fuse_activations(Graph& graph);
/// Shifts unsigned 8-bit quantisation (zero point 128 for weights) to signed.
support::Status signed_integers(Graph& graph);
/// Turns Dequantize → operator → Quantize into the integer operator.
support::Status lower_qdq(Graph& graph);
/// Gives image operators NHWC activations and OHWI weights, with transposes at their borders.
support::Status layout_nhwc(Graph& graph);
/// The way back, for graphs that came with channels last: unsupported, naming the node, for integers.
support::Status layout_nchw(Graph& graph);
/// Moves transposes towards the outputs until they meet their inverse, an edge or a fully connected layer.
support::Status sink_transposes(Graph& graph);
/// Turns poolings of integers without a scale into general functions, while their layout is ONNX's.
support::Status generalize_images(Graph& graph);
/// Turns what the tuned operators do not take into general functions.
support::Status generalize(Graph& graph);
/// Merges equal constants and operators that compute the same from the same.
support::Status common_subexpressions(Graph& graph);
/// Removes nodes nobody reads.
support::Status eliminate_dead_code(Graph& graph);

struct Pass {
  const char* name;
  support::Status (*run)(Graph&);
};

/// To the canonical float (or QDQ) graph, in ONNX's layout: what the quantiser and the exporter work on.
std::span<const Pass> canonical_passes();
/// From there to what nn/ executes.
std::span<const Pass> lowering_passes();

/// Called after each pass with its name and the graph.
using PassObserver = std::function<void(const char* pass, const Graph& graph)>;
/// Runs passes in order; errors are prefixed by the pass's name.
support::Status run_passes(Graph& graph, std::span<const Pass> passes, const PassObserver& observer = {});

}  // namespace pipit::model
