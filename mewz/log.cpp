#include "mewz/log.h"

#include <bit>

#include "mewz/devices/uart16550.h"

namespace pipit::mewz {

Line::~Line() {
  // What an application wrote last may not end a line.
  if (!console().at_line_start()) console().write(as_bytes("\n"));
  const usize size = text_.text().size();
  buffer_[size] = '\n';
  console().write(as_bytes({buffer_, size + 1}));
}

Line& Line::operator<<(const Error& error) {
  *this << code_name(error.code) << ": " << error.message;
  return error.where == Error::kNowhere ? *this : *this << " (at " << error.where << ")";
}

Line& Line::hex(u64 number) {
  const u32 digits = number == 0 ? 1 : (static_cast<u32>(std::bit_width(number)) + 3) / 4;
  text_ << "0x";
  text_.hex(number, digits);
  return *this;
}

}  // namespace pipit::mewz
