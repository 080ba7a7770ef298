// Mewz's self-test kernel in QEMU: what start-up gives, and how each kind of bug ends.
#include "rig/vm.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

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

/// By PVH alone, as under other hypervisors.
TEST(Mewz, StartsByTheFirmwareOfQemuToo) {
  VmOptions options = selftest("");
  options.firmware = VmOptions::Firmware::qemu;
  const auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 0u) << run->console;
  EXPECT_NE(run->console.find(" 15 MB, "), std::string::npos) << run->console;
}

/// On microvm 3 GB lie below the fourth, the rest above it; nothing of it is touched.
TEST(Mewz, HasBothRangesOfALargeMachine) {
  VmOptions options = selftest("");
  options.memory_mb = 5120;
  const auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 0u) << run->console;
  EXPECT_NE(run->console.find(" 5119 MB, "), std::string::npos) << run->console;
}

TEST(Mewz, FirmwareSaysWhenItHasNothingToStart) {
  VmOptions options;
  options.more = {"-bios", PIPIT_SOURCE_DIR "/build/mewz/bin/mewz-firmware.bin"};
  const auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 78u) << run->console;
  EXPECT_NE(run->console.find("firmware: QEMU has no kernel"), std::string::npos) << run->console;
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

/// Module NAME of the tests with its native code.
support::Result<VmExit> run_native(const std::string& name, const std::string& arguments) {
  const std::string files = PIPIT_WASM_FOLDER "/" + name;
  const auto module = TRY(support::read_file(files + ".wasm"));
  const auto code = TRY(support::read_file(files + ".pna"));
  VmOptions options = app("app=app.wasm " + arguments);
  options.initrd = testing::TempDir() + "mewz-initrd-" + std::to_string(getpid());
  TRY(support::write_file(options.initrd, TRY(make_initrd({{"app.wasm", module}, {"app.pna", code}}))));
  auto run = run_vm(options, 20'000);
  std::remove(options.initrd.c_str());
  return run;
}

/// The same module, compiled: it must end in the same way.
TEST_P(MewzApp, EndsInTheSameWayAsNativeCode) {
  if (!support::exists(PIPIT_WASM_FOLDER "/mewz_app.pna")) GTEST_SKIP() << "build compiler/aot as well";
  const auto run = run_native("mewz_app", GetParam().arguments);
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

/// No loader clears the network's memory, so none knows that it is taken.
TEST(Mewz, RefusesARamDiskInTheMemoryOfTheNetwork) {
  VmOptions options = app("");
  options.memory_mb = 5;
  const auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 78u) << run->console;
  EXPECT_NE(run->console.find("lies where the network has its memory"), std::string::npos) << run->console;
}

/// What the kernel says of a trap and of the calls that led there, without "mewz: ".
std::vector<std::string> call_stack(const std::string& console) {
  std::vector<std::string> lines;
  std::istringstream text(console);
  for (std::string line; std::getline(text, line);)
    if (line.starts_with("mewz: trap: ") || line.starts_with("mewz:     #")) lines.push_back(line.substr(6));
  return lines;
}

/// `text` is `before` and the module offset of an instruction with this opcode.
void expect_place(const std::string& text, const std::string& before, Bytes module, u8 opcode) {
  ASSERT_TRUE(text.starts_with(before)) << text;
  const usize offset = std::stoul(text.substr(before.size()), nullptr, 16);
  ASSERT_LT(offset, module.size()) << text;
  EXPECT_EQ(module[offset], opcode) << text;
}

void expect_call_stack(const VmExit& run) {
  constexpr u8 kCallIndirect = 0x11, kLoad = 0x28;
  const auto module = support::read_file(PIPIT_WASM_FOLDER "/mewz_calls.wasm");
  ASSERT_TRUE(module.ok()) << module.error().text;
  EXPECT_EQ(run.code, 134u) << run.console;
  const auto lines = call_stack(run.console);
  ASSERT_EQ(lines.size(), 3u) << run.console;
  expect_place(lines[0], "trap: out of bounds memory access in inner (function 2) at offset ", *module,
               kLoad);
  expect_place(lines[1], "    #1 middle (function 1) at offset ", *module, kCallIndirect);
  expect_place(lines[2], "    #2 _start (function 0) at offset ", *module, kCallIndirect);
}

TEST(MewzCallStack, NamesTheCallsOfInterpretedCode) {
  VmOptions options = app("");
  options.initrd = PIPIT_WASM_FOLDER "/mewz_calls.wasm";
  const auto run = run_vm(options, 20'000);
  ASSERT_TRUE(run.ok()) << run.error().text;
  expect_call_stack(*run);
}

TEST(MewzCallStack, NamesTheCallsOfNativeCode) {
  if (!support::exists(PIPIT_WASM_FOLDER "/mewz_calls.pna")) GTEST_SKIP() << "build compiler/aot as well";
  const auto run = run_native("mewz_calls", "");
  ASSERT_TRUE(run.ok()) << run.error().text;
  expect_call_stack(*run);
}

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
