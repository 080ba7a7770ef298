#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// Labelled images: the MNIST family's IDX files, plain or gzipped.
namespace pipit::model {

struct Dataset {
  std::vector<u8> images;  ///< [count][rows × columns], one byte a pixel
  std::vector<u8> labels;  ///< [count]; empty where no label file was given
  u32 count = 0, rows = 0, columns = 0;
  /// How the model wants a pixel: (pixel / 255 − mean) / deviation.
  f32 mean = 0, deviation = 1;

  u32 image_bytes() const { return rows * columns; }
  std::span<const u8> image(u32 index) const {
    return {images.data() + usize{index} * image_bytes(), image_bytes()};
  }
  /// The normalised image, as the model reads it.
  std::vector<f32> input(u32 index) const;
};

struct DatasetFiles {
  std::string images;
  std::string labels;  ///< may be empty
  f32 mean = 0, deviation = 1;
};

/// Reads both files. malformed (not IDX, truncated, counts differ) with the file's name; out_of_range beyond
/// 1 GiB.
support::Result<Dataset> read_dataset(const DatasetFiles& files);

enum class Split { train, test };
/// A data set this machine has by name: "fashion-mnist" (Debian's dataset-fashion-mnist). not_found names the
/// remedy.
support::Result<DatasetFiles> find_dataset(const std::string& name, Split split);

/// Names of Fashion-MNIST's classes, by label.
std::span<const char* const> fashion_labels();

}  // namespace pipit::model
