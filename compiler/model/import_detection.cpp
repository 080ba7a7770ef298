// Resizing and detection.
#include <algorithm>
#include <cmath>

#include "compiler/model/import_onnx.h"
#include "compiler/model/import_operators.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

/// The place of `word` in a list of words; malformed, naming the attribute, when it is not there.
Result<i64> choice(Import& in, const char* attribute, const char* fallback,
                   std::initializer_list<const char*> words) {
  const std::string word = TRY(in.attributes.text(attribute, fallback));
  i64 place = 0;
  for (const char* known : words) {
    if (word == known) return place;
    ++place;
  }
  return Error(Code::unsupported, std::string(attribute) + " '" + word + "' is not known");
}

/// Per axis: the output's extent and the scale coordinates are computed with.
struct Sizes {
  std::vector<i64> extents;
  std::vector<f32> scales;
};

/// Sizes of the axes from scales or from sizes, whichever is there; axes not named keep theirs.
Result<Sizes> read_sizes(Import& in, const std::vector<f32>& scales, const std::vector<i64>& sizes,
                         const std::vector<i64>& axes, i64 policy) {
  const Shape& x = in.operand(0).shape;
  Sizes result{x, std::vector<f32>(x.size(), 1)};
  if ((scales.empty() ? sizes.size() : scales.size()) != axes.size())
    return Error(Code::malformed, "needs one scale or size per axis");
  f32 common = 0;
  for (usize i = 0; i < axes.size() && policy != 0; ++i) {
    const f32 ratio =
        static_cast<f32>(sizes[i]) / static_cast<f32>(std::max<i64>(x[static_cast<usize>(axes[i])], 1));
    common = i == 0 ? ratio : policy == 1 ? std::min(common, ratio) : std::max(common, ratio);
  }
  for (usize i = 0; i < axes.size(); ++i) {
    const usize at = static_cast<usize>(TRY(in.axis(axes[i], x.size())));
    if (!scales.empty()) {
      if (!(scales[i] > 0) || !(scales[i] < 65536))
        return Error(Code::malformed, "a scale is not a positive number");
      result.scales[at] = scales[i];
      result.extents[at] =
          static_cast<i64>(std::floor(static_cast<f64>(x[at]) * static_cast<f64>(scales[i])));
      continue;
    }
    if (sizes[i] < 0 || sizes[i] > kMaxElements) return Error(Code::malformed, "a size is not valid");
    result.extents[at] =
        policy == 0 ? sizes[i] : static_cast<i64>(std::floor(common * static_cast<f32>(x[at]) + 0.5f));
    if (x[at] > 0 && result.extents[at] > 0)
      result.scales[at] = static_cast<f32>(result.extents[at]) / static_cast<f32>(x[at]);
  }
  return result;
}

Result<TensorId> emit_resize(Import& in, std::vector<TensorId> operands, i64 mode, i64 coordinates,
                             i64 nearest, i64 exclude, const Sizes& sizes, f32 cubic, f32 outside) {
  if (sizes.extents.size() > nn::kMaxRank) return Error(Code::unsupported, "more than 8 dimensions");
  std::vector<i64> ints{mode, coordinates, nearest, exclude};
  ints.insert(ints.end(), sizes.extents.begin(), sizes.extents.end());
  std::vector<f32> reals(10, 1);
  std::copy(sizes.scales.begin(), sizes.scales.end(), reals.begin());
  reals[8] = cubic;
  reals[9] = outside;
  return in.emit(FunctionId::resize, std::move(operands), ints, reals);
}

