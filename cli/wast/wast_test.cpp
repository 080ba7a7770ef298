#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/wast/script.h"
#include "cli/wast/values.h"

namespace pipit::wast {
namespace {

namespace fs = std::filesystem;

TEST(WastSuite, CoreScriptsPass) {
  const std::string suite = PIPIT_WASM_SUITE;
  ASSERT_FALSE(suite.empty())
      << "no test scripts on this machine: run scripts/get-wasm-suite, or set PIPIT_SHARED (folder "
         "with testdata/wasm-spec) or PIPIT_WASM_SUITE (wast2json output), and configure again";
  auto scripts = find_scripts({suite});
  ASSERT_TRUE(scripts.ok()) << scripts.error().text;
  Report report;
  for (const std::string& script : *scripts) {
    auto one = run_script(script);
    ASSERT_TRUE(one.ok()) << one.error().text;
    report.add(*one);
  }
  for (const std::string& failure : report.failures) ADD_FAILURE() << failure;
  for (const auto& [reason, count] : report.skip_reasons)
    std::printf("skipped %u: %s\n", count, reason.c_str());
  std::printf("%u passed, %u failed, %u skipped\n", report.passed, report.failed, report.skipped);
  // The official suite has 27,437 assertions without SIMD, Debian's copy of 1.0's scripts 11,443.
  EXPECT_GT(report.passed, 11'000u) << "the suite is not whole";
}

support::Json value(const char* type, const char* text) { return {{"type", type}, {"value", text}}; }

wasm::Value bits(u64 pattern) {
  wasm::Value result;
  result.bits = pattern;
  return result;
}

TEST(WastValues, NansAreToldApart) {
  EXPECT_TRUE(*matches(value("f32", "nan:canonical"), bits(0x7FC0'0000)));
  EXPECT_TRUE(*matches(value("f32", "nan:canonical"), bits(0xFFC0'0000)));
  EXPECT_FALSE(*matches(value("f32", "nan:canonical"), bits(0x7FC0'0001)));
  EXPECT_TRUE(*matches(value("f32", "nan:arithmetic"), bits(0x7FC0'0001)));
  EXPECT_FALSE(*matches(value("f32", "nan:arithmetic"), bits(0x7F80'0001)));
  EXPECT_FALSE(*matches(value("f64", "nan:arithmetic"), bits(0x7FF0'0000'0000'0000)));
}

TEST(WastValues, NarrowValuesIgnoreTheUpperHalfOfTheSlot) {
  EXPECT_TRUE(*matches(value("i32", "4294967295"), bits(0x1234'5678'FFFF'FFFF)));
  EXPECT_FALSE(*matches(value("i64", "4294967295"), bits(0x1234'5678'FFFF'FFFF)));
}

TEST(WastValues, UnknownTypesAndTextsAreErrors) {
  EXPECT_EQ(parse_value(value("v128", "1")).error().code, Code::unsupported);
  EXPECT_EQ(parse_value(value("i32", "twelve")).error().code, Code::malformed);
}

/// A script that must fail: the runner is itself no test that cannot fail.
TEST(WastScript, ReportsWhatIsWrong) {
  const fs::path folder = fs::path(testing::TempDir()) / "pipit_wast_test";
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
  auto report = run_script((folder / "one.json").string());
  ASSERT_TRUE(report.ok()) << report.error().text;
  EXPECT_EQ(report->passed, 2u);
  EXPECT_EQ(report->failed, 3u);
  EXPECT_EQ(report->skipped, 1u);
  ASSERT_EQ(report->failures.size(), 3u);
  EXPECT_EQ(report->failures[0].rfind("one.wast:3: assert_return: result 0 is i32 0x1", 0), 0u)
      << report->failures[0];
  fs::remove_all(folder);
}

}  // namespace
}  // namespace pipit::wast
