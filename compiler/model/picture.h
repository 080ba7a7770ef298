#pragma once
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// Pictures as a model's input wants them.
namespace pipit::model {

/// Rows of RGB pixels, one byte a colour.
struct Picture {
  u32 width = 0, height = 0;
  std::vector<u8> pixels;  ///< [height][width][3]
};

bool is_picture(Bytes file);

/// Decodes PNG, JPEG or BMP, by stb_image: malformed with its reason, out_of_range beyond 16384 pixels a
/// side.
support::Result<Picture> decode_picture(Bytes file);

enum class Fit {
  crop,     ///< the largest centred part of the wanted aspect
  stretch,  ///< the whole picture, whatever its aspect
};

/// A picture of width × height: every pixel the average of what it covers, weighted by a triangle (bilinear
/// when enlarging).
Picture resized(const Picture& from, u32 width, u32 height, Fit fit);

}  // namespace pipit::model
