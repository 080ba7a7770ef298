#include "bench/web/mobilenet.h"

#include <cmath>
#include <random>
#include <string>

#include "compiler/model/onnx_file.h"

namespace pipit::bench {
namespace {

using model::onnx_file::Attribute;
using model::onnx_file::ElementType;
using Ints = std::vector<i64>;

class Network {
 public:
  Network() {
    model_.opset = 13;
    model_.graph_name = "mobilenet_v2";
    model_.inputs.push_back({"image", ElementType::f32, {1, 3, 224, 224}});
    scalar("zero", 0);
    scalar("six", 6);
  }

  std::vector<u8> finish() {
    convolution(32, 3, 2, true, false);
    struct Stage {
      i64 expansion, channels, count, stride;
    };
    for (const Stage& s : {Stage{1, 16, 1, 1}, Stage{6, 24, 2, 2}, Stage{6, 32, 3, 2}, Stage{6, 64, 4, 2},
                           Stage{6, 96, 3, 1}, Stage{6, 160, 3, 2}, Stage{6, 320, 1, 1}})
      for (i64 i = 0; i < s.count; ++i) bottleneck(s.expansion, s.channels, i == 0 ? s.stride : 1);
    convolution(1280, 1, 1, true, false);
    node("GlobalAveragePool", {at_}, {});
    node("Flatten", {at_}, {});
    const std::string weights = tensor({1000, 1280}, 1280), bias = tensor({1000}, 1280);
    node("Gemm", {at_, weights, bias}, {{"transB", i64{1}}});
    model_.outputs.push_back({at_, ElementType::f32, {1, 1000}});
    return model::onnx_file::serialise(model_);
  }

 private:
  void bottleneck(i64 expansion, i64 channels, i64 stride) {
    const std::string before = at_;
    const bool is_residual = stride == 1 && channels == channels_;
    if (expansion > 1) convolution(expansion * channels_, 1, 1, true, false);
    convolution(channels_, 3, stride, true, true);
    convolution(channels, 1, 1, false, false);
    if (is_residual) node("Add", {before, at_}, {});
  }

  void convolution(i64 channels, i64 kernel, i64 stride, bool relu6, bool depthwise) {
    const i64 inputs = depthwise ? 1 : channels_, pad = kernel / 2;
    const std::string weights = tensor({channels, inputs, kernel, kernel}, inputs * kernel * kernel);
    const std::string bias = tensor({channels}, 64);
    node("Conv", {at_, weights, bias},
         {{"kernel_shape", Ints{kernel, kernel}},
          {"strides", Ints{stride, stride}},
          {"pads", Ints{pad, pad, pad, pad}},
          {"group", depthwise ? channels : i64{1}}});
    if (relu6) node("Clip", {at_, "zero", "six"}, {});
    channels_ = channels;
  }

  void node(const char* type, std::vector<std::string> inputs, std::vector<Attribute> attributes) {
    const std::string output = "t" + std::to_string(made_++);
    model_.nodes.push_back({type, "", output + "_node", std::move(inputs), {output}, std::move(attributes)});
    at_ = output;
  }

  void scalar(const char* name, f32 value) { constant(name, {}, {value}); }
  void constant(const std::string& name, Ints dims, const std::vector<f32>& values) {
    const auto* first = reinterpret_cast<const u8*>(values.data());
    model_.initializers.push_back(
        {name, ElementType::f32, std::move(dims), {first, first + values.size() * sizeof(f32)}});
  }
  /// Uniform, of variance 2 / fan_in.
  std::string tensor(const Ints& dims, i64 fan_in) {
    i64 count = 1;
    for (i64 dim : dims) count *= dim;
    const f32 limit = std::sqrt(6.0f / static_cast<f32>(fan_in));
    std::vector<f32> values(static_cast<usize>(count));
    for (f32& value : values) value = limit * (static_cast<f32>(random_() % 4096) / 2047.5f - 1.0f);
    std::string name = "w" + std::to_string(made_++);
    constant(name, dims, values);
    return name;
  }

  model::onnx_file::Model model_;
  std::minstd_rand random_{1};
  std::string at_ = "image";
  i64 channels_ = 3;
  u32 made_ = 0;
};

}  // namespace

std::vector<u8> mobilenet_v2() { return Network().finish(); }

}  // namespace pipit::bench
