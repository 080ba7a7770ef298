// What optimisation does to loops, and that nobody can tell after a trap.
#include <gtest/gtest.h>
#include <unistd.h>

#include "compiler/aot/tests/native_pair.h"

namespace pipit::aot {
namespace {

TEST(Native, StoresBeforeATrapAreSeenAndNoneAfterIt) {
  for (const Effort effort : {Effort::quick, Effort::o0, Effort::light, Effort::o1, Effort::o2, Effort::o3}) {
    SCOPED_TRACE(static_cast<int>(effort));
    Pair pair(kStores, {.effort = effort});
    expect_same_state(pair);
  }
}

TEST(Native, ArraysAreToldApartOnlyWhereTheyNeverMeet) {
  for (const Checks checks : {Checks::guard_pages, Checks::software}) {
    Options options{.target = *find_target("x86_64-linux", ""), .effort = Effort::o3};
    options.target.checks = checks;
    Pair pair(kArrays, options);
    expect_same_state(pair);
  }
}

/// A function's text in LLVM's language.
std::string function_ir(const std::string& ir, const std::string& name) {
  const usize begin = ir.find("@" + name + "(ptr");
  return begin == ir.npos ? "" : ir.substr(begin, ir.find("\n}", begin) - begin);
}

/// The module as it is when LLVM has optimised it.
std::string optimised_ir(const std::string& file, Options options) {
  options.ir_file = testing::TempDir() + "optimised-" + std::to_string(getpid()) + ".ll";
  const auto module = support::read_file(file);
  EXPECT_TRUE(module.ok() && compile(*module, options).ok());
  const auto text = support::read_file(options.ir_file);
  unlink(options.ir_file.c_str());
  return text.ok() ? std::string(text->begin(), text->end()) : "";
}

usize count(const std::string& text, std::string_view what) {
  usize found = 0;
  for (usize at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

/// What is known of a loop leaves one comparison before it, of what it reaches with memory's size, and none
/// of the arrays with each other.
TEST(Native, LoopsOverFixedArraysAreVectorisedWithoutTestsForOverlap) {
  const std::string ir =
      optimised_ir(kArrays, {.target = *find_target("x86_64-linux", ""), .effort = Effort::o3});
  const std::string apart = function_ir(ir, "f2"), shifted = function_ir(ir, "f3");
  EXPECT_NE(apart.find("store <4 x i32>"), apart.npos) << apart;
  EXPECT_EQ(apart.find("vector.memcheck"), apart.npos) << apart;
  EXPECT_NE(apart.find("store volatile i32"), apart.npos) << "the version that traps: " << apart;
  EXPECT_EQ(shifted.find("store <4 x i32>"), shifted.npos) << shifted;
}

/// Through a table that never changes functions are called by name, which means inlined here.
TEST(Native, CallsThroughFixedTablesAreInlined) {
  const std::string ir =
      optimised_ir(kTables, {.target = *find_target("x86_64-linux", ""), .effort = Effort::o3});
  constexpr const char* kRow = "ptr @pna_functions";  // where code is looked up
  const std::string fixed = function_ir(ir, "f6"), written = function_ir(ir, "f10"),
                    seen = function_ir(ir, "f12");
  EXPECT_EQ(count(fixed, "switch i32"), 1u) << fixed;
  EXPECT_EQ(count(fixed, "sdiv i32 100"), 1u) << fixed;
  EXPECT_EQ(count(fixed, kRow), 0u) << fixed;
  EXPECT_GT(count(written, kRow), 0u) << written;
  EXPECT_GT(count(seen, kRow), 0u) << seen;
}

TEST(Native, NestsOfLoopsDoTheSameInEveryVersion) {
  for (const Checks checks : {Checks::guard_pages, Checks::software}) {
    SCOPED_TRACE(static_cast<int>(checks));
    Options options{.target = *find_target("x86_64-linux", ""), .effort = Effort::o3};
    options.target.checks = checks;
    Pair pair(kNests, options);
    expect_same_state(pair);
  }
}

/// Four rounds of the outer loop take what the inner one adds to once and leave it once.
TEST(Native, RoundsOfNestsBecomeOneWhereNothingDependsOnTheirOrder) {
  const std::string ir =
      optimised_ir(kNests, {.target = *find_target("x86_64-linux", ""), .effort = Effort::o3});
  const std::string product = function_ir(ir, "f2"), recurrence = function_ir(ir, "f3");
  const usize stores = count(product, "store <4 x float>");
  EXPECT_GT(stores, 0u) << product;
  EXPECT_EQ(count(product, "fmul <4 x float>"), 4 * stores) << product;
  EXPECT_EQ(count(product, ".traps:"), 1u) << "one comparison for all of the nest: " << product;
  EXPECT_GT(count(recurrence, "store <4 x float>"), 0u) << recurrence;
}

/// As C compilers count: the loop ends when the lower half of what LLVM makes of the counter is nothing.
TEST(Native, RoundsAreCountedWhereCountersComeRoundToZero) {
  const std::string ir =
      optimised_ir(kNests, {.target = *find_target("x86_64-linux", ""), .effort = Effort::o3});
  const std::string function = function_ir(ir, "f11");
  EXPECT_GT(count(function, "store <2 x double>"), 0u) << function;
}

/// Several rounds of loops over vectors in one, where a processor has wider registers.
TEST(Native, WiderVectorsHoldTheSame) {
  const std::string vectors = PIPIT_AOT_TEST_MODULES "/vectors.wasm";
  for (const char* cpu : {"x86-64-v2", "native"})
    for (const Checks checks : {Checks::guard_pages, Checks::software}) {
      SCOPED_TRACE(cpu);
      Options options{.target = *find_target("x86_64-linux", cpu), .effort = Effort::o3};
      options.target.checks = checks;
      Pair pair(vectors, options);
      expect_same_state(pair);
    }
  const std::string ir =
      optimised_ir(vectors, {.target = *find_target("x86_64-linux", "x86-64-v3"), .effort = Effort::o3});
  const std::string sums = function_ir(ir, "f2"), total = function_ir(ir, "f3"),
                    lanes = function_ir(ir, "f4"), chain = function_ir(ir, "f6"),
                    floats = function_ir(ir, "f8");
  EXPECT_GT(count(sums, "phi <8 x i32>"), 0u) << sums;
  EXPECT_GT(count(total, "phi <16 x i32>"), 0u) << "pairs of products are added: " << total;
  EXPECT_GT(count(lanes, "shufflevector <32 x i8>"), 0u) << lanes;
  EXPECT_EQ(count(chain, "store <8 x i32>"), 0u) << chain;
  EXPECT_EQ(count(floats, "<8 x float>"), 0u) << floats;
}

/// Vectorised, so there is a version without a check in every round.
TEST(Native, SoftwareChecksAreMadeBeforeLoops) {
  Options options{.target = *find_target("x86_64-linux", ""), .effort = Effort::o3};
  options.target.checks = Checks::software;
  const std::string ir = optimised_ir(kNests, options);
  for (const char* name : {"f2", "f3", "f5"}) {
    const std::string function = function_ir(ir, name);
    EXPECT_GT(count(function, "store <4 x "), 0u) << function;
    EXPECT_GT(count(function, "call void"), 0u) << "the version that traps: " << function;
  }
}

}  // namespace
}  // namespace pipit::aot
