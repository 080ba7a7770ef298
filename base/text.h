#pragma once
#include <cstring>

#include "base/types.h"

namespace pipit {

/// Builds a short text in the caller's characters; what does not fit is cut off.
class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}

  TextWriter& operator<<(std::string_view text) {
    const usize part = text.size() < out_.size() - used_ ? text.size() : out_.size() - used_;
    if (part != 0) std::memcpy(out_.data() + used_, text.data(), part);
    used_ += part;
    return *this;
  }
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

/// A text of at most N characters with storage of its own.
template <usize N>
struct FixedText {
  char data[N];
  u32 size = 0;

  void assign(std::string_view text) {
    size = static_cast<u32>(text.size() < N ? text.size() : N);
    if (size != 0) std::memmove(data, text.data(), size);
  }
  std::string_view view() const { return {data, size}; }
};

/// Reads decimal digits, all of `text`; false when it is empty, has another character or exceeds 64 bits.
bool parse_decimal(std::string_view text, u64& out);

}  // namespace pipit
