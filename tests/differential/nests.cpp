// Modules of loop nests as C compilers write them, and as nobody should: counters that come round, begin near
// 2^32 or end at nothing, rows that overlap, exits in the middle, addresses that leave memory halfway.
// Binaryen's random modules hardly ever have such loops, and these are what the native compiler rearranges.
#include <random>

#include "support/files.h"
#include "support/process.h"
#include "tests/differential/differential.h"

namespace pipit::differential {

using support::Json;

namespace {

/// What one function computes with: `load` and `store` in each width, `bytes` a load; all its addresses are
/// multiples of `align`, so that floats are only ever read as what they were written as.
struct Access {
  const char* load;
  const char* store;
  u32 bytes;
};
struct Kind {
  const char* type;
  const char* fill;  ///< memory's contents before and how they are read after: fill_X, seen_X
  u32 align;
  std::vector<Access> accesses;
  std::vector<const char*> operations;
  const char* from_i32;
  const char* zero;
  const char* result;  ///< of type i64, from what is on the stack
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = {
      {"i32",
       "int",
       1,
       {{"i32.load", "i32.store", 4},
        {"i32.load", "i32.store", 4},
        {"i32.load8_u", "i32.store8", 1},
        {"i32.load8_s", "i32.store8", 1},
        {"i32.load16_s", "i32.store16", 2},
        {"i32.load16_u", "i32.store16", 2}},
       {"i32.add", "i32.add", "i32.sub", "i32.mul", "i32.xor", "i32.and", "i32.shr_u", "i32.lt_s"},
       "",
       "(i32.const 0)",
       "i64.extend_i32_u"},
      {"i64",
       "int",
       1,
       {{"i64.load", "i64.store", 8}, {"i64.load32_s", "i64.store32", 4}, {"i64.load8_u", "i64.store8", 1}},
       {"i64.add", "i64.sub", "i64.mul", "i64.xor", "i64.shr_s"},
       "i64.extend_i32_s",
       "(i64.const 0)",
       ""},
      {"f32",
       "f32",
       4,
       {{"f32.load", "f32.store", 4}},
       {"f32.add", "f32.mul", "f32.sub", "f32.add", "f32.min"},
       "f32.convert_i32_s",
       "(f32.const 0)",
       "f64.promote_f32 i64.trunc_sat_f64_s"},
      {"f64",
       "f64",
       8,
       {{"f64.load", "f64.store", 8}},
       {"f64.add", "f64.mul", "f64.sub", "f64.add", "f64.max"},
       "f64.convert_i32_u",
       "(f64.const 0)",
       "i64.trunc_sat_f64_s"},
      {"v128",
       "int",
       1,
       {{"v128.load", "v128.store", 16},
        {"v128.load32_splat", "v128.store", 16},
        {"v128.load8x8_s", "v128.store", 16}},
       {"i8x16.add",
        "i16x8.add",
        "i32x4.add",
        "i32x4.add",
        "i64x2.add",
        "i16x8.mul",
        "i32x4.mul",
        "v128.xor",
        "i32x4.dot_i16x8_s",
        "i16x8.extmul_low_i8x16_s",
        "i16x8.extmul_high_i8x16_s",
        "i32x4.extmul_low_i16x8_u",
        "i8x16.add_sat_s",
        "i16x8.sub_sat_u",
        "i32x4.min_s",
        "i8x16.max_u",
        "i16x8.narrow_i32x4_s",
        "i16x8.q15mulr_sat_s",
        "i32x4.gt_s",
        "i8x16.swizzle",
        "v128.andnot",
        "i8x16.avgr_u"},
       "i32x4.splat",
       "(v128.const i64x2 0 0)",
       "i64x2.extract_lane 1"},
      {"v128",
       "f32",
       4,
       {{"v128.load", "v128.store", 16}, {"v128.load32_splat", "v128.store", 16}},
       {"f32x4.add", "f32x4.mul", "f32x4.sub", "f32x4.add", "f32x4.pmin"},
       "f32.convert_i32_s f32x4.splat",
       "(v128.const i64x2 0 0)",
       "f32x4.extract_lane 2 f64.promote_f32 i64.trunc_sat_f64_s"},
      {"v128",
       "f64",
       8,
       {{"v128.load", "v128.store", 16}, {"v128.load64_splat", "v128.store", 16}},
       {"f64x2.add", "f64x2.mul", "f64x2.sub"},
       "f64.convert_i32_s f64x2.splat",
       "(v128.const i64x2 0 0)",
       "f64x2.extract_lane 1 i64.trunc_sat_f64_s"},
  };
  return kKinds;
}

constexpr u32 kFunctions = 6, kDeepest = 3;

/// Memory filled with what floats and integers can be read from, and all of it as one number, in which every
/// NaN counts as the same.
constexpr const char* kFrame = R"((module
  (memory (export "memory") 1 4) (global $g (mut i32) (i32.const 5))
  (type $unary (func (param i32) (result i32)))
  (table 4 funcref) (elem (i32.const 0) $twice $writes)
  (func $twice (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $writes (type $unary) (i32.store8 offset=77 (i32.and (local.get 0) (i32.const 0xFFF)) (i32.const 0)) (i32.const 3))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func $size (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func (export "fill_int") (local $i i32) (local $x i64)
    (loop $l
      (i64.store (local.get $i) (local.tee $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size)))))
  (func (export "fill_f32") (local $i i32)
    (loop $l
      (f32.store (local.get $i) (f32.mul (f32.const 0.125) (f32.convert_i32_s (i32.sub (i32.rem_u (i32.mul (local.get $i) (i32.const 7)) (i32.const 61)) (i32.const 30)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (call $size)))))
  (func (export "fill_f64") (local $i i32)
    (loop $l
      (f64.store (local.get $i) (f64.div (f64.convert_i32_s (i32.sub (i32.rem_u (local.get $i) (i32.const 61)) (i32.const 30))) (f64.const 7)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size)))))
  (func (export "seen_int") (result i64 i32) (local $i i32) (local $x i64)
    (loop $l
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31)) (i64.load (local.get $i))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size))))
    (local.get $x) (global.get $g))
  (func (export "seen_f32") (result i64 i32) (local $i i32) (local $x i64) (local $f f32)
    (loop $l
      (local.set $f (f32.load (local.get $i)))
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31))
        (i64.extend_i32_u (select (i32.const 0x7FC00000) (i32.reinterpret_f32 (local.get $f)) (f32.ne (local.get $f) (local.get $f))))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (call $size))))
    (local.get $x) (global.get $g))
  (func (export "seen_f64") (result i64 i32) (local $i i32) (local $x i64) (local $f f64)
    (loop $l
      (local.set $f (f64.load (local.get $i)))
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31))
        (select (i64.const 0x7FF8000000000000) (i64.reinterpret_f64 (local.get $f)) (f64.ne (local.get $f) (local.get $f)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size))))
    (local.get $x) (global.get $g))
)";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string constant(i64 value) { return "(i32.const " + std::to_string(static_cast<i32>(value)) + ")"; }

