#pragma once
#include <string>
#include <vector>

#include "ports/sensor.h"
#include "support/error.h"

namespace pipit::host {

/// Frames of one shape in a file: IDX (as MNIST's, also gzip'd), NumPy's .npy with the frames along the first
/// dimension, or raw bytes whose shape is told.
class Dataset {
 public:
  struct Options {
    u32 count = 0;            ///< at most so many frames; 0 = all
    std::vector<u32> shape;   ///< of one frame in a raw file, outermost first
    DType dtype = DType::u8;  ///< of a raw file
  };
  /// Errors name the file: not_found, malformed, unsupported (an element type or rank that frames cannot
  /// have).
  static support::Result<Dataset> load(const std::string& path, const Options& options);

  u32 count() const { return count_; }
  /// Shape and type of every frame; no sequence number.
  const ports::FrameInfo& info() const { return info_; }
  /// Little-endian elements of frame `index` < count().
  Bytes frame(u32 index) const {
    return Bytes(data_).subspan(offset_ + usize{index} * info_.bytes, info_.bytes);
  }

 private:
  support::Status set_shape(std::span<const u64> dims, DType dtype, const Options& options);
  support::Status load_idx(const Options& options);
  support::Status load_npy(const Options& options);

  std::vector<u8> data_;
  usize offset_ = 0;
  u32 count_ = 0;
  ports::FrameInfo info_;
};

/// The bytes of a file, unpacked when it is gzip'd. At most `limit` bytes.
support::Result<std::vector<u8>> read_unpacked(const std::string& path, usize limit = usize{1} << 31);

}  // namespace pipit::host
