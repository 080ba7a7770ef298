#include "compiler/model/picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#define STBI_NO_STDIO
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_MAX_DIMENSIONS 16384
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <stb/stb_image.h>
#pragma clang diagnostic pop

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

/// The part of one axis that a target pixel covers, and how much each source pixel counts.
struct Taps {
  u32 first = 0;
  std::vector<f32> weights;  // sum 1
};

/// Triangle filter, widened by the scale when shrinking.
std::vector<Taps> taps_of(f32 start, f32 extent, u32 source, u32 target) {
  std::vector<Taps> all;
  const f32 scale = extent / static_cast<f32>(target), support = std::max(scale, 1.0f);
  for (u32 i = 0; i < target; ++i) {
    const f32 centre = start + (static_cast<f32>(i) + 0.5f) * scale;
    const i64 low = std::max<i64>(static_cast<i64>(std::floor(centre - support)), 0);
    const i64 high = std::min<i64>(static_cast<i64>(std::ceil(centre + support)), source);
    Taps taps{static_cast<u32>(low), {}};
    f32 sum = 0;
    for (i64 at = low; at < high; ++at) {
      const f32 weight = std::max(0.0f, 1 - std::fabs(static_cast<f32>(at) + 0.5f - centre) / support);
      taps.weights.push_back(weight);
      sum += weight;
    }
    for (f32& weight : taps.weights) weight /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

}  // namespace

bool is_picture(Bytes file) {
  const auto starts = [&](std::string_view magic) {
    return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
  };
  return starts("\x89PNG\r\n\x1a\n") || starts("\xff\xd8\xff") || starts("BM");
}

Result<Picture> decode_picture(Bytes file) {
  constexpr usize kMaxBytes = usize{1} << 28;
  if (file.size() > kMaxBytes) return Error(Code::out_of_range, "the picture file is larger than 256 MiB");
  int width = 0, height = 0, channels = 0;
  const int size = static_cast<int>(file.size());
  if (stbi_info_from_memory(file.data(), size, &width, &height, &channels) == 0)
    return Error(Code::malformed, std::string("no picture that can be read: ") + stbi_failure_reason());
  if (i64{width} * height > (i64{1} << 26))
    return Error(Code::out_of_range, "the picture has more than 64 million pixels");
  u8* decoded = stbi_load_from_memory(file.data(), size, &width, &height, &channels, 3);
  if (decoded == nullptr)
    return Error(Code::malformed, std::string("the picture is damaged: ") + stbi_failure_reason());
  Picture picture{static_cast<u32>(width), static_cast<u32>(height), {}};
  picture.pixels.assign(decoded, decoded + usize{picture.width} * picture.height * 3);
  stbi_image_free(decoded);
  return picture;
}

Picture resized(const Picture& from, u32 width, u32 height, Fit fit) {
  f32 part_w = static_cast<f32>(from.width), part_h = static_cast<f32>(from.height);
  const f32 aspect = static_cast<f32>(width) / static_cast<f32>(height);
  if (fit == Fit::crop) {
    if (part_w > part_h * aspect)
      part_w = part_h * aspect;
    else
      part_h = part_w / aspect;
  }
  const auto columns = taps_of((static_cast<f32>(from.width) - part_w) / 2, part_w, from.width, width);
  const auto rows = taps_of((static_cast<f32>(from.height) - part_h) / 2, part_h, from.height, height);
  std::vector<f32> narrow(usize{from.height} * width * 3);  // columns first
  for (u32 y = 0; y < from.height; ++y)
    for (u32 x = 0; x < width; ++x)
      for (u32 c = 0; c < 3; ++c) {
        f32 sum = 0;
        for (usize k = 0; k < columns[x].weights.size(); ++k)
          sum += columns[x].weights[k] * from.pixels[(usize{y} * from.width + columns[x].first + k) * 3 + c];
        narrow[(usize{y} * width + x) * 3 + c] = sum;
      }
  Picture made{width, height, std::vector<u8>(usize{width} * height * 3)};
  for (u32 y = 0; y < height; ++y)
    for (u32 i = 0; i < width * 3; ++i) {
      f32 sum = 0;
      for (usize k = 0; k < rows[y].weights.size(); ++k)
        sum += rows[y].weights[k] * narrow[(rows[y].first + k) * width * 3 + i];
      made.pixels[usize{y} * width * 3 + i] = static_cast<u8>(std::clamp(std::lround(sum), 0l, 255l));
    }
  return made;
}

}  // namespace pipit::model