Result<TensorId> import_resize(Import& in) {
  const i64 mode = TRY(choice(in, "mode", "nearest", {"nearest", "linear", "cubic"}));
  const char* kDefault = in.opset < 11 ? "asymmetric" : "half_pixel";
  const i64 coordinates = TRY(choice(in, "coordinate_transformation_mode", kDefault,
                                     {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                                      "tf_half_pixel_for_nn", "tf_crop_and_resize", "half_pixel_symmetric"}));
  const i64 nearest = TRY(choice(in, "nearest_mode", in.opset < 11 ? "floor" : "round_prefer_floor",
                                 {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  const i64 policy =
      TRY(choice(in, "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"}));
  const i64 exclude = TRY(in.attributes.integer("exclude_outside", 0));
  if (TRY(in.attributes.integer("antialias", 0)) != 0) return Error(Code::unsupported, "antialias");
  const f32 cubic = TRY(in.attributes.real("cubic_coeff_a", -0.75f)),
            outside = TRY(in.attributes.real("extrapolation_value", 0));
  auto axes = TRY(in.attributes.integers("axes"));
  if (axes.empty())
    for (usize i = 0; i < in.rank(0); ++i) axes.push_back(static_cast<i64>(i));
  const usize scales_at = in.opset < 11 ? 1 : 2;
  const bool has_scales = in.has(scales_at) && element_count(in.operand(scales_at).shape) > 0;
  const auto scales = has_scales ? TRY(in.constant_reals(scales_at, "scales")) : std::vector<f32>{};
  const auto wanted = in.has(3) ? TRY(in.constant(3, "sizes")) : std::vector<i64>{};
  constexpr i64 kCrops = 5;
  const Sizes sizes = TRY(read_sizes(in, scales, wanted, axes, policy));
  std::vector<TensorId> operands{in.inputs[0]};
  if (coordinates == kCrops) {
    if (!in.has(1)) return Error(Code::malformed, "cropping needs a region");
    operands.push_back(in.inputs[1]);
  }
  return emit_resize(in, std::move(operands), mode, coordinates, nearest, exclude, sizes, cubic, outside);
}

Result<TensorId> import_upsample(Import& in) {
  const i64 mode = TRY(choice(in, "mode", "nearest", {"nearest", "linear"}));
  const auto scales = in.has(1) ? TRY(in.constant_reals(1, "scales")) : TRY(in.attributes.reals("scales"));
  std::vector<i64> axes;
  for (usize i = 0; i < in.rank(0); ++i) axes.push_back(static_cast<i64>(i));
  constexpr i64 kAsymmetric = 3, kFloor = 2;
  return emit_resize(in, {in.inputs[0]}, mode, kAsymmetric, kFloor, 0,
                     TRY(read_sizes(in, scales, {}, axes, 0)), 0, 0);
}

Result<TensorId> import_grid_sample(Import& in) {
  // The names changed with opset 20.
  const std::string mode = TRY(in.attributes.text("mode", in.opset < 20 ? "bilinear" : "linear"));
  const i64 kind = mode == "bilinear" || mode == "linear" ? 0
                   : mode == "nearest"                    ? 1
                   : mode == "bicubic" || mode == "cubic" ? 2
                                                          : -1;
  if (kind < 0) return Error(Code::unsupported, "mode '" + mode + "' is not known");
  const i64 padding = TRY(choice(in, "padding_mode", "zeros", {"zeros", "border", "reflection"}));
  return in.emit(FunctionId::grid_sample, in.inputs,
                 {kind, padding, TRY(in.attributes.integer("align_corners", 0))});
}

Result<TensorId> import_roi_align(Import& in) {
  const i64 mode = TRY(choice(in, "mode", "avg", {"avg", "max"}));
  const i64 half =
      TRY(choice(in, "coordinate_transformation_mode", in.opset < 16 ? "output_half_pixel" : "half_pixel",
                 {"output_half_pixel", "half_pixel"}));
  const i64 height = TRY(in.attributes.integer("output_height", 1)),
            width = TRY(in.attributes.integer("output_width", 1));
  const i64 samples = TRY(in.attributes.integer("sampling_ratio", 0));
  return in.emit(FunctionId::roi_align, in.inputs, {mode, height, width, samples, half},
                 {TRY(in.attributes.real("spatial_scale", 1))});
}

Result<TensorId> find_boxes(Import& in) {
  const i64 centre = TRY(in.attributes.integer("center_point_box", 0));
  const TensorId most = in.has(2) ? in.inputs[2] : in.number(DType::i64, 0);
  const TensorId overlap = in.has(3) ? in.inputs[3] : in.number(DType::f32, 0);
  const TensorId score = in.has(4) ? in.inputs[4] : in.number(DType::f32, -INFINITY);
  return in.emit(FunctionId::non_max_suppression, {in.inputs[0], in.inputs[1], most, overlap, score},
                 {centre});
}

Result<TensorId> take_boxes(Import& in) {
  TRY(in.attributes.integer("center_point_box", 0));
  const auto count = TRY(in.constant(1, "the number found"));
  if (count.size() != 1 || count[0] < 0 || count[0] >= in.operand(0).shape[0])
    return Error(Code::internal, "found more than there can be");
  return in.slice(in.inputs[0], {1, 0}, {count[0], 3});
}

constexpr ImportRule kRules[] = {
    {"GridSample", 2, 2, import_grid_sample},      {"Resize", 1, 4, import_resize},
    {"RoiAlign", 3, 3, import_roi_align},          {"Upsample", 1, 2, import_upsample},
    {"pipit.NonMaxSuppression", 2, 5, find_boxes}, {"pipit.NonMaxSuppression.part", 2, 2, take_boxes},
};

}  // namespace

std::span<const ImportRule> detection_rules() { return kRules; }

}  // namespace pipit::model
