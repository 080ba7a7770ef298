// Call stacks of native code, into which most calls were compiled, against those of the interpreter.
#include <gtest/gtest.h>

#include <random>

#include "compiler/aot/tests/native_pair.h"
#include "wasm/native/callers.h"
#include "wasm/native/context.h"

namespace pipit::aot {
namespace {

using Code = std::vector<u8>;

void leb(Code& out, i64 value) {
  for (;;) {
    const u8 low = value & 0x7F;
    value >>= 7;
    const bool is_last = (value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
    out.push_back(is_last ? low : low | 0x80);
    if (is_last) return;
  }
}

void append(Code& out, const Code& what) { out.insert(out.end(), what.begin(), what.end()); }

void unsigned_leb(Code& out, u32 value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<u8>(value | 0x80));
  out.push_back(static_cast<u8>(value));
}

/// Small functions of one i32 and one result, which call those before them, in loops and on conditions,
/// through a table and by name, and trap here and there in every way there is.
class Nests {
 public:
  static constexpr u32 kFunctions = 10, kFirstOfOthers = 4;
  explicit Nests(u32 seed) : random_(seed) {}

  Code module() {
    Code out = {0, 'a', 's', 'm', 1, 0, 0, 0};
    section(out, 1, {1, 0x60, 1, 0x7F, 1, 0x7F});
    Code functions = {kFunctions};
    functions.resize(kFunctions + 1, 0);
    section(out, 3, functions);
    section(out, 4, {1, 0x70, 0, kFirstOfOthers + 1});  // the last element is null
    section(out, 5, {1, 0, 1});
    Code exports = {kFunctions};
    for (u8 i = 0; i < kFunctions; ++i) append(exports, {2, 'f', static_cast<u8>('0' + i), 0, i});
    section(out, 7, exports);
    Code elements = {1, 0, 0x41, 0, 0x0B, kFirstOfOthers};
    for (u8 i = 0; i < kFirstOfOthers; ++i) elements.push_back(i);
    section(out, 9, elements);
    Code bodies = {kFunctions};
    for (u32 i = 0; i < kFunctions; ++i) {
      const Code one = body(i);
      unsigned_leb(bodies, static_cast<u32>(one.size()));
      append(bodies, one);
    }
    section(out, 10, bodies);
    return out;
  }

 private:
  static void section(Code& out, u8 id, const Code& contents) {
    out.push_back(id);
    unsigned_leb(out, static_cast<u32>(contents.size()));
    append(out, contents);
  }
  u32 pick(u32 count) { return static_cast<u32>(random_() % count); }

  static void constant(Code& out, u32 value) {
    out.push_back(0x41);
    leb(out, static_cast<i32>(value));
  }
  static constexpr u8 kGet = 0x20, kSet = 0x21, kAdd = 0x6A, kAnd = 0x71, kXor = 0x73;

  /// local 0 = callee(local 0 op constant)
  void call(Code& out, u32 function) {
    append(out, {kGet, 0});
    constant(out, pick(40));
    out.push_back(pick(2) == 0 ? kAdd : kXor);
    if (function >= kFirstOfOthers && pick(4) == 0) {
      append(out, {kGet, 0});
      constant(out, pick(3) == 0 ? 7 : 3);
      append(out, {kAnd, 0x11, 0, 0});
    } else {
      append(out, {0x10, static_cast<u8>(function - 1 - pick(std::min(function, 3u)))});
    }
    append(out, {kSet, 0});
  }

  void trap(Code& out) {
    switch (pick(5)) {
      case 0:  // divide by what may be zero
        append(out, {kGet, 0, kGet, 0});
        constant(out, 31);
        append(out, {kAnd, 0x6D, kSet, 0});
        break;
      case 1:  // load from what may be outside
        append(out, {kGet, 0});
        constant(out, 11);
        append(out, {0x74, 0x2D, 0, 0xFF, 0x1F, kSet, 0});
        break;
      case 2:
        append(out, {kGet, 0});
        constant(out, 12);
        append(out, {0x74, kGet, 0, 0x36, 2, 0});
        break;
      case 3:
        append(out, {kGet, 0});
        constant(out, pick(60));
        append(out, {0x46, 0x04, 0x40, 0x00, 0x0B});
        break;
      default:  // memory.fill
        append(out, {kGet, 0});
        constant(out, 11);
        append(out, {0x74, kGet, 0});
        constant(out, 5);
        append(out, {0xFC, 11, 0});
    }
  }

