#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/wast/script.h"
#include "cli/wast/values.h"

namespace pipit::wast {
namespace {

namespace fs = std::filesystem;

/// The whole suite in one engine.
void expect_suite_passes(const char* engine) {
  const std::string suite = PIPIT_WASM_SUITE;
  ASSERT_FALSE(suite.empty())
      << "no test scripts on this machine: run scripts/get-wasm-suite, or set PIPIT_SHARED (folder "
         "with testdata/wasm-spec) or PIPIT_WASM_SUITE (wast2json output), and configure again";
  auto scripts = find_scripts({suite});
  ASSERT_TRUE(scripts.ok()) << scripts.error().text;
  Report report;
  for (const std::string& script : *scripts) {
    auto one = run_script(script, **find_backend(engine));
    ASSERT_TRUE(one.ok()) << one.error().text;
    report.add(*one);
  }
  for (const std::string& failure : report.failures) ADD_FAILURE() << failure;
  for (const auto& [reason, count] : report.skip_reasons)
    std::printf("skipped %u: %s\n", count, reason.c_str());
  std::printf("%u passed (%u in text form, refused by wat2wasm), %u failed, %u skipped\n", report.passed,
              report.refused_by_assembler, report.failed, report.skipped);
  EXPECT_EQ(report.skipped, 0u);
  // 2.0 with SIMD has 52,222 assertions and 1,775 other commands, relaxed SIMD and 3.0's scripts add 543.
  // Debian's copy of 1.0's scripts has 11,443.
  EXPECT_TRUE(report.passed == 54'540 || (report.passed > 11'000 && report.passed < 12'000))
      << "the suite is not whole: " << report.passed;
}

const Backend& in_place() { return **find_backend("interp"); }

TEST(WastSuite, CoreScriptsPass) { expect_suite_passes("interp"); }
TEST(WastSuite, CoreScriptsPassInRegisterCode) { expect_suite_passes("register"); }
TEST(WastSuite, CoreScriptsPassInNativeCode) { expect_suite_passes("aot"); }

support::Json value(const char* type, const char* text) { return {{"type", type}, {"value", text}}; }

bool fits(const support::Json& expected, std::initializer_list<u64> slots) {
  std::vector<wasm::Value> actual;
  for (const u64 bits : slots) actual.push_back({.bits = bits});
  const auto result = matches(expected, actual);
  EXPECT_TRUE(result.ok());
  return result.ok() && *result;
}

TEST(WastValues, NansAreToldApart) {
  EXPECT_TRUE(fits(value("f32", "nan:canonical"), {0x7FC0'0000}));
  EXPECT_TRUE(fits(value("f32", "nan:canonical"), {0xFFC0'0000}));
  EXPECT_FALSE(fits(value("f32", "nan:canonical"), {0x7FC0'0001}));
  EXPECT_TRUE(fits(value("f32", "nan:arithmetic"), {0x7FC0'0001}));
  EXPECT_FALSE(fits(value("f32", "nan:arithmetic"), {0x7F80'0001}));
  EXPECT_FALSE(fits(value("f64", "nan:arithmetic"), {0x7FF0'0000'0000'0000}));
}

TEST(WastValues, NarrowValuesIgnoreTheUpperHalfOfTheSlot) {
  EXPECT_TRUE(fits(value("i32", "4294967295"), {0x1234'5678'FFFF'FFFF}));
  EXPECT_FALSE(fits(value("i64", "4294967295"), {0x1234'5678'FFFF'FFFF}));
}

TEST(WastValues, VectorsAreComparedLaneByLane) {
  const support::Json lanes = {
      {"type", "v128"}, {"lane_type", "f32"}, {"value", {"1", "nan:canonical", "3", "4"}}};
  EXPECT_TRUE(fits(lanes, {0x7FC0'0000'0000'0001, 0x0000'0004'0000'0003}));
  EXPECT_FALSE(fits(lanes, {0x7FC0'0000'0000'0001, 0x0000'0005'0000'0003}));
  EXPECT_FALSE(fits(lanes, {0x7FC0'0001'0000'0001, 0x0000'0004'0000'0003}));
  const support::Json bytes = {
      {"type", "v128"}, {"lane_type", "i16"}, {"value", {"1", "2", "3", "4", "5", "6", "7", "65535"}}};
  std::vector<wasm::Value> slots;
  ASSERT_TRUE(append_value(bytes, slots).ok());
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].u64_, 0x0004'0003'0002'0001u);
  EXPECT_EQ(slots[1].u64_, 0xFFFF'0007'0006'0005u);
}

TEST(WastValues, UnknownTypesAndTextsAreErrors) {
  std::vector<wasm::Value> slots;
  EXPECT_EQ(append_value(value("v256", "1"), slots).error().code, Code::unsupported);
  EXPECT_EQ(append_value(value("i32", "twelve"), slots).error().code, Code::malformed);
  EXPECT_EQ(append_value(value("v128", "1"), slots).error().code, Code::malformed);
  EXPECT_EQ(
      append_value({{"type", "v128"}, {"lane_type", "i32"}, {"value", {"1", "2", "3"}}}, slots).error().code,
      Code::malformed);
  EXPECT_TRUE(slots.empty());
  EXPECT_EQ(find_backend("jit").error().code, Code::not_found);
}

/// A script that must fail: the runner is itself no test that cannot fail.
TEST(WastScript, ReportsWhatIsWrong) {
  const fs::path folder = fs::path(testing::TempDir()) / ("pipit_wast_test-" + std::to_string(getpid()));
  fs::create_directories(folder);
  // (module (func (export "one") (result i32) i32.const 1))
  const u8 module[] = {0, 'a', 's', 'm', 1, 0,   0,   0,   1, 5, 1,  0x60, 0, 1, 0x7F, 3,    2, 1,
                       0, 7,   7,   1,   3, 'o', 'n', 'e', 0, 0, 10, 6,    1, 4, 0,    0x41, 1, 0x0B};
  std::ofstream(folder / "one.wasm", std::ios::binary)
      .write(reinterpret_cast<const char*>(module), sizeof module);
  std::ofstream(folder / "one.json") << R"({"source_filename": "one.wast", "commands": [
    {"type": "module", "line": 1, "filename": "one.wasm"},
    {"type": "assert_return", "line": 2, "action": {"type": "invoke", "field": "one", "args": []},
     "expected": [{"type": "i32", "value": "1"}]},
    {"type": "assert_return", "line": 3, "action": {"type": "invoke", "field": "one", "args": []},
     "expected": [{"type": "i32", "value": "2"}]},
    {"type": "assert_trap", "line": 4, "action": {"type": "invoke", "field": "one", "args": []}, "text": "unreachable"},
    {"type": "assert_invalid", "line": 5, "filename": "one.wasm", "text": "type mismatch", "module_type": "binary"},
    {"type": "assert_malformed", "line": 6, "filename": "one.wat", "text": "x", "module_type": "text"}]})";
  auto report = run_script((folder / "one.json").string(), in_place());
  ASSERT_TRUE(report.ok()) << report.error().text;
  EXPECT_EQ(report->passed, 3u);
  EXPECT_EQ(report->failed, 3u);
  EXPECT_EQ(report->skipped, 0u);
  EXPECT_EQ(report->refused_by_assembler, 1u) << "there is no one.wat";
  ASSERT_EQ(report->failures.size(), 3u);
  EXPECT_EQ(report->failures[0].rfind("one.wast:3: assert_return: a result is i32 0x1", 0), 0u)
      << report->failures[0];
  fs::remove_all(folder);
}

}  // namespace
}  // namespace pipit::wast
