// Loops in the forms that compilers write, all of which end.
#include "tests/differential/nest_writer.h"

namespace pipit::differential {

/// Counters of 64 bits, of which addresses take the lower half.
std::string NestWriter::rounds64(u32 depth, const std::string& body) {
  const std::string d = std::to_string(depth), get = "(local.get $w" + d + ")";
  const u32 count = 1 + below(20);
  static const std::vector<i64> kSteps = {1, 1, 2, 4, -1, -3};
  const i64 step = pick(kSteps);
  static const std::vector<i64> kStarts = {0, 0, 0, 0xFFFF'FFF0, 0x1'0000'0000, -40, 0x7FFF'FFFF'FFFF'FFF8};
  const i64 start = once_in(may_leave_ ? 1 : 3) ? pick(kStarts) : 0;
  const i64 end = static_cast<i64>(static_cast<u64>(start) + static_cast<u64>(step) * count);
  return "(local.set $w" + d + " (i64.const " + std::to_string(start) + "))\n(block $x" + d + " (loop $l" +
         d + " (block $n" + d + "\n" + body + ")\n(br_if $l" + d + " (i64.ne (local.tee $w" + d +
         " (i64.add " + get + " (i64.const " + std::to_string(step) + "))) (i64.const " +
         std::to_string(end) + ")))))";
}

/// A loop in one of the forms that compilers write, which always ends.
std::string NestWriter::rounds(u32 depth, const std::string& body) {
  const std::string d = std::to_string(depth), get = "(local.get $i" + d + ")";
  const auto set = [&](const std::string& to) { return "(local.set $i" + d + " " + to + ")\n"; };
  const auto again = [&](const char* compare, i64 step, const std::string& end) {
    return std::string("(br_if $l") + d + " (" + compare + " (local.tee $i" + d + " (i32.add " + get + " " +
           constant(step) + ")) " + end + "))";
  };
  const std::string inside = "(block $n" + d + "\n" + body + ")\n",
                    open = "(block $x" + d + " (loop $l" + d + " ", close = "))";
  const u32 count = 1 + below(once_in(6) && depth == 0 ? 200 : once_in(2) ? 50 : 12);
  static const std::vector<i64> kSteps = {1, 1, 1, 2, 4, 8};
  const i64 step = pick(kSteps), length = step * count;
  static const std::vector<i64> kStarts = {0,           0,           1,           16,     -64, 0x7FFF'FFF8,
                                           0x8000'0000, 0xFFFF'FFF0, 0xFFFF'0000, 65'000, -8};
  const i64 start = once_in(may_leave_ ? 2 : 20) ? pick(kStarts) : once_in(4) ? -length : 0;
  is_small_[depth] = start == 0 || start == 1 || start == 16;
  const std::string from = constant(start);
  switch (is_plain_ && once_in(2) ? below(4) : below(9)) {
    case 0:  // up to a number, whatever lies between
      return set(from) + open + inside + again("i32.ne", step, constant(start + length)) + close;
    case 1: {  // as often as a parameter says, once at least
      const std::string end = "(i32.add " + from + " (i32.mul " + constant(step) +
                              " (i32.add (i32.const 1) " + count_of_rounds() + ")))";
      return set(from) + open + inside + again("i32.ne", step, end) + close;
    }
    case 2: {  // perhaps not at all
      is_small_[depth] = true;
      return set("(i32.const 0)") + open + "(br_if $x" + d + " (i32.ge_u " + get + " (i32.mul " +
             constant(step) + " " + count_of_rounds() + ")))\n" + inside +
             set("(i32.add " + get + " " + constant(step) + ")") + "(br $l" + d + ")" + close;
    }
    case 3:  // down to nothing
      is_small_[depth] = true;
      return set(constant(length)) + open + inside + again("i32.ne", -step, "(i32.const 0)") + close;
    case 4:  // down below nothing
      is_small_[depth] = true;
      return set(constant(length)) + open + inside + again("i32.ge_s", -step, "(i32.const 0)") + close;
    case 5:  // a triangle
      if (depth != 0) {
        is_small_[depth] = true;
        const std::string first =
            once_in(2) ? counter(depth - 1) : "(i32.add " + counter(depth - 1) + " (i32.const 1))";
        if (is_small_[depth - 1] && once_in(2))
          return set("(i32.const 0)") + open + inside + again("i32.le_u", 1, counter(depth - 1)) + close;
        return set(first) + open + "(br_if $x" + d + " (i32.ge_u " + get + " " + constant(count) + "))\n" +
               inside + set("(i32.add " + get + " (i32.const 1))") + "(br $l" + d + ")" + close;
      }
      [[fallthrough]];
    case 6: {  // compared as signed or not, as far as that ends
      const bool is_signed = once_in(2);
      i64 at = is_signed ? static_cast<i32>(start) : static_cast<u32>(start);
      const i64 end = is_signed ? static_cast<i32>(start + length) : static_cast<u32>(start + length);
      if (at + length != end)
        return set(from) + open + inside + again("i32.ne", step, constant(start + length)) + close;
      return set(from) + open + inside + again(is_signed ? "i32.lt_s" : "i32.lt_u", step, constant(end)) +
             close;
    }
    case 7:  // until memory ends, if the parameter says so
      if (depth + 1 == kDeepest || once_in(2)) {
        is_small_[depth] = false;
        return set("(i32.const 0)") + open + "(" + kind_->accesses[0].store +
               " align=1 (i32.add (local.get $a) (i32.shl " + get + " (i32.const 6))) " + kind_->zero +
               ")\n" + inside + again("i32.lt_u", 1, "(local.get $b)") + close;
      }
      [[fallthrough]];
    default: {  // a parameter added to both ends
      is_small_[depth] = false;
      return set("(i32.add (local.get $a) " + from + ")") + open + inside +
             again("i32.ne", step, "(i32.add (local.get $a) " + constant(start + length) + ")") + close;
    }
  }
}

}  // namespace pipit::differential
