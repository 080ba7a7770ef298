#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "compiler/model/emit_wasm/emit_wasm.h"

namespace pipit::model {

/// A file of the folder, by its path in it.
struct WebFile {
  std::string path;
  std::vector<u8> bytes;
};

/// What a page says and how it turns pictures into inputs.
struct WebPage {
  std::string name;                 ///< of the model, in the page's text
  std::vector<std::string> labels;  ///< of the output's elements; those without one are "class N"
  std::vector<WebFile> samples;     ///< pictures that browsers read, by file name
  /// The input is (pixel / 255 − mean) / deviation; without them a float input is pixel / 255, an integer
  /// input the pixel (int8: less 128).
  std::optional<std::array<f32, 3>> mean, deviation;
  /// The model knows light things on a dark ground: pictures with a light border are inverted.
  bool dark_ground = false;
};

/// A static folder that classifies pictures in the browser: a page, the model as a Wasm module, model.json
/// and samples/. Errors: those of emit_wasm; unsupported where the first input is no picture, or there is
/// more than one.
support::Result<std::vector<WebFile>> emit_web(Bytes pipm, const WebPage& page,
                                               const WasmOptions& options = {});

/// A grey or RGB picture as a BMP file; `pixels` row by row from the top, `channels` bytes each.
std::vector<u8> write_bmp(Bytes pixels, u32 width, u32 height, u32 channels);

}  // namespace pipit::model
