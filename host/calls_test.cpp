// Every call of WASI preview 1, on Linux; rig/vm_wasi_test.cpp runs the same program in Mewz.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "host/runner.h"
#include "support/files.h"

namespace pipit::host {
namespace {

struct TextConsole final : ports::Console {
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

TEST(WasiCalls, AnswerAsTheSpecificationSays) {
  char folder[] = "/tmp/pipit-calls-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  TextConsole out;
  RunOptions options;
  auto module = support::read_file(PIPIT_WASM_FOLDER "/calls.wasm");
  ASSERT_TRUE(module.ok()) << module.error().text;
  options.module = std::move(*module);
  options.arguments = {"one", "two words"};
  options.environment = {"KEY=value"};
  options.directories = {{folder, "/"}};
  options.out = &out;
  const auto report = run(options);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(report.ok()) << report.error().text;
  EXPECT_EQ(out.text, "99 answers, 0 of them wrong\n");
  EXPECT_EQ(report->process_exit_code(), 7);
}

}  // namespace
}  // namespace pipit::host
