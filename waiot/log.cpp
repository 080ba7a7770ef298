#include "waiot/log.h"

#include <algorithm>
#include <cstring>

#include "waiot/board.h"

namespace pipit::waiot {

Line::~Line() {
  text_[used_++] = '\n';
  board::console().write(as_bytes({text_, used_}));
}

Line& Line::operator<<(std::string_view text) {
  const usize size = std::min(text.size(), kMaxBytes - used_);
  std::memcpy(text_ + used_, text.data(), size);
  used_ += size;
  return *this;
}

Line& Line::operator<<(u64 number) {
  char digits[20];
  usize at = sizeof digits;
  do digits[--at] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  return *this << std::string_view(digits + at, sizeof digits - at);
}

Line& Line::operator<<(int number) {
  if (number < 0) *this << "-";
  return *this << u64(number < 0 ? -i64{number} : i64{number});
}

Line& Line::operator<<(const Error& error) {
  *this << code_name(error.code) << ": " << error.message;
  return error.where == Error::kNowhere ? *this : *this << " (at " << error.where << ")";
}

Line& Line::hex(u32 number) {
  char digits[8];
  for (u32 i = 0; i < 8; ++i) digits[i] = "0123456789abcdef"[number >> (28 - 4 * i) & 15];
  return *this << std::string_view(digits, 8);
}

}  // namespace pipit::waiot
