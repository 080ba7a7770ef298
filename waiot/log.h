#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::waiot {

/// One line for a person on the board's console, written when it goes out of scope. Too long a line is cut.
///   Line() << "network: " << address << " after " << ms << " ms";
class Line {
 public:
  Line() = default;
  Line(const Line&) = delete;
  ~Line();
  Line& operator<<(std::string_view text);
  Line& operator<<(u64 number);
  Line& operator<<(u32 number) { return *this << u64{number}; }
  Line& operator<<(int number);
  Line& operator<<(const Error& error);
  /// Lower-case, no leading zeros suppressed: eight digits.
  Line& hex(u32 number);

 private:
  static constexpr usize kMaxBytes = 160;
  char text_[kMaxBytes + 1];
  usize used_ = 0;
};

}  // namespace pipit::waiot
