// ONNX's own backend tests (Debian's libonnx-testdata), run as they are: inputs are inputs, shapes that
// depend on them are resolved at run time.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "compiler/model/onnx_suite.h"
#include "support/files.h"

namespace pipit::model {
namespace {

struct Tally {
  u32 agree = 0;
  std::vector<std::string> wrong, refused;
  std::map<std::string, u32> reasons;
};

/// The reason of a refusal without the names in it.
std::string reason_of(const std::string& why) {
  std::string reason;
  bool quoted = false;
  for (char c : why) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (c < '0' || c > '9')) reason += c;
  }
  return reason.substr(0, 110);
}

Tally run(const char* group) {
  const char* only = std::getenv("PIPIT_ONNX_ONLY");
  const auto results = run_onnx_suite(group, only == nullptr ? "" : only);
  Tally tally;
  EXPECT_TRUE(results.ok());
  if (!results.ok()) return tally;
  for (const SuiteResult& result : *results) {
    if (result.verdict == SuiteVerdict::agrees) ++tally.agree;
    if (result.verdict == SuiteVerdict::wrong) tally.wrong.push_back(result.name + ": " + result.why);
    if (result.verdict == SuiteVerdict::refused) {
      tally.refused.push_back(result.name + ": " + result.why);
      ++tally.reasons[reason_of(result.why)];
    }
  }
  std::printf("%s: %u agree, %zu wrong, %zu refused of %zu\n", group, tally.agree, tally.wrong.size(),
              tally.refused.size(), results->size());
  for (const auto& [reason, count] : tally.reasons) std::printf("  %3u  %s\n", count, reason.c_str());
  for (const auto& line : tally.wrong) ADD_FAILURE() << line;
  if (std::getenv("PIPIT_VERBOSE") != nullptr)
    for (const auto& line : tally.refused) std::printf("%s\n", line.c_str());
  return tally;
}

bool has_suite() { return std::filesystem::exists(onnx_suite_folder()); }

TEST(OnnxSuite, NodeTestsAgree) {
  if (!has_suite()) GTEST_SKIP() << "apt-get install libonnx-testdata";
  EXPECT_GE(run("node").agree, 900u) << "operators that agreed before do not any more";
}

/// After a change run this test with PIPIT_UPDATE_GOLDENS=1 and read the difference.
TEST(OnnxSuite, OperatorsDocumentIsUpToDate) {
  if (!has_suite()) GTEST_SKIP() << "apt-get install libonnx-testdata";
  const auto results = run_onnx_suite("node");
  ASSERT_TRUE(results.ok());
  const std::string text = operators_document(*results), path = PIPIT_SOURCE_DIR "/docs/operators.md";
  if (std::getenv("PIPIT_UPDATE_GOLDENS") != nullptr) {
    ASSERT_TRUE(support::write_file(path, as_bytes(text)).ok());
    GTEST_SKIP() << "rewrote " << path;
  }
  const auto written = support::read_file(path);
  ASSERT_TRUE(written.ok()) << written.error().text;
  EXPECT_EQ(text, as_text(*written));
}

TEST(OnnxSuite, ConvertedPytorchModelsAgree) {
  if (!has_suite()) GTEST_SKIP() << "apt-get install libonnx-testdata";
  EXPECT_GE(run("pytorch-converted").agree, 82u);
}

TEST(OnnxSuite, PytorchOperatorsAgree) {
  if (!has_suite()) GTEST_SKIP() << "apt-get install libonnx-testdata";
  EXPECT_GE(run("pytorch-operator").agree, 35u);
}

TEST(OnnxSuite, SimpleModelsAgree) {
  if (!has_suite()) GTEST_SKIP() << "apt-get install libonnx-testdata";
  EXPECT_GE(run("simple").agree, 15u);
}

}  // namespace
}  // namespace pipit::model
