#include "waiot/log.h"

#include "waiot/board.h"

namespace pipit::waiot {

Line::~Line() {
  const usize size = text_.text().size();
  buffer_[size] = '\n';
  board::console().write(as_bytes({buffer_, size + 1}));
}

Line& Line::operator<<(const Error& error) {
  *this << code_name(error.code) << ": " << error.message;
  return error.where == Error::kNowhere ? *this : *this << " (at " << error.where << ")";
}

Line& Line::hex(u32 number) {
  text_.hex(number, 8);
  return *this;
}

}  // namespace pipit::waiot