  void statement(Code& out, u32 function, u32& calls) {
    const auto some_call = [&] {
      if (function != 0 && calls != 0) --calls, call(out, function);
    };
    switch (pick(5)) {
      case 0: some_call(); break;
      case 1:
        append(out, {kGet, 0});
        constant(out, 1u << pick(4));
        append(out, {kAnd, 0x04, 0x40});
        pick(2) == 0 ? trap(out) : some_call();
        out.push_back(0x05);
        some_call();
        if (pick(2) == 0) trap(out);
        out.push_back(0x0B);
        break;
      case 2:  // three rounds of a loop
        constant(out, 3);
        append(out, {kSet, 1, 0x03, 0x40});
        some_call();
        if (pick(2) == 0) trap(out);
        append(out, {kGet, 1});
        constant(out, ~0u);
        append(out, {kAdd, 0x22, 1, 0x0D, 0, 0x0B});
        break;
      default: trap(out);
    }
  }

  Code body(u32 function) {
    Code out = {1, 1, 0x7F};
    u32 calls = 3;
    for (u32 i = 0; i < 2 + pick(4); ++i) statement(out, function, calls);
    append(out, {kGet, 0, 0x0B});
    return out;
  }

  std::mt19937 random_;
};

using Frames = std::vector<std::pair<u32, u32>>;

wasm::CallVisitor collect(Frames& frames) {
  return {[](void* to, wasm::CallFrame frame) {
            static_cast<Frames*>(to)->emplace_back(frame.func, frame.offset);
          },
          &frames};
}

/// Calls every function with many numbers; the most calls that a trap was found behind.
u32 compare(Pair& pair, u32& traps) {
  usize deepest = 0;
  for (u32 function = 0; function < Nests::kFunctions; ++function) {
    for (u32 argument = 0; argument < 40; ++argument) {
      pair.expect_same(std::string("f") + static_cast<char>('0' + function), {{.u32_ = argument}});
      if (pair.native().state() != RunState::trapped) continue;
      ++traps;
      Frames expected, actual;
      visit_callers_in_place(pair.interpreted->impl(), collect(expected));
      const auto& native = pair.native().impl();
      visit_callers(native, *native::run_of(native).module, collect(actual));
      EXPECT_EQ(expected, actual) << "f" << function << "(" << argument << ")";
      deepest = std::max(deepest, actual.size());
    }
  }
  return static_cast<u32>(deepest);
}

TEST(CallStacks, AreThoseOfTheInterpreterWhateverWasInlined) {
  Options software{.target = *find_target("x86_64-linux", ""), .effort = Effort::o3};
  software.target.checks = Checks::software;
  const Options kWays[] = {{.effort = Effort::o2},
                           {.effort = Effort::o3, .metering = true},
                           {.effort = Effort::quick},
                           {.effort = Effort::light},
                           {.target = *find_target("x86_64-linux", "native"), .effort = Effort::o3},
                           software};
  u32 traps = 0, deepest = 0;
  for (u32 seed = 1; seed <= 24; ++seed)
    for (usize way = 0; way < std::size(kWays); ++way) {
      if (way != 0 && seed % std::size(kWays) != way) continue;
      SCOPED_TRACE("seed " + std::to_string(seed) + ", way " + std::to_string(way));
      Pair pair(Nests(seed).module(), kWays[way]);
      deepest = std::max(deepest, compare(pair, traps));
      if (testing::Test::HasFailure()) return;
    }
  EXPECT_GT(traps, 1'000u);
  EXPECT_GE(deepest, 6u);
}

}  // namespace
}  // namespace pipit::aot
