// Every call of WASI preview 1, in Mewz; host/calls_test.cpp runs the same program on Linux.
#include <gtest/gtest.h>

#include "rig/vm.h"

namespace pipit::rig {
namespace {

TEST(MewzWasi, CallsAnswerAsTheSpecificationSays) {
  VmOptions options;
  options.kernel = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/mewz";
  options.initrd = PIPIT_WASM_FOLDER "/calls.wasm";
  options.arguments = "arg=one arg=two%20words env=KEY=value";
  options.memory_mb = 16;
  const auto end = run_vm(options, 20'000);
  ASSERT_TRUE(end.ok()) << end.error().text;
  EXPECT_EQ(end->code, 7u) << end->console;
  EXPECT_NE(end->console.find("99 answers, 0 of them wrong\n"), std::string::npos) << end->console;
}

}  // namespace
}  // namespace pipit::rig
