#include "host/runner.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "host/tests/fixture.h"
#include "support/process.h"

namespace pipit::host {
namespace {

using testing::Folder;
using testing::Program;
using End = RunReport::End;

support::ProcessOutput natively(const std::string& name, const std::vector<std::string>& arguments,
                                const std::string& input, const std::string& directory) {
  std::vector<std::string> command = {std::string(PIPIT_NATIVE_FOLDER) + "/native_" + name};
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto output = support::run(command, input, {"MODE=test"}, directory);
  EXPECT_TRUE(output.ok());
  return output.ok() ? *output : support::ProcessOutput{};
}

#ifdef PIPIT_AOT
constexpr const char* kEngines[] = {"in-place", "register", "aot"};
#else
constexpr const char* kEngines[] = {"in-place", "register"};
#endif

/// The same in every engine.
class Programs : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Engines, Programs, ::testing::ValuesIn(kEngines), [](const auto& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
});

TEST_P(Programs, StandardStreamsAreWhatTheyAreNatively) {
  const std::string input = "first line\nsecond, with 12 digits\nlast without an end";
  const std::vector<std::string> arguments = {"one", "two words", ""};
  Folder folder;
  const auto native = natively("stdio", arguments, input, folder.path());
  Program program("stdio", GetParam());
  program.in.text = input;
  program.options.arguments = arguments;
  program.options.environment = {"MODE=test"};
  const RunReport report = program.run();
  EXPECT_EQ(program.out.text, native.out);
  EXPECT_EQ(program.err.text, native.err);
  EXPECT_GT(program.out.text.size(), 200u);
  EXPECT_EQ(report.end, End::exited);
  EXPECT_EQ(static_cast<int>(report.exit_code), native.exit_code);
}

TEST_P(Programs, FilesAreWhatTheyAreNatively) {
  Folder here, there;
  const auto native = natively("files", {}, "", here.path());
  ASSERT_EQ(native.exit_code, 0);
  Program program("files", GetParam());
  program.options.directories = {{there.path(), "."}};
  const RunReport report = program.run();
  EXPECT_EQ(program.out.text, native.out);
  EXPECT_EQ(report.process_exit_code(), 0);
}

TEST_P(Programs, TimeIsWhatItIsNatively) {
  Folder folder;
  const auto native = natively("time", {}, "", folder.path());
  Program program("time", GetParam());
  program.run();
  EXPECT_EQ(program.out.text, native.out);
}

TEST_P(Programs, TheCppStandardLibraryIsWhatItIsNatively) {
  Folder folder;
  const std::string input = "The cat and the dog, and the END. of it";
  const auto native = natively("standard_library", {"b", "a"}, input, folder.path());
  Program program("standard_library", GetParam());
  program.in.text = input;
  program.options.arguments = {"b", "a"};
  const RunReport report = program.run();
  EXPECT_EQ(program.out.text, native.out);
  EXPECT_NE(program.out.text.find("the          3"), std::string::npos);
  EXPECT_EQ(program.err.text, native.err);
  EXPECT_EQ(report.process_exit_code(), 3);
}

TEST_P(Programs, RustIsWhatItIsNatively) {
  if (!support::exists(std::string(PIPIT_WASM_FOLDER) + "/words.wasm"))
    GTEST_SKIP() << "needs Debian's rustc and libstd-rust-dev-wasm32";
  const std::string input = "one two\nTwo three\nthree THREE\n", lines = "ccc\na\nbbbbb\ndd\n";
  Folder here, there;
  here.write("lines.txt", lines);
  there.write("lines.txt", lines);
  const auto native = natively("words", {"."}, input, here.path());
  Program program("words", GetParam());
  program.in.text = input;
  program.options.arguments = {"."};
  program.options.environment = {"MODE=test"};
  program.options.directories = {{there.path(), "."}};
  const RunReport report = program.run();
  EXPECT_EQ(program.out.text, native.out);
  EXPECT_NE(program.out.text.find("Ok(4)"), std::string::npos) << program.out.text;
  EXPECT_EQ(program.err.text, native.err);
  EXPECT_EQ(report.process_exit_code(), 7);
  for (const Folder* folder : {&here, &there}) {
    const auto sorted = support::read_file(*folder / "sorted.txt");
    ASSERT_TRUE(sorted.ok());
    EXPECT_EQ(as_text(*sorted), "bbbbb\nccc\ndd\na\n");
    EXPECT_FALSE(support::exists(*folder / "out"));
  }
}

TEST_P(Programs, NoneLeavesItsDirectory) {
  Folder folder;
  folder.write("secret.txt", "secret");
  folder.write("box/inside.txt", "inside");
  folder.write("box/sub/file", "");
  const auto link = [&](const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, folder / ("box/" + name));
  };
  link("inside.txt", "link-inside");
  link("..", "sub/up");
  link(folder / "secret.txt", "link-absolute");
  link("../secret.txt", "link-outside");
  link("link-outside", "link-to-link");
  link("loop", "loop");
  link("../created.txt", "link-dangling");
  Program program("escape", GetParam());
  program.options.directories = {{folder / "box", "."}};
  program.run();
  EXPECT_EQ(
      program.out.text,
      "inside.txt: reached\nlink-inside: reached\nsub/../inside.txt: reached\nsub/up/inside.txt: reached\n"
      "../secret.txt: refused\nsub/../../secret.txt: refused\nlink-absolute: refused\nlink-outside: refused\n"
      "link-to-link: refused\nsub/up/../secret.txt: refused\n/etc/passwd: refused\nloop: refused\n"
      "mkdir 1\nsymlink 1\nrename 1\ncreate 1\nunlink 1\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "secret.txt"));
  EXPECT_FALSE(std::filesystem::exists(folder / "made"));
  EXPECT_FALSE(std::filesystem::exists(folder / "created.txt"));
  EXPECT_TRUE(std::filesystem::exists(folder / "box/inside.txt"));
}

TEST_P(Programs, WithoutADirectoryThereAreNoFiles) {
  Program program("escape", GetParam());
  program.run();
  EXPECT_EQ(program.out.text.find("reached"), std::string::npos);
}

TEST_P(Programs, AllocatorKeepsWithinItsMemory) {
  Program program("memory", GetParam());
  program.options.memory_bytes = 12 * 1024;
  const RunReport report = program.run();
  EXPECT_EQ(report.trap, "");
  EXPECT_EQ(report.exit_code, 0u) << "failed in line " << report.exit_code << " (modulo 256) of memory.c";
  EXPECT_EQ(report.memory_bytes, 12u * 1024);
}

TEST_P(Programs, ATrapShowsWhoCalledWhom) {
  Program program("deep", GetParam());
  program.options.arguments = {"100"};
  const RunReport report = program.run();
  EXPECT_EQ(report.end, End::trapped);
  EXPECT_TRUE(report.trap.starts_with("out of bounds memory access in descend (function ")) << report.trap;
  const std::string& stack = report.call_stack;
  EXPECT_TRUE(stack.starts_with("    #0 descend (function ")) << stack;
  EXPECT_NE(stack.find("    #23 descend (function "), std::string::npos) << stack;
  EXPECT_NE(stack.find(" calls in between\n"), std::string::npos) << stack;
  EXPECT_NE(stack.find(" measure (function "), std::string::npos) << stack;
  EXPECT_NE(stack.find(" _start"), std::string::npos) << stack;
  EXPECT_LT(std::count(stack.begin(), stack.end(), '\n'), 40);
}

/// Function and place of every call: of callers the call itself, whatever an engine keeps.
TEST(Runner, EveryEngineShowsTheSameCalls) {
  std::vector<std::string> stacks;
  for (const char* engine : {"in-place", "register", "aot"}) {
    Program program("deep", engine);
    program.options.arguments = {"100"};
    stacks.push_back(program.run().call_stack);
  }
  EXPECT_FALSE(stacks[0].empty());
  EXPECT_EQ(stacks[0], stacks[1]);
  EXPECT_EQ(stacks[0], stacks[2]);
}

/// Whoever stops a run must know which engines never look up from a loop.
TEST(Runner, OnlyNativeCodeWithoutMeteringCannotPause) {
  EXPECT_TRUE((*make_engine({.name = "interp"}))->pauses());
  EXPECT_TRUE((*make_engine({.name = "in-place"}))->pauses());
  EXPECT_TRUE((*make_engine({.name = "aot", .metering = true}))->pauses());
  EXPECT_FALSE((*make_engine({.name = "aot"}))->pauses());
}

TEST_P(Programs, RecursionWithoutAnEndTraps) {
  Program program("deep", GetParam());
  program.options.arguments = {"100000000"};
  const RunReport report = program.run();
  EXPECT_EQ(report.end, End::trapped);
  EXPECT_TRUE(report.trap.starts_with("call stack exhausted")) << report.trap;
}

TEST(Runner, ATrapNamesFunctionAndOffset) {
  Program program("trap");
  const RunReport report = program.run();
  EXPECT_EQ(report.end, End::trapped);
  EXPECT_EQ(report.process_exit_code(), 134);
  EXPECT_TRUE(report.trap.starts_with("unreachable in start_camera (function ")) << report.trap;
  EXPECT_NE(report.trap.find(") at offset 0x"), std::string::npos);
}

TEST_P(Programs, FuelEndsALoop) {
  Program program("spin", GetParam(), true);
  program.options.fuel = 100'000;
  const RunReport report = program.run();
  EXPECT_EQ(report.end, End::out_of_fuel);
  EXPECT_EQ(report.process_exit_code(), 124);
  EXPECT_GE(report.fuel_used, 100'000u);
  EXPECT_LT(report.fuel_used, 101'000u);
}

TEST_P(Programs, AnInterruptEndsALoop) {
  Program program("spin", GetParam(), true);
  int asked = 0;
  program.options.interrupted = [&] { return ++asked > 3; };
  EXPECT_EQ(program.run().end, End::interrupted);
  EXPECT_EQ(asked, 4);
}

#if !__has_feature(address_sanitizer)  // which needs more addresses than that itself
TEST_P(Programs, AGigabyteOnASmallHostIsAnError) {
  Program program("spin", GetParam());
  constexpr u8 kModule[] = {
      0, 'a', 's', 'm', 1,    0,    0,    0,   1,   4,   1, 0x60, 0,  0, 3, 2, 1, 0,  // one function
      5, 5,   1,   0,   0x80, 0x80, 0x01,  // memory of 16,384 pages
      7, 10,  1,   6,   '_',  's',  't',  'a', 'r', 't', 0, 0,    10, 4, 1, 2, 0, 0x0B};
  program.options.module.assign(std::begin(kModule), std::end(kModule));
  EXPECT_TRUE(run(program.options).ok());
  const auto on_a_small_host = [&] {
    const rlimit limit{600 << 20, 600 << 20};
    setrlimit(RLIMIT_AS, &limit);
    const auto report = run(program.options);
    if (!report.ok()) std::fprintf(stderr, "%s\n", report.error().text.c_str());
    std::_Exit(report.ok() ? 0 : 1);
  };
  EXPECT_EXIT(on_a_small_host(), ::testing::ExitedWithCode(1), "cannot reserve 1073741824 bytes");
}
#endif

TEST(Runner, MemoryBeyondWhatItMayHaveTraps) {
  Program program("stdio");
  program.options.memory_bytes = 96 * 1024;  // the data fits, malloc(100000) cannot
  const RunReport report = program.run();
  EXPECT_EQ(report.end, End::trapped);
  EXPECT_TRUE(report.trap.starts_with("out of bounds memory access")) << report.trap;
}

TEST(Runner, CountsCallsOfEachFunction) {
  Program program("deep", "in-place");
  CallLog calls(CallLog::Mode::count);
  program.options.calls = &calls;
  program.options.arguments = {"10"};
  const RunReport report = program.run();
  EXPECT_NE(report.profile_json.find("\"name\": \"descend\", \"calls\": 11, \"fuel\": 11}"),
            std::string::npos)
      << report.profile_json;
  EXPECT_NE(report.profile_json.find("\"name\": \"measure\", \"calls\": 1, "), std::string::npos);
  EXPECT_NE(report.profile.find("          11  descend\n"), std::string::npos) << report.profile;
}

TEST(Runner, CallsAreCountedInPlaceOnly) {
  Program program("deep", "register");
  CallLog calls(CallLog::Mode::count);
  program.options.calls = &calls;
  const auto report = run(program.options);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::unsupported);
}

TEST(Runner, GoesOnFromACheckpoint) {
  Folder folder;
  const std::string input = "some words and some more";
  const auto make = [&] {
    auto program = std::make_unique<Program>("standard_library", "register");
    program->in.text = input;
    return program;
  };
  auto whole = make();
  const RunReport all = whole->run();
  ASSERT_EQ(all.end, End::exited);
  for (const u64 part : {u64{1}, all.fuel_used / 3, all.fuel_used - 1}) {
    auto first = make(), second = make();
    first->options.checkpoint_after = part;
    first->options.checkpoint_file = folder / "run.checkpoint";
    const RunReport before = first->run();
    ASSERT_EQ(before.end, End::checkpointed) << part;
    EXPECT_EQ(before.fuel_used, part);
    second->in.text = first->in.text;  // what was not read yet
    second->options.resume_file = folder / "run.checkpoint";
    const RunReport after = second->run();
    EXPECT_EQ(after.end, all.end);
    EXPECT_EQ(after.exit_code, all.exit_code);
    EXPECT_EQ(first->out.text + second->out.text, whole->out.text) << part;
  }
}

TEST(Runner, RefusesADamagedCheckpoint) {
  Folder folder;
  folder.write("bad", "this is no checkpoint");
  Program program("time", "register");
  program.options.resume_file = folder / "bad";
  const auto report = run(program.options);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("bad"), std::string::npos) << report.error().text;
}

TEST(Runner, RefusesWhatIsNoProgram) {
  RunOptions options;
  options.module = {0, 'a', 's', 'm', 1, 0, 0, 0, 99};
  auto report = run(options);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().text.rfind("app: ", 0), 0u) << report.error().text;
  options.module = {0, 'a', 's', 'm', 1, 0, 0, 0};
  report = run(options);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("_start"), std::string::npos);
}

TEST(Runner, NamesTheUnknownImport) {
  Program program("stranger");
  const auto report = run(program.options);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::not_found);
  EXPECT_NE(report.error().text.find("acme:laser.fire"), std::string::npos) << report.error().text;
}

TEST(Runner, NamesTheBrokenModelAndTheMissingDirectory) {
  Program program("time");
  program.options.models = {{"default", {1, 2, 3, 4}}};
  auto report = run(program.options);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("model \"default\""), std::string::npos) << report.error().text;
  program.options.models.clear();
  program.options.directories = {{"/no/such/folder", "."}};
  report = run(program.options);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("/no/such/folder"), std::string::npos);
}

}  // namespace
}  // namespace pipit::host
