#pragma once
#include "base/result.h"
#include "base/text.h"

namespace pipit::waiot {

/// One line for a person on the board's console, written when it goes out of scope. Too long a line is cut.
///   Line() << "network: up after " << ms << " ms";
class Line {
 public:
  Line() : text_({buffer_, sizeof buffer_ - 1}) {}
  Line(const Line&) = delete;
  ~Line();
  Line& operator<<(std::string_view text) {
    text_ << text;
    return *this;
  }
  Line& operator<<(u64 number) {
    text_ << number;
    return *this;
  }
  Line& operator<<(u32 number) { return *this << u64{number}; }
  Line& operator<<(const Error& error);
  /// Eight lower-case digits.
  Line& hex(u32 number);

 private:
  char buffer_[161];
  TextWriter text_;
};

}  // namespace pipit::waiot
