// What nests of loops load, store and compute, and where.
#include <string_view>

#include "tests/differential/nest_writer.h"

namespace pipit::differential {

/// Somewhere that mostly lies inside of memory; what it scales counters by keeps the alignment.
std::string NestWriter::address(u32 depth, u32 bytes, std::string& offset) {
  const u32 unit = std::max(bytes == 16 ? 16u : bytes, kind_->align);
  std::string text;
  if (is_plain_ && !arrays_.empty() && !once_in(12)) {
    text = pick(arrays_);
  } else
    // Bits of floats would differ where one is no number.
    switch (below(!may_leave_ ? 4 : is_plain_ ? 5 : std::string_view(kind_->fill) == "int" ? 9 : 8)) {
      case 0:
      case 1: text = constant(4096 + 16 * below(2000)); break;
      case 2:
      case 3: text = "(local.get $a)"; break;
      case 4: text = constant(65'536 - 16 * below(200)); break;
      case 5: text = "(local.get $p" + std::to_string(below(depth)) + ")"; break;
      case 6: text = constant(-16 * static_cast<i64>(below(300))); break;
      case 7: text = "(i32.sub (i32.const 16384) (local.get $a))"; break;
      default:
        text = "(i32.and (i32.load (i32.const " + std::to_string(16 * below(200)) + ")) (i32.const 0x7FF0))";
    }
  for (u32 at = 0; at < depth; ++at) {
    if (once_in(is_plain_ && at + 1 == depth ? 12 : 4)) continue;
    static const std::vector<i64> kFactors = {1, 1, 1, 1, 2, 4, 16, 20, 30, -1, -2};
    const i64 factor = pick(kFactors) * unit;
    const bool shifts = factor > 0 && (factor & (factor - 1)) == 0;
    std::string term = counter(at);
    if (factor != 1)
      term = joined({shifts ? "(i32.shl " : "(i32.mul ", term, " ",
                     constant(shifts ? __builtin_ctzll(static_cast<u64>(factor)) : factor), ")"});
    text = joined({once_in(10) ? "(i32.sub " : "(i32.add ", text, " ", term, ")"});
  }
  if (!is_plain_ && once_in(12)) text = "(i32.and " + text + " (i32.const 0xFFF0))";
  static const std::vector<u32> kOffsets = {0, 0, 0, 16, 1024, 4096, 8192, 65'536 - 512};
  const u32 far = is_plain_ && !once_in(4) ? 0
                  : !may_leave_            ? 16 * below(200)
                  : once_in(40)            ? 0xFFFF'FF00u
                                           : pick(kOffsets);
  offset = far == 0 ? "" : " offset=" + std::to_string(far);
  return text;
}

std::string NestWriter::load(u32 depth) {
  const Access& access = kind_->accesses[below(static_cast<u32>(kind_->accesses.size()))];
  std::string offset;
  const std::string at = address(depth, access.bytes, offset);
  return std::string("(") + access.load + offset + " align=1 " + at + ")";
}

std::string NestWriter::store(u32 depth) {
  const Access& access = kind_->accesses[below(static_cast<u32>(kind_->accesses.size()))];
  std::string offset;
  const std::string at = address(depth, access.bytes, offset);
  const std::string what = value(depth, is_plain_ ? 1 : 2);
  // As sums grow in memory: what is added to is where the outcome goes.
  if (once_in(2) && access.bytes >= 4) {
    const std::string same = std::string("(") + access.store + offset + " align=1 " + at + " ";
    std::string old = access.store;
    old.replace(old.find("store"), 5, "load");
    if (old == "i64.load32") old += "_u";
    return same + "(" + kind_->operations[0] + " (" + old + offset + " align=1 " + at + ") " + what + "))";
  }
  return std::string("(") + access.store + offset + " align=1 " + at + " " + what + ")";
}

std::string NestWriter::value(u32 depth, u32 left) {
  const u32 which = below(left == 0 ? 6 : 12);
  if (which < 4) return load(depth);
  if (which == 4) return "(local.get $s)";
  if (which == 5) {
    std::string text = counter(below(depth));
    for (const char* at = kind_->from_i32; *at != 0;) {
      const std::string word(at, std::char_traits<char>::length(at));
      const usize space = word.find(' ');
      text = joined({"(", word.substr(0, space), " ", text, ")"});
      at += space == word.npos ? word.size() : space + 1;
    }
    return text;
  }
  return std::string("(") + pick(kind_->operations) + " " + value(depth, left - 1) + " " +
         value(depth, left - 1) + ")";
}

}  // namespace pipit::differential
