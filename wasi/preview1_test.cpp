#include "wasi/errno.h"
#include "wasi/tests/probe.h"

namespace pipit::wasi {
namespace {

using testing::Probe;

constexpr u32 code(Errno error) { return static_cast<u32>(error); }
constexpr u32 kOk = 0;
constexpr u32 kAt = 1024;        // free guest memory
constexpr u32 kEnd = 64 * 1024;  // one page

TEST(Preview1, HandsOverArgumentsAndEnvironment) {
  Probe probe;
  const std::string_view arguments[] = {"app", "two words", ""};
  const std::string_view environment[] = {"A=1"};
  probe.context.arguments = arguments;
  probe.context.environment = environment;
  ASSERT_EQ(probe.call("args_sizes_get", {kAt, kAt + 4}), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt), 3u);
  EXPECT_EQ(probe.peek<u32>(kAt + 4), 4u + 10 + 1);
  ASSERT_EQ(probe.call("args_get", {kAt, kAt + 100}), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt + 4), kAt + 104);
  EXPECT_EQ(probe.text(kAt + 100, 15), std::string("app\0two words\0\0", 15));
  ASSERT_EQ(probe.call("environ_get", {kAt, kAt + 100}), kOk);
  EXPECT_EQ(probe.text(kAt + 100, 4), std::string("A=1\0", 4));
  EXPECT_EQ(probe.call("args_get", {kAt, kEnd - 2}), code(Errno::fault));
}

TEST(Preview1, ReadsClocks) {
  Probe probe;
  ASSERT_EQ(probe.call("clock_time_get", {1, 0, kAt}), kOk);
  EXPECT_EQ(probe.peek<u64>(kAt), 1'000'000'000u);
  ASSERT_EQ(probe.call("clock_time_get", {0, 0, kAt}), kOk);
  EXPECT_EQ(probe.peek<u64>(kAt), 1'700'000'001'000'000'000u);
  ASSERT_EQ(probe.call("clock_res_get", {1, kAt}), kOk);
  EXPECT_EQ(probe.peek<u64>(kAt), 1'000'000u);
  EXPECT_EQ(probe.call("clock_time_get", {4, 0, kAt}), code(Errno::inval));
}

TEST(Preview1, WritesVectorsToTheirConsole) {
  Probe probe;
  probe.poke_text(kAt, "hello, world\n");
  probe.poke<u32>(kAt + 100, kAt);
  probe.poke<u32>(kAt + 104, 7);
  probe.poke<u32>(kAt + 108, kAt + 7);
  probe.poke<u32>(kAt + 112, 6);
  ASSERT_EQ(probe.call("fd_write", {1, kAt + 100, 2, kAt + 200}), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt + 200), 13u);
  EXPECT_EQ(probe.out.text, "hello, world\n");
  ASSERT_EQ(probe.call("fd_write", {2, kAt + 100, 1, kAt + 200}), kOk);
  EXPECT_EQ(probe.err.text, "hello, ");
  EXPECT_EQ(probe.call("fd_write", {0, kAt + 100, 2, kAt + 200}), code(Errno::badf));
  EXPECT_EQ(probe.call("fd_write", {9, kAt + 100, 2, kAt + 200}), code(Errno::badf));
}

