#pragma once
#include "base/result.h"
#include "base/text.h"

namespace pipit::mewz {

/// One line of the kernel's on its console, "mewz: " in front, written when it goes out of scope. Too long a
/// line is cut.
///   Line() << "memory " << free_bytes << " bytes free";
class Line {
 public:
  Line() : text_({buffer_, sizeof buffer_ - 1}) { text_ << "mewz: "; }
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
  /// "0x1f", without leading zeros.
  Line& hex(u64 number);

 private:
  char buffer_[240];
  TextWriter text_;
};

}  // namespace pipit::mewz
