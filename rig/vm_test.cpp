// Mewz's self-test kernel in QEMU: what start-up gives, and how each kind of bug ends.
#include "rig/vm.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "rig/initrd.h"
#include "support/files.h"

namespace pipit::rig {
namespace {

VmOptions selftest(const std::string& arguments) {
  VmOptions options;
  options.kernel = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/mewz-selftest";
  options.arguments = arguments;
  options.memory_mb = 16;
  return options;
}

TEST(Mewz, StartsIn16MegabytesWithMemoryTimeAndInterrupts) {
  const auto run = run_vm(selftest(""), 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text << ": build the mewz preset first";
  EXPECT_EQ(run->code, 0u) << run->console;
  for (const char* line :
       {"SMEP SMAP UMIP", "selftest: reservation ok", "selftest: e is 2718281828 over 10^9"})
    EXPECT_NE(run->console.find(line), std::string::npos) << line << " is missing in\n" << run->console;
  const usize ticks = run->console.find("20 ticks took ");
  ASSERT_NE(ticks, std::string::npos) << run->console;
  const int took_ms = std::stoi(run->console.substr(ticks + 14));
  EXPECT_GT(took_ms, 100);  // ticks may be late on a busy machine, but never come early
}

TEST(Mewz, ImageStaysSmall) {
  auto image = support::read_file(PIPIT_SOURCE_DIR "/build/mewz/bin/mewz");
  ASSERT_TRUE(image.ok()) << image.error().text;
  EXPECT_LE(image->size(), 512u << 10);
}

struct Bug {
  const char* name;
  u32 code;
  const char* report;
};

class MewzBug : public testing::TestWithParam<Bug> {};

TEST_P(MewzBug, EndsWithAReportAndACode) {
  const auto run = run_vm(selftest(GetParam().name), 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, GetParam().code) << run->console;
  EXPECT_NE(run->console.find(GetParam().report), std::string::npos) << run->console;
}

constexpr u32 kFault = 70;
INSTANTIATE_TEST_SUITE_P(
    All, MewzBug,
    testing::Values(Bug{"null", kFault, "error 0x2, address 0x0"},
                    Bug{"text", kFault, "error 0x3, address 0x100000"}, Bug{"rodata", kFault, "page fault"},
                    Bug{"execute", kFault, "error 0x11"}, Bug{"overflow", kFault, "stack overflow"},
                    Bug{"canary", kFault, "a stack canary was overwritten"},
                    Bug{"check", kFault, "check failed: how.empty() at selftest.cpp"},
                    Bug{"opcode", kFault, "invalid opcode"}, Bug{"beyond", kFault, "page fault"},
                    Bug{"hang", 75, "watchdog: no progress"},
                    Bug{"deaf", 75, "watchdog: interrupts stay off"}, Bug{"exhaust", 71, "out of memory: "}),
    [](const auto& info) { return info.param.name; });

VmOptions app(const std::string& arguments) {
  VmOptions options;
  options.kernel = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/mewz";
  options.initrd = PIPIT_WASM_FOLDER "/mewz_app.wasm";
  options.arguments = arguments;
  options.memory_mb = 16;
  return options;
}

struct AppCase {
  const char* name;
  const char* arguments;
  u32 code;
  const char* output;
};

class MewzApp : public testing::TestWithParam<AppCase> {};

TEST_P(MewzApp, RunsAndEndsWithItsCode) {
  const auto run = run_vm(app(GetParam().arguments), 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, GetParam().code) << run->console;
  EXPECT_NE(run->console.find(GetParam().output), std::string::npos) << run->console;
}

/// The same module, compiled: it must end in the same way.
TEST_P(MewzApp, EndsInTheSameWayAsNativeCode) {
  const std::string native = PIPIT_WASM_FOLDER "/mewz_app.pna";
  if (!support::exists(native)) GTEST_SKIP() << native << " is missing: build compiler/aot as well";
  VmOptions options = app(std::string("app=app.wasm ") + GetParam().arguments);
  auto module = support::read_file(options.initrd);
  auto code = support::read_file(native);
  ASSERT_TRUE(module.ok() && code.ok());
  const auto archive = make_initrd({{"app.wasm", *module}, {"app.pna", *code}});
  ASSERT_TRUE(archive.ok()) << archive.error().text;
  options.initrd = testing::TempDir() + "mewz-initrd-" + std::to_string(getpid());
  ASSERT_TRUE(support::write_file(options.initrd, *archive).ok());
  const auto run = run_vm(options, 20'000);
  std::remove(options.initrd.c_str());
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, GetParam().code) << run->console;
  EXPECT_NE(run->console.find(GetParam().output), std::string::npos) << run->console;
  if (GetParam().code < 65)
    EXPECT_NE(run->console.find("app.wasm native, "), std::string::npos) << run->console;
}

INSTANTIATE_TEST_SUITE_P(
    All, MewzApp,
    testing::Values(AppCase{"arguments", "arg=say arg=a%20b arg= env=HOME=/tmp", 0,
                            "app: [a b] [] HOME=/tmp\n"},
                    AppCase{"numbers", "arg=numbers", 0, "random differs, year 20"},
                    AppCase{"nap", "arg=nap", 0, "napped well"},
                    AppCase{"grow", "arg=grow", 0, "grew by what there was"},
                    AppCase{"files", "arg=third", 0, "descriptor 3: error 0"},
                    AppCase{"no_files", "nofiles arg=third", 0, "descriptor 3: error 8"},
                    AppCase{"code", "arg=42", 42, "mewz: exit 42"},
                    AppCase{"large_code", "arg=200", 200, "mewz: exit 200"},
                    AppCase{"trap", "arg=trap", 134, "mewz: trap: unreachable in "},
                    AppCase{"wild", "arg=wild", 134, "mewz: trap: out of bounds memory access in "},
                    AppCase{"unknown_word", "colour=red", 78, "command line: unknown word"}),
    [](const auto& info) { return info.param.name; });

/// Without the processor's generator there is the machine's, and without both a line that says so.
TEST(Mewz, TakesRandomNumbersFromTheMachine) {
  constexpr const char kWarning[] = "random numbers: no generator in this machine";
  VmOptions options = app("arg=numbers");
  options.more = {"-cpu", "max,-rdrand,-rdseed"};
  auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 0u) << run->console;
  EXPECT_NE(run->console.find(kWarning), std::string::npos) << run->console;
  options.more.insert(options.more.end(), {"-device", "virtio-rng-device"});
  run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 0u) << run->console;
  EXPECT_EQ(run->console.find("random numbers: "), std::string::npos) << run->console;
  EXPECT_NE(run->console.find("random differs"), std::string::npos) << run->console;
}

TEST(Mewz, RefusesWhatIsNoApplication) {
  VmOptions options = app("");
  options.initrd = PIPIT_SOURCE_DIR "/README.md";
  auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 65u) << run->console;
  options.initrd.clear();
  run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 65u) << run->console;
}

}  // namespace
}  // namespace pipit::rig
