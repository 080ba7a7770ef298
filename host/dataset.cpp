#include "host/dataset.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/endian.h"

namespace pipit::host {
namespace {

support::Error malformed(const char* text) { return {Code::malformed, text}; }

/// The value after `key` in NumPy's header, a Python dictionary written as text.
std::string_view npy_value(std::string_view header, std::string_view key) {
  const usize at = header.find(key);
  if (at == header.npos) return {};
  std::string_view value = header.substr(at + key.size());
  value.remove_prefix(std::min(value.find_first_not_of(": "), value.size()));
  return value;
}

bool npy_dtype(std::string_view descr, DType& out) {
  struct Row {
    std::string_view name;
    DType dtype;
  };
  constexpr Row kTable[] = {{"'|u1'", DType::u8},  {"'|i1'", DType::i8},  {"'<i2'", DType::i16},
                            {"'<i4'", DType::i32}, {"'<i8'", DType::i64}, {"'<f2'", DType::f16},
                            {"'<f4'", DType::f32}, {"'<f8'", DType::f64}};
  for (const Row& row : kTable)
    if (descr.starts_with(row.name)) {
      out = row.dtype;
      return true;
    }
  return false;
}

bool idx_dtype(u8 code, DType& out) {
  switch (code) {
    case 0x08: out = DType::u8; return true;
    case 0x09: out = DType::i8; return true;
    case 0x0B: out = DType::i16; return true;
    case 0x0C: out = DType::i32; return true;
    case 0x0D: out = DType::f32; return true;
    case 0x0E: out = DType::f64; return true;
    default: return false;
  }
}

}  // namespace

support::Result<std::vector<u8>> read_unpacked(const std::string& path, usize limit) {
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as they are
  if (file == nullptr) return support::Error(Code::not_found, path + ": cannot be opened");
  std::vector<u8> data;
  int got = 0;
  do {
    const usize used = data.size();
    data.resize(used + (usize{1} << 20));
    got = gzread(file, data.data() + used, 1u << 20);
    data.resize(used + static_cast<usize>(got > 0 ? got : 0));
  } while (got > 0 && data.size() <= limit);
  const bool bad = gzclose(file) != Z_OK || got < 0;
  if (bad) return support::Error(Code::malformed, path + ": cannot be read or unpacked");
  if (data.size() > limit)
    return support::Error(Code::out_of_range, path + ": larger than " + std::to_string(limit) + " bytes");
  return data;
}

/// `dims[0]` is the number of frames.
support::Status Dataset::set_shape(std::span<const u64> dims, DType dtype, const Options& options) {
  if (dims.empty()) return malformed("has no dimension to count frames along");
  if (dims.size() - 1 > info_.shape.size())
    return support::Error(Code::unsupported, "frames have more than 4 dimensions");
  u64 bytes = dtype_bytes(dtype);
  for (usize i = 1; i < dims.size(); ++i) {
    if (dims[i] == 0 || dims[i] > 0xFFFF)
      return support::Error(Code::unsupported, "a frame's dimension is 0 or over 65535");
    info_.shape[i - 1] = static_cast<u16>(dims[i]);
    bytes *= dims[i];
    if (bytes > data_.size()) return malformed("is shorter than its header says");
  }
  const u64 room = (data_.size() - offset_) / bytes;
  if (dims[0] > room || dims[0] == 0) return malformed("is shorter than its header says");
  info_.rank = static_cast<u8>(dims.size() - 1);
  info_.dtype = dtype;
  info_.bytes = static_cast<u32>(bytes);
  count_ = static_cast<u32>(std::min<u64>(dims[0], 0xFFFF'FFFF));
  if (options.count != 0) count_ = std::min(count_, options.count);
  return {};
}

/// http://yann.lecun.com/exdb/mnist: magic 0, 0, type, rank; big-endian dimensions; big-endian elements.
support::Status Dataset::load_idx(const Options& options) {
  DType dtype;
  const u32 rank = data_[3];
  if (!idx_dtype(data_[2], dtype)) return support::Error(Code::unsupported, "unknown IDX element type");
  offset_ = 4 + usize{rank} * 4;
  if (data_.size() < offset_) return malformed("ends inside its IDX header");
  std::vector<u64> dims(rank);
  for (u32 i = 0; i < rank; ++i) dims[i] = __builtin_bswap32(load_le<u32>(&data_[4 + i * 4]));
  TRY(set_shape(dims, dtype, options));
  const u32 size = dtype_bytes(dtype);
  for (usize at = offset_; size > 1 && at + size <= data_.size(); at += size)
    std::reverse(data_.begin() + static_cast<long>(at), data_.begin() + static_cast<long>(at + size));
  return {};
}

/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
support::Status Dataset::load_npy(const Options& options) {
  if (data_.size() < 12) return malformed("ends inside its .npy header");
  const bool long_header = data_[6] >= 2;
  const usize begin = long_header ? 12 : 10;
  const usize length = long_header ? load_le<u32>(&data_[8]) : load_le<u16>(&data_[8]);
  if (length > data_.size() - begin) return malformed("ends inside its .npy header");
  const std::string_view header = as_text(Bytes(data_).subspan(begin, length));
  offset_ = begin + length;
  DType dtype;
  if (!npy_dtype(npy_value(header, "'descr'"), dtype))
    return support::Error(Code::unsupported, "unknown .npy element type");
  if (!npy_value(header, "'fortran_order'").starts_with("False"))
    return support::Error(Code::unsupported, "fortran order; save it in C order");
  std::string_view shape = npy_value(header, "'shape'");
  if (!shape.starts_with("(")) return malformed("has no shape in its .npy header");
  std::vector<u64> dims;
  const std::string numbers(shape.substr(1, shape.find(')') - 1));
  for (const char* at = numbers.c_str(); *at != 0;) {
    char* end = nullptr;
    dims.push_back(std::strtoull(at, &end, 10));
    if (end == at || dims.size() > 8) return malformed("has a shape in its .npy header that is not one");
    at = end;
    while (*at == ',' || *at == ' ') ++at;
  }
  return set_shape(dims, dtype, options);
}

support::Result<Dataset> Dataset::load(const std::string& path, const Options& options) {
  Dataset set;
  set.data_ = TRY(read_unpacked(path));
  const auto load = [&]() -> support::Status {
    const auto& data = set.data_;
    if (!options.shape.empty()) {
      std::vector<u64> dims = {1};
      u64 bytes = dtype_bytes(options.dtype);
      for (u32 extent : options.shape) {
        dims.push_back(extent);
        bytes *= std::min(extent, 0x1'0000u);
        if (bytes == 0 || bytes > data.size()) return malformed("is shorter than one frame of that shape");
      }
      dims[0] = data.size() / bytes;
      return set.set_shape(dims, options.dtype, options);
    }
    if (data.size() >= 6 && std::memcmp(data.data(), "\x93NUMPY", 6) == 0) return set.load_npy(options);
    if (data.size() >= 4 && data[0] == 0 && data[1] == 0) return set.load_idx(options);
    return support::Error(Code::unsupported,
                          "is neither IDX nor .npy; say a raw file's shape, as in FILE:28x28");
  };
  if (auto status = load(); !status.ok()) return status.take_error().in(path);
  return set;
}

}  // namespace pipit::host
