#include "compiler/model/dataset.h"

#include <zlib.h>

#include <memory>

#include "support/files.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

constexpr usize kMaxBytes = usize{1} << 30;
constexpr const char* kFashionDirectory = "/usr/share/datasets/fashion-mnist/";

struct CloseGz {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

/// The whole file, unpacked where it is gzipped.
Result<std::vector<u8>> read_gz(const std::string& path) {
  const std::unique_ptr<gzFile_s, CloseGz> file(gzopen(path.c_str(), "rb"));
  if (file == nullptr) return Error(Code::not_found, path + ": cannot be opened");
  std::vector<u8> data;
  constexpr usize kChunk = usize{1} << 20;
  for (;;) {
    const usize used = data.size();
    data.resize(used + kChunk);
    const int got = gzread(file.get(), data.data() + used, kChunk);
    if (got < 0) return Error(Code::malformed, path + ": the gzip data are damaged");
    data.resize(used + static_cast<usize>(got));
    if (got == 0) return data;
    if (data.size() > kMaxBytes) return Error(Code::out_of_range, path + ": more than 1 GiB");
  }
}

struct Idx {
  std::vector<u32> dims;
  std::vector<u8> elements;
};

/// IDX: two zero bytes, element type (8 = u8), rank, the dimensions big-endian, the elements.
Result<Idx> read_idx(const std::string& path, usize rank) {
  std::vector<u8> data = TRY(read_gz(path));
  const usize header = 4 + 4 * rank;
  if (data.size() < header || data[0] != 0 || data[1] != 0 || data[2] != 8 || data[3] != rank)
    return Error(Code::malformed, path + ": no IDX file of " + std::to_string(rank) + " dimensions of bytes");
  Idx idx;
  u64 count = 1;
  for (usize i = 0; i < rank; ++i) {
    const u8* at = data.data() + 4 + 4 * i;
    idx.dims.push_back(u32{at[0]} << 24 | u32{at[1]} << 16 | u32{at[2]} << 8 | at[3]);
    if (idx.dims.back() == 0 || count > kMaxBytes / idx.dims.back())
      return Error(Code::malformed, path + ": a dimension is zero or too large");
    count *= idx.dims.back();
  }
  if (data.size() - header != count)
    return Error(Code::malformed, path + ": holds " + std::to_string(data.size() - header) +
                                      " elements, its header says " + std::to_string(count));
  idx.elements.assign(data.begin() + static_cast<std::ptrdiff_t>(header), data.end());
  return idx;
}

}  // namespace

std::vector<f32> Dataset::input(u32 index) const {
  std::vector<f32> values;
  values.reserve(image_bytes());
  for (u8 pixel : image(index)) values.push_back((static_cast<f32>(pixel) / 255.0f - mean) / deviation);
  return values;
}

Result<Dataset> read_dataset(const DatasetFiles& files) {
  if (!(files.deviation > 0)) return Error(Code::invalid_argument, "the standard deviation must be positive");
  Idx images = TRY(read_idx(files.images, 3));
  Dataset dataset{std::move(images.elements),
                  {},
                  images.dims[0],
                  images.dims[1],
                  images.dims[2],
                  files.mean,
                  files.deviation};
  if (files.labels.empty()) return dataset;
  Idx labels = TRY(read_idx(files.labels, 1));
  if (labels.dims[0] != dataset.count)
    return Error(Code::malformed, files.labels + ": holds " + std::to_string(labels.dims[0]) +
                                      " labels for " + std::to_string(dataset.count) + " images");
  dataset.labels = std::move(labels.elements);
  return dataset;
}

Result<DatasetFiles> find_dataset(const std::string& name, Split split) {
  if (name != "fashion-mnist")
    return Error(
        Code::not_found,
        "data set '" + name + "' is not known; use fashion-mnist, or files: --images and --labels, --npy");
  const std::string prefix = std::string(kFashionDirectory) + (split == Split::train ? "train" : "t10k");
  DatasetFiles files{prefix + "-images-idx3-ubyte.gz", prefix + "-labels-idx1-ubyte.gz", 0.2860f, 0.3530f};
  if (!support::exists(files.images))
    return Error(Code::not_found, files.images + " is missing; apt-get install dataset-fashion-mnist");
  return files;
}

std::span<const char* const> fashion_labels() {
  static constexpr const char* kLabels[] = {"t-shirt/top", "trouser", "pullover", "dress", "coat",
                                            "sandal",      "shirt",   "sneaker",  "bag",   "ankle boot"};
  return kLabels;
}

}  // namespace pipit::model
