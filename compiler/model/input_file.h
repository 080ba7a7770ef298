#pragma once
#include <array>
#include <string>
#include <vector>

#include "compiler/model/picture.h"
#include "nn/nn.h"

/// Files as inputs of a model: pictures, sound, arrays, tensors, raw elements.
namespace pipit::model {

struct InputOptions {
  Fit fit = Fit::crop;
  /// The picture's bytes are int8, dark = −128, as in the test pictures of TensorFlow Lite Micro.
  bool signed_bytes = false;
  /// real = (pixel / 255 − mean) / deviation, by colour. Unset, a float input gets pixel / 255 and an integer
  /// input the pixel itself (int8: less 128).
  bool normalised = false;
  std::array<f32, 3> mean{0, 0, 0}, deviation{1, 1, 1};
};

/// One inference's inputs, in the model's element types, one after the other.
using Sample = std::vector<u8>;

/// Reads a file into one sample or several:
/// - PNG, JPEG, BMP: resized to the image input [1,H,W,C] or [1,C,H,W], C being 3 or 1 (brightness);
/// - WAV (PCM of 16 bits, channels averaged), where no more than one axis of the input is longer than 1:
///   consecutive windows of the input's length, the rest dropped; int16 as it is, otherwise sample / 32768;
/// - .npy: the model's element type, or float for a quantised or half-precision input; a multiple of the
/// input's elements;
/// - ONNX TensorProto (.pb): likewise;
/// - anything else: raw little-endian elements of all inputs, a multiple of a sample.
/// invalid_argument when the sizes do not fit, malformed for a damaged file.
support::Result<std::vector<Sample>> read_samples(const std::string& path, const nn::PlannedModel& model,
                                                  const InputOptions& options = {});

}  // namespace pipit::model
