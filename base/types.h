#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Names for the fixed-size types that every room uses.
namespace pipit {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using f32 = float;
using f64 = double;
using usize = std::size_t;

/// A view of bytes somebody else owns; valid as long as its owner says.
using Bytes = std::span<const u8>;
using MutBytes = std::span<u8>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace pipit
