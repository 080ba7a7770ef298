#include "compiler/model/flexbuffer.h"

#include <bit>

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

constexpr u64 kMostEntries = 256, kMostNameBytes = 256;

/// A packed type: its kind in the upper six bits, the width of what it points at in the lower two.
enum Kind : u8 {
  kInt = 1,
  kUint = 2,
  kFloat = 3,
  kIndirectInt = 6,
  kIndirectUint = 7,
  kIndirectFloat = 8,
  kMap = 9,
  kBool = 26
};

/// Reads little-endian numbers of 1, 2, 4 or 8 bytes; anything outside is remembered.
class Reader {
 public:
  explicit Reader(Bytes buffer) : buffer_(buffer) {}
  bool failed() const { return failed_; }

  u64 number(u64 at, u32 width) {
    if (at > buffer_.size() || buffer_.size() - at < width) {
      failed_ = true;
      return 0;
    }
    u64 value = 0;
    for (u32 i = 0; i < width; ++i) value |= u64{buffer_[at + i]} << (8 * i);
    return value;
  }
  /// Where the offset at `at` leads: so many bytes back.
  u64 target(u64 at, u32 width) {
    const u64 offset = number(at, width);
    if (offset > at) failed_ = true;
    return failed_ ? 0 : at - offset;
  }
  std::string text(u64 at) {
    std::string name;
    while (!failed_ && name.size() <= kMostNameBytes) {
      const u64 character = number(at++, 1);
      if (character == 0) return name;
      name += static_cast<char>(character);
    }
    failed_ = true;
    return name;
  }
  i64 integer(u64 at, u32 width) {
    const u64 value = number(at, width);
    const u32 unused = 64 - 8 * width;
    return static_cast<i64>(value << unused) >> unused;
  }
  f64 real(u64 at, u32 width) {
    const u64 bits = number(at, width);
    if (width == 4) return std::bit_cast<f32>(static_cast<u32>(bits));
    if (width == 8) return std::bit_cast<f64>(bits);
    failed_ = true;
    return 0;
  }

 private:
  Bytes buffer_;
  bool failed_ = false;
};

/// A number that stands at `at`, or that the offset there leads to; false for other types.
bool value_at(Reader& reader, u64 at, u32 width, u8 type, f64& value) {
  const u8 kind = type >> 2;
  const u32 own_width = 1u << (type & 3);
  switch (kind) {
    case kInt: value = static_cast<f64>(reader.integer(at, width)); return true;
    case kBool:
    case kUint: value = static_cast<f64>(reader.number(at, width)); return true;
    case kFloat: value = reader.real(at, width); return true;
    case kIndirectInt:
      value = static_cast<f64>(reader.integer(reader.target(at, width), own_width));
      return true;
    case kIndirectUint:
      value = static_cast<f64>(reader.number(reader.target(at, width), own_width));
      return true;
    case kIndirectFloat: value = reader.real(reader.target(at, width), own_width); return true;
    default: return false;
  }
}

bool is_width(u64 width) { return width == 1 || width == 2 || width == 4 || width == 8; }

}  // namespace

Result<std::map<std::string, f64>> read_flexbuffer_map(Bytes buffer) {
  const Error outside(Code::malformed, "its options are no flexbuffer map, or reach outside themselves");
  Reader reader(buffer);
  if (buffer.size() < 3) return outside;
  const u64 root_width = buffer[buffer.size() - 1];
  const u8 root_type = buffer[buffer.size() - 2];
  if (!is_width(root_width) || root_type >> 2 != kMap || buffer.size() < 2 + root_width) return outside;
  const u64 values = reader.target(buffer.size() - 2 - root_width, static_cast<u32>(root_width));
  const u32 width = 1u << (root_type & 3);
  // Before a map's values stand the place of its keys, the width of their offsets and the number of entries.
  if (reader.failed() || values < u64{3} * width) return outside;
  const u64 keys = reader.target(values - u64{3} * width, width);
  const u64 key_width = reader.number(values - u64{2} * width, width),
            count = reader.number(values - width, width);
  if (reader.failed() || !is_width(key_width) || count > kMostEntries) return outside;
  std::map<std::string, f64> map;
  for (u64 i = 0; i < count && !reader.failed(); ++i) {
    const std::string name = reader.text(reader.target(keys + i * key_width, static_cast<u32>(key_width)));
    const u8 type = static_cast<u8>(reader.number(values + count * width + i, 1));
    f64 value = 0;
    if (value_at(reader, values + i * width, width, type, value)) map[name] = value;
  }
  if (reader.failed()) return outside;
  return map;
}

}  // namespace pipit::model
