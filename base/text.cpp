#include "base/text.h"

#include <cstring>

namespace pipit {

u32 copy_text(std::span<char> out, std::string_view text) {
  const usize part = text.size() < out.size() ? text.size() : out.size();
  if (part != 0) std::memmove(out.data(), text.data(), part);
  return static_cast<u32>(part);
}

TextWriter& TextWriter::operator<<(std::string_view text) {
  used_ += copy_text(out_.subspan(used_), text);
  return *this;
}

TextWriter& TextWriter::operator<<(u64 number) {
  char digits[20];
  usize at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return *this << std::string_view(digits + at, sizeof digits - at);
}

TextWriter& TextWriter::hex(u64 number, u32 digits) {
  while (digits-- > 0) {
    const char digit = "0123456789abcdef"[digits < 16 ? number >> (4 * digits) & 15 : 0];
    *this << std::string_view(&digit, 1);
  }
  return *this;
}

TextWriter& TextWriter::hex(Bytes bytes) {
  for (const u8 byte : bytes) hex(byte, 2);
  return *this;
}

bool parse_decimal(std::string_view text, u64& out) {
  if (text.empty()) return false;
  u64 value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const u64 digit = static_cast<u64>(c - '0');
    if (value > (~u64{0} - digit) / 10) return false;
    value = value * 10 + digit;
  }
  out = value;
  return true;
}

}  // namespace pipit
