#pragma once
#include <random>
#include <string>

#include "tests/differential/nest_kinds.h"

namespace pipit::differential {

inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

inline std::string constant(i64 value) {
  return "(i32.const " + std::to_string(static_cast<i32>(value)) + ")";
}

/// Writes a module of functions, each one or more nests of loops; the same for the same seed.
class NestWriter {
 public:
  explicit NestWriter(u32 seed) : random_(seed) {}

  static constexpr u32 kFunctions = 6, kDeepest = 3;

  std::string module();
  /// Which kind each function is of, as module() chose.
  const std::vector<const Kind*>& chosen() const { return chosen_; }

 private:
  bool once_in(u32 n) { return random_() % n == 0; }
  u32 below(u32 n) { return static_cast<u32>(random_() % n); }
  template <typename T>
  T pick(const std::vector<T>& from) {
    return from[random_() % from.size()];
  }

  std::string function(u32 number);
  std::string statements(u32 depth);
  std::string nest(u32 depth);

  // nest_statements.cpp
  std::string statement(u32 depth);
  std::string condition(u32 depth);

  // nest_rounds.cpp
  std::string rounds(u32 depth, const std::string& body);
  std::string rounds64(u32 depth, const std::string& body);

  // nest_values.cpp
  std::string address(u32 depth, u32 bytes, std::string& offset);
  std::string load(u32 depth);
  std::string store(u32 depth);
  std::string value(u32 depth, u32 left);

  std::string counter(u32 at) const {
    return is_wide_[at] ? "(i32.wrap_i64 (local.get $w" + std::to_string(at) + "))"
                        : "(local.get $i" + std::to_string(at) + ")";
  }
  std::string count_of_rounds() {
    return "(i32.and (i32.shr_u (local.get $b) (i32.const 4)) (i32.const 31))";
  }

  std::mt19937 random_;
  std::vector<const Kind*> chosen_;
  const Kind* kind_ = nullptr;
  bool is_wide_[kDeepest] = {};
  bool is_small_[kDeepest] = {};     ///< the counter stays between 0 and a few hundred
  std::vector<std::string> arrays_;  ///< where they begin, in a plain function
  bool may_leave_ = false;           ///< addresses that often lie outside
  bool is_plain_ = false;            ///< nothing but loads, stores and sums, as LLVM can rearrange
};

}  // namespace pipit::differential
