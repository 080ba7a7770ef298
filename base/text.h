#pragma once
#include "base/types.h"

namespace pipit {

/// Builds a short text in the caller's characters; what does not fit is cut off.
class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}

  TextWriter& operator<<(std::string_view text);
  TextWriter& operator<<(u64 number);
  TextWriter& operator<<(u32 number) { return *this << u64{number}; }
  /// The low `digits` hexadecimal digits of `number`, in lower case.
  TextWriter& hex(u64 number, u32 digits);
  TextWriter& hex(Bytes bytes);

  std::string_view text() const { return {out_.data(), used_}; }

 private:
  std::span<char> out_;
  usize used_ = 0;
};

/// Copies what fits of `text` to `out`, which may overlap it; how many characters those were.
u32 copy_text(std::span<char> out, std::string_view text);

/// The part of `text` from `at` on, at most `count` long; empty past the end. Unlike substr() it never
/// throws.
constexpr std::string_view slice(std::string_view text, usize at, usize count = std::string_view::npos) {
  if (at > text.size()) return {};
  const usize rest = text.size() - at;
  return {text.data() + at, count < rest ? count : rest};
}

/// A text of at most N characters with storage of its own.
template <usize N>
struct FixedText {
  char data[N];
  u32 size = 0;

  void assign(std::string_view text) { size = copy_text(data, text); }
  std::string_view view() const { return {data, size}; }
};

/// Reads decimal digits, all of `text`; false when it is empty, has another character or exceeds 64 bits.
bool parse_decimal(std::string_view text, u64& out);

}  // namespace pipit