class Writer {
 public:
  explicit Writer(u32 seed) : random_(seed) {}

  std::string module() {
    std::string text = kFrame;
    for (u32 i = 0; i < kFunctions; ++i) text += function(i);
    return text + ")\n";
  }
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
  std::string statement(u32 depth);
  std::string nest(u32 depth);
  std::string rounds(u32 depth, const std::string& body);
  std::string rounds64(u32 depth, const std::string& body);
  std::string address(u32 depth, u32 bytes, std::string& offset);
  std::string load(u32 depth);
  std::string store(u32 depth);
  std::string value(u32 depth, u32 left);
  std::string condition(u32 depth);
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

/// Somewhere that mostly lies inside of memory; what it scales counters by keeps the alignment.
std::string Writer::address(u32 depth, u32 bytes, std::string& offset) {
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

std::string Writer::load(u32 depth) {
  const Access& access = kind_->accesses[below(static_cast<u32>(kind_->accesses.size()))];
  std::string offset;
  const std::string at = address(depth, access.bytes, offset);
  return std::string("(") + access.load + offset + " align=1 " + at + ")";
}

std::string Writer::store(u32 depth) {
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

std::string Writer::value(u32 depth, u32 left) {
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

std::string Writer::condition(u32 depth) {
  switch (std::string_view(kind_->fill) == "int" ? below(3) : 2 * below(2)) {
    case 0: return "(i32.eq " + counter(below(depth)) + " " + constant(below(20)) + ")";
    case 1: return "(i32.lt_u (i32.load8_u " + constant(below(40'000)) + ") (i32.const 40))";
    default: return "(i32.and " + counter(depth - 1) + " (i32.const 1))";
  }
}

std::string Writer::statement(u32 depth) {
  if (is_plain_ || !once_in(4)) {
    if (once_in(3))
      return std::string("(local.set $s (") + kind_->operations[0] + " (local.get $s) " + value(depth, 1) +
             "))";
    return store(depth);
  }
  const std::string level = std::to_string(below(depth));
  switch (below(12)) {
    case 0:
    case 1: return "(if " + condition(depth) + " (then " + store(depth) + "))";
    case 2: return "(if " + condition(depth) + " (then " + store(depth) + ") (else " + store(depth) + "))";
    case 3:
    case 4: return "(br_if $x" + level + " " + condition(depth) + ")";
    case 5: return "(global.set $g (i32.add (global.get $g) (i32.const 3)))";
    case 6: return once_in(4) ? "(drop (memory.grow (i32.const 1)))" : "(global.set $g (memory.size))";
    case 7:
      return "(global.set $g (call_indirect (type $unary) (global.get $g) (i32.and " + counter(depth - 1) +
             " (i32.const " + (once_in(8) ? "3" : "1") + "))))";
    case 8: return "(if (i32.eq (global.get $g) (i32.const 20)) (then unreachable))";
    case 9:
      return "(global.set $g (i32.div_u (i32.const 1000) (i32.sub " + counter(depth - 1) +
             " (i32.const 41))))";
    case 10: return "(br_if $n" + level + " " + condition(depth) + ")";
    default: return "(local.set $s " + value(depth, 1) + ")";
  }
}

std::string Writer::statements(u32 depth) {
  std::string text;
  const bool goes_on = depth < kDeepest && (depth == 0 || !once_in(3));
  if (depth != 0 && (!goes_on || once_in(3))) text += statement(depth) + "\n";
  if (goes_on) text += nest(depth) + "\n";
  if (depth != 0 && once_in(3)) text += statement(depth) + "\n";
  if (depth < kDeepest && once_in(6)) text += nest(depth) + "\n";
  return text;
}

/// Counters of 64 bits, of which addresses take the lower half.
std::string Writer::rounds64(u32 depth, const std::string& body) {
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
std::string Writer::rounds(u32 depth, const std::string& body) {
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

std::string Writer::nest(u32 depth) {
  const std::string d = std::to_string(depth);
  is_wide_[depth] = once_in(8);
  is_small_[depth] = false;
  const bool wide = is_wide_[depth];
  // The form is chosen first: what stands inside may ask what the counter is.
  const std::mt19937 before = random_;
  if (!wide) (void)rounds(depth, "");
  random_ = before;
  random_.discard(64);
  std::string body = statements(depth + 1);
  static const std::vector<i64> kSteps = {16, 16, 32, 320, -16};
  if (!is_plain_)
    body += "(local.set $p" + d + " (i32.add (local.get $p" + d + ") " + constant(pick(kSteps)) + "))\n";
  const std::mt19937 after = random_;
  random_ = before;
  is_wide_[depth] = wide;
  std::string text = wide ? rounds64(depth, body) : rounds(depth, body);
  random_ = after;
  if (!is_plain_ && once_in(2))
    text = "(local.set $p" + d + " " + constant(i64{16} * below(2000)) + ")\n" + text;
  return text;
}

std::string Writer::function(u32 number) {
  kind_ = &kinds()[below(static_cast<u32>(kinds().size()))];
  chosen_.push_back(kind_);
  is_plain_ = !once_in(3);
  may_leave_ = once_in(3);
  arrays_.clear();
  for (u32 i = 0; is_plain_ && i < 3; ++i) {
    std::string offset;
    arrays_.push_back(address(0, 16, offset));
  }
  std::string text =
      "(func (export \"f" + std::to_string(number) + "\") (param $a i32) (param $b i32) (result i64)\n";
  for (u32 i = 0; i < kDeepest; ++i) {
    const std::string d = std::to_string(i);
    text += joined({" (local $i", d, " i32) (local $w", d, " i64) (local $p", d, " i32)"});
  }
  text += std::string(" (local $s ") + kind_->type + ")\n" + statements(0);
  return text + "(local.get $s) " + kind_->result + ")\n";
}

Json argument(u32 bits) { return {{"type", "i32"}, {"bits", std::to_string(bits)}}; }

}  // namespace

support::Result<Json> plan_nests(u32 seed, const std::string& folder) {
  Writer writer(seed);
  const std::string text = writer.module(), base = folder + "/nests-" + std::to_string(seed);
  TRY(support::write_file(base + ".wat", {reinterpret_cast<const u8*>(text.data()), text.size()}));
  const auto output = TRY(support::run({"wat2wasm", "--enable-all", base + ".wat", "-o", base + ".wasm"}));
  if (output.exit_code != 0) return support::Error(Code::internal, "wat2wasm: " + output.err);
  std::mt19937 random(seed);
  Json calls = Json::array();
  const auto call = [&](const std::string& name, const Json& args, const Json& results) {
    calls.push_back({{"name", name}, {"args", args}, {"results", results}});
  };
  static constexpr u32 kPlaces[] = {0,      16,     4096,        32'768,      65'536 - 4096, 65'536 - 64,
                                    65'520, 65'536, 0x7FFF'FFF0, 0x8000'0000, 0xFFFF'FFF0,   0xFFFF'F000};
  for (u32 i = 0; i < kFunctions; ++i) {
    const std::string fill = writer.chosen()[i]->fill;
    for (u32 times = 0; times < 6; ++times) {
      const u32 place = random() % 2 == 0 ? 16 * (random() % 2048) : kPlaces[random() % std::size(kPlaces)];
      const u32 count = random() % 8 == 0 ? 0xFFFF'FFF0 : 16 * (random() % 32);
      call("fill_" + fill, Json::array(), Json::array());
      call("f" + std::to_string(i), {argument(place), argument(count)}, {"i64"});
      call("seen_" + fill, Json::array(), {"i64", "i32"});
    }
    if (random() % 8 == 0) call("grow", Json::array(), {"i32"});
  }
  return Json{{"path", base + ".wasm"}, {"calls", calls}};
}

}  // namespace pipit::differential
