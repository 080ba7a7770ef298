#include "compiler/model/emit_web/emit_web.h"

#include "base/endian.h"
#include "compiler/model/emit_web/page.h"
#include "compiler/model/graph.h"
#include "nn/nn.h"
#include "support/json.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Json;
using support::Result;

constexpr u32 kLeastSide = 8;  ///< pixels; vectors and strokes are no pictures

std::vector<u8> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

/// The input as the page's script reads it; nothing where it is no picture.
std::optional<Json> picture_json(const nn::TensorInfo& info) {
  u32 dims[3] = {1, 1, 1};
  if (info.rank < 2 || info.rank > 4 || (info.rank == 4 && info.dims[0] != 1)) return {};
  const u32 first = info.rank == 4 ? 1 : 0, count = info.rank - first;
  for (u32 i = 0; i < count; ++i) dims[i] = info.dims[first + i];
  const auto is_channels = [](u32 value) { return value == 1 || value == 3; };
  const bool planar = count == 3 && is_channels(dims[0]) && !is_channels(dims[2]);
  if (count == 3 && !planar && !is_channels(dims[2])) return {};
  if (dims[planar ? 1 : 0] < kLeastSide || dims[planar ? 2 : 1] < kLeastSide) return {};
  return Json{{"width", planar ? dims[2] : dims[1]},
              {"height", planar ? dims[1] : dims[0]},
              {"channels", planar ? dims[0] : dims[2]},
              {"planar", planar}};
}

Json tensor_json(const nn::TensorInfo& info) {
  return {{"type", dtype_name(info.dtype)},
          {"elements", info.bytes / dtype_bytes(info.dtype)},
          {"scale", info.scale},
          {"zeroPoint", info.zero_point}};
}

bool has_array(const nn::TensorInfo& info) {
  return info.dtype == DType::f32 || info.dtype == DType::i8 || info.dtype == DType::u8;
}

}  // namespace

Result<std::vector<WebFile>> emit_web(Bytes pipm, const WebPage& page, const WasmOptions& options) {
  WasmModel made = TRY(emit_wasm(pipm, "model", options));
  const auto model = nn::PlannedModel::load(pipm);
  if (!model.ok()) return Error(model.error());
  auto input = picture_json(model->input(0));
  if (model->input_count() != 1 || !input || !has_array(model->input(0)) || !has_array(model->output(0)))
    return Error(Code::unsupported,
                 "the page wants a model with one picture as its input, [1, height, width, 1 or 3] or "
                 "[1, 1 or 3, height, width], and values of 8 bits or fp32; use --emit=wasm");
  input->update(tensor_json(model->input(0)));
  (*input)["darkGround"] = page.dark_ground;
  if (page.mean && page.deviation) {
    (*input)["mean"] = *page.mean;
    (*input)["deviation"] = *page.deviation;
  }
  Json description = {{"name", page.name},     {"macs", model->macs()},
                      {"input", *input},       {"output", tensor_json(model->output(0))},
                      {"labels", page.labels}, {"samples", Json::array()}};
  std::vector<WebFile> files;
  for (const PageFile& file : page_files()) files.push_back({std::string(file.path), bytes_of(file.text)});
  files.push_back({"model.wasm", std::move(made.module)});
  for (const WebFile& sample : page.samples) {
    files.push_back({"samples/" + sample.path, sample.bytes});
    description["samples"].push_back(files.back().path);
  }
  files.push_back({"model.json", bytes_of(support::dump(description, 1))});
  return files;
}

std::vector<u8> write_bmp(Bytes pixels, u32 width, u32 height, u32 channels) {
  constexpr u32 kHeader = 54;
  const u32 row = (3 * width + 3) / 4 * 4;
  std::vector<u8> file(kHeader + usize{row} * height);
  file[0] = 'B', file[1] = 'M';
  const auto put = [&](u32 at, u32 value) { store_le(&file[at], value); };
  put(2, static_cast<u32>(file.size()));
  put(10, kHeader);
  put(14, 40);  // BITMAPINFOHEADER
  put(18, width);
  put(22, height);
  put(26, 1 | 24 << 16);  // planes, bits a pixel
  for (u32 y = 0; y < height; ++y)
    for (u32 x = 0; x < width; ++x)
      for (u32 c = 0; c < 3; ++c)  // blue first, from the bottom
        file[kHeader + usize{height - 1 - y} * row + usize{3} * x + c] =
            pixels[(usize{y} * width + x) * channels + (channels == 3 ? 2 - c : 0)];
  return file;
}

}  // namespace pipit::model
