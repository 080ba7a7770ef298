#pragma once
#include <charconv>

#include "base/result.h"
#include "bench/models/board/semihosting.h"

/// What programs on a bare board print.
namespace pipit {

/// One line of output.
class Line {
 public:
  Line& text(const char* words) {
    for (; *words != 0 && used_ + 2 < sizeof bytes_; ++words) bytes_[used_++] = *words;
    return *this;
  }
  Line& number(u32 value) {
    char digits[12];
    *std::to_chars(digits, digits + 11, value).ptr = 0;
    return text(" ").text(digits);
  }
  void print() {
    bytes_[used_] = '\n';
    bytes_[used_ + 1] = 0;
    semihosting::print(bytes_);
  }

 private:
  char bytes_[120];
  usize used_ = 0;
};

[[noreturn]] inline void fail(const Error& error) {
  Line().text("error ").text(error.message).number(error.where).print();
  semihosting::exit(1);
}

}  // namespace pipit