TEST(Preview1, ABadVectorWritesNothing) {
  Probe probe;
  probe.poke_text(kAt, "hello");
  probe.poke<u32>(kAt + 100, kAt);
  probe.poke<u32>(kAt + 104, 5);
  probe.poke<u32>(kAt + 108, kEnd - 3);
  probe.poke<u32>(kAt + 112, 4);
  EXPECT_EQ(probe.call("fd_write", {1, kAt + 100, 2, kAt + 200}), code(Errno::fault));
  probe.poke<u32>(kAt + 108, 0xFFFF'FFFF);
  probe.poke<u32>(kAt + 112, 0xFFFF'FFFF);
  EXPECT_EQ(probe.call("fd_write", {1, kAt + 100, 2, kAt + 200}), code(Errno::fault));
  EXPECT_EQ(probe.call("fd_write", {1, kAt + 100, 1, kEnd - 2}), code(Errno::fault));
  EXPECT_EQ(probe.call("fd_write", {1, kAt + 100, 1025, kAt + 200}), code(Errno::inval));
  EXPECT_EQ(probe.call("fd_write", {1, 0xFFFF'FFFC, 1, kAt}), code(Errno::fault));
  EXPECT_EQ(probe.out.text, "");
}

TEST(Preview1, ReadingStandardInputWaits) {
  Probe probe;
  probe.poke<u32>(kAt, kAt + 100);
  probe.poke<u32>(kAt + 4, 16);
  EXPECT_EQ(probe.call("fd_read", {0, kAt, 1, kAt + 50}), 1001u);
  EXPECT_EQ(probe.resume(), wasm::RunState::pending);
  probe.in.text = "typed";
  ASSERT_EQ(probe.resume(), wasm::RunState::finished);
  EXPECT_EQ(probe.answer(), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt + 50), 5u);
  EXPECT_EQ(probe.text(kAt + 100, 5), "typed");
  probe.in.ended = true;
  EXPECT_EQ(probe.call("fd_read", {0, kAt, 1, kAt + 50}), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt + 50), 0u);
}

TEST(Preview1, FillsRandomBytesWithinMemoryOnly) {
  Probe probe;
  ASSERT_EQ(probe.call("random_get", {kAt, 3}), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt), 0x00A5A5A5u);
  EXPECT_EQ(probe.call("random_get", {kEnd - 1, 2}), code(Errno::fault));
  EXPECT_EQ(probe.call("random_get", {0xFFFF'FFFF, 0xFFFF'FFFF}), code(Errno::fault));
  EXPECT_EQ(probe.peek<u8>(kEnd - 1), 0u);
}

TEST(Preview1, ExitCarriesItsCode) {
  Probe probe;
  probe.start("proc_exit", {42});
  ASSERT_EQ(probe.resume(), wasm::RunState::exited);
  EXPECT_EQ(probe.instance().exit_code(), 42u);
}

void poke_clock(Probe& probe, u32 at, u64 userdata, u32 id, u64 timeout_ns, u16 flags) {
  probe.poke<u64>(at, userdata);
  probe.poke<u8>(at + 8, 0);
  probe.poke<u32>(at + 16, id);
  probe.poke<u64>(at + 24, timeout_ns);
  probe.poke<u16>(at + 40, flags);
}

TEST(Poll, WaitsForTheNearestClockWithoutBlocking) {
  Probe probe;
  poke_clock(probe, kAt, 11, 1, 50'000'000, 0);
  poke_clock(probe, kAt + 48, 22, 1, 20'000'000, 0);
  ASSERT_EQ(probe.call("poll_oneoff", {kAt, kAt + 200, 2, kAt + 400}), 1001u);
  EXPECT_EQ(probe.context.poll_deadline_ns, 1'020'000'000u);
  probe.clock.ms += 19;
  EXPECT_EQ(probe.resume(), wasm::RunState::pending);
  probe.clock.ms += 1;
  ASSERT_EQ(probe.resume(), wasm::RunState::finished);
  EXPECT_EQ(probe.answer(), kOk);
  EXPECT_EQ(probe.peek<u32>(kAt + 400), 1u);
  EXPECT_EQ(probe.peek<u64>(kAt + 200), 22u);
  EXPECT_EQ(probe.peek<u16>(kAt + 208), 0u);
  EXPECT_EQ(probe.context.poll_started_ns, 0u);
}

TEST(Poll, KnowsAbsoluteTimesAndInput) {
  Probe probe;
  poke_clock(probe, kAt, 1, 1, 900'000'000, 1);  // past
  ASSERT_EQ(probe.call("poll_oneoff", {kAt, kAt + 200, 1, kAt + 400}), kOk);
  poke_clock(probe, kAt, 1, 1, ~u64{0}, 1);  // never
  probe.poke<u64>(kAt + 48, 5);
  probe.poke<u8>(kAt + 56, 1);  // fd_read
  probe.poke<u32>(kAt + 64, 0);
  EXPECT_EQ(probe.call("poll_oneoff", {kAt, kAt + 200, 2, kAt + 400}), 1001u);
  probe.in.text = "x";
  ASSERT_EQ(probe.resume(), wasm::RunState::finished);
  EXPECT_EQ(probe.peek<u64>(kAt + 200), 5u);
  probe.poke<u32>(kAt + 64, 77);  // no such descriptor: told in the event
  ASSERT_EQ(probe.call("poll_oneoff", {kAt + 48, kAt + 200, 1, kAt + 400}), kOk);
  EXPECT_EQ(probe.peek<u16>(kAt + 208), code(Errno::badf));
}

TEST(Poll, RefusesBadArrays) {
  Probe probe;
  EXPECT_EQ(probe.call("poll_oneoff", {kAt, kAt, 0, kAt}), code(Errno::inval));
  EXPECT_EQ(probe.call("poll_oneoff", {kAt, kAt, 0xFFFF'FFFF, kAt}), code(Errno::inval));
  EXPECT_EQ(probe.call("poll_oneoff", {kEnd - 47, kAt, 1, kAt}), code(Errno::fault));
  EXPECT_EQ(probe.call("poll_oneoff", {kAt, kEnd - 31, 1, kAt}), code(Errno::fault));
  EXPECT_EQ(probe.context.poll_started_ns, 0u);
}

TEST(Tables, OfferEveryCallOfPreview1) {
  EXPECT_TRUE(offers("wasi_snapshot_preview1", "path_open"));
  EXPECT_TRUE(offers("wasi_ephemeral_nn", "compute"));
  EXPECT_TRUE(offers("pipit:sensor", "read"));
  EXPECT_FALSE(offers("wasi_snapshot_preview1", "read"));
  EXPECT_FALSE(offers("env", "fd_write"));
}

/// Every export of the probe with hostile arguments: an answer, never a trap, and never a write outside of
/// memory (which the sanitizers of the asan build would see).
TEST(Tables, HostileArgumentsAreAnswered) {
  constexpr const char* kCalls[] = {"args_get",
                                    "args_sizes_get",
                                    "environ_get",
                                    "environ_sizes_get",
                                    "clock_res_get",
                                    "clock_time_get",
                                    "fd_advise",
                                    "fd_allocate",
                                    "fd_close",
                                    "fd_datasync",
                                    "fd_fdstat_get",
                                    "fd_fdstat_set_flags",
                                    "fd_fdstat_set_rights",
                                    "fd_filestat_get",
                                    "fd_filestat_set_size",
                                    "fd_filestat_set_times",
                                    "fd_pread",
                                    "fd_prestat_dir_name",
                                    "fd_prestat_get",
                                    "fd_pwrite",
                                    "fd_read",
                                    "fd_readdir",
                                    "fd_renumber",
                                    "fd_seek",
                                    "fd_sync",
                                    "fd_tell",
                                    "fd_write",
                                    "path_create_directory",
                                    "path_filestat_get",
                                    "path_filestat_set_times",
                                    "path_link",
                                    "path_open",
                                    "path_readlink",
                                    "path_remove_directory",
                                    "path_rename",
                                    "path_symlink",
                                    "path_unlink_file",
                                    "poll_oneoff",
                                    "proc_raise",
                                    "sched_yield",
                                    "random_get",
                                    "sock_accept",
                                    "sock_recv",
                                    "sock_send",
                                    "sock_shutdown",
                                    "load",
                                    "load_by_name",
                                    "init_execution_context",
                                    "set_input",
                                    "compute",
                                    "get_output",
                                    "open",
                                    "read",
                                    "publish"};
  constexpr u32 kCounts[] = {2, 2, 2, 2, 2, 3, 4, 3, 1, 1, 2, 2, 3, 2, 2, 4, 5, 3, 2, 5, 4, 5, 2, 4, 1, 2, 4,
                             3, 5, 7, 7, 9, 6, 3, 6, 5, 3, 4, 1, 0, 2, 3, 6, 5, 2, 5, 3, 2, 3, 1, 5, 3, 4, 5};
  static_assert(std::size(kCalls) == std::size(kCounts));
  constexpr u64 kValues[] = {0,    1,        2,           3,           7,           1024,   kEnd - 1,
                             kEnd, kEnd + 1, 0x7FFF'FFFF, 0x8000'0000, 0xFFFF'FFFF, ~u64{0}};
  u64 seed = 1;
  const auto random = [&] { return seed = seed * 6364136223846793005u + 1442695040888963407u, seed >> 33; };
  auto probe = std::make_unique<Probe>();
  for (u32 round = 0; round < 20'000; ++round) {
    const u32 which = static_cast<u32>(random() % std::size(kCalls));
    std::vector<u64> arguments(kCounts[which]);
    for (u64& argument : arguments) argument = kValues[random() % std::size(kValues)];
    if (kCalls[which] == std::string_view("random_get")) arguments[1] %= 100'000;
    const u32 answer = probe->call(kCalls[which], arguments);
    ASSERT_NE(answer, 1000u) << kCalls[which] << " trapped in round " << round;
    if (answer == 1001) probe = std::make_unique<Probe>();  // a wait that nothing ends
  }
}

}  // namespace
}  // namespace pipit::wasi
