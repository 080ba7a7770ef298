#include "compiler/model/npy.h"

#include <charconv>
#include <cstring>

#include "base/endian.h"
#include "compiler/model/import_onnx.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

constexpr struct {
  const char* descr;
  DType dtype;
} kTypes[] = {{"<f4", DType::f32}, {"|i1", DType::i8},  {"|u1", DType::u8},
              {"<i2", DType::i16}, {"<i4", DType::i32}, {"<i8", DType::i64},
              {"<f8", DType::f64}, {"<f2", DType::f16}, {"|b1", DType::boolean}};

/// What stands behind 'key': in the header's Python dictionary, up to the closing character.
std::string value_of(const std::string& header, const std::string& key, char open, char close) {
  const usize at = header.find("'" + key + "'");
  if (at == header.npos) return "";
  const usize from = header.find(open, header.find(':', at));
  const usize to = from == header.npos ? header.npos : header.find(close, from + 1);
  return to == header.npos ? "" : header.substr(from + 1, to - from - 1);
}

Result<Shape> parse_shape(const std::string& text) {
  Shape shape;
  i64 count = 1;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    i64 dim = 0;
    const auto [next, failure] = std::from_chars(at, end, dim);
    if (failure != std::errc() || dim < 0 || (dim != 0 && count > kMaxElements / dim))
      return Error(Code::malformed, "the .npy shape (" + text + ") is none, or too large");
    count *= dim;
    shape.push_back(dim);
    at = next;
  }
  return shape;
}

}  // namespace

bool is_npy(Bytes file) { return file.size() >= 10 && std::memcmp(file.data(), "\x93NUMPY", 6) == 0; }

Result<Array> read_npy(Bytes file) {
  if (!is_npy(file)) return Error(Code::malformed, "no .npy file");
  const usize length_bytes = file[6] == 1 ? 2 : 4;
  const usize start = 8 + length_bytes;
  if (file.size() < start) return Error(Code::malformed, "the .npy header is cut off");
  const usize length = length_bytes == 2 ? load_le<u16>(&file[8]) : load_le<u32>(&file[8]);
  if (length > file.size() - start) return Error(Code::malformed, "the .npy header is cut off");
  const std::string header(reinterpret_cast<const char*>(&file[start]), length);
  Array array;
  const std::string descr = value_of(header, "descr", '\'', '\'');
  bool known = false;
  for (const auto& type : kTypes)
    if (descr == type.descr) {
      array.dtype = type.dtype;
      known = true;
    }
  if (!known) return Error(Code::unsupported, "the .npy elements are '" + descr + "'");
  if (header.find("'fortran_order': False") == header.npos)
    return Error(Code::unsupported, "the .npy array is in Fortran order");
  array.shape = TRY(parse_shape(value_of(header, "shape", '(', ')')));
  const usize wanted = static_cast<usize>(element_count(array.shape)) * dtype_bytes(array.dtype);
  if (file.size() - start - length != wanted)
    return Error(Code::malformed, "the .npy file holds " + std::to_string(file.size() - start - length) +
                                      " bytes, its header says " + std::to_string(wanted));
  array.data.assign(file.begin() + static_cast<std::ptrdiff_t>(start + length), file.end());
  return array;
}

std::vector<u8> write_npy(const Array& array) {
  std::string descr = "|V1";
  for (const auto& type : kTypes)
    if (type.dtype == array.dtype) descr = type.descr;
  std::string shape;
  for (i64 dim : array.shape) shape += std::to_string(dim) + ", ";
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::vector<u8> file{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  file.push_back(static_cast<u8>(header.size()));
  file.push_back(static_cast<u8>(header.size() >> 8));
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), array.data.begin(), array.data.end());
  return file;
}

}  // namespace pipit::model
