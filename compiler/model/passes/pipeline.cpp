#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

constexpr Pass kCanonical[] = {
    {"fold-constants", fold_constants},           {"infer-shapes", infer_shapes},
    {"eliminate-identity", eliminate_identity},   {"canonicalize", canonicalize},
    {"fold-batch-norm", fold_batch_norm},         {"fuse-activations", fuse_activations},
    {"signed-integers", signed_integers},         {"common-subexpressions", common_subexpressions},
    {"eliminate-dead-code", eliminate_dead_code},
};

constexpr Pass kLowering[] = {
    {"lower-qdq", lower_qdq},     {"generalize-images", generalize_images},
    {"layout-nhwc", layout_nhwc}, {"sink-transposes", sink_transposes},
    {"generalize", generalize},
};

}  // namespace

std::span<const Pass> canonical_passes() { return kCanonical; }
std::span<const Pass> lowering_passes() { return kLowering; }

support::Status run_passes(Graph& graph, std::span<const Pass> passes, const PassObserver& observer) {
  for (const Pass& pass : passes) {
    auto done = pass.run(graph);
    if (!done.ok()) return done.take_error().in(pass.name);
    if (observer) observer(pass.name, graph);
  }
  return {};
}

}  // namespace pipit::model
