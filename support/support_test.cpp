#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "support/files.h"
#include "support/http.h"
#include "support/json.h"
#include "support/process.h"
#include "support/table.h"

namespace pipit::support {
namespace {

std::string scratch() {
  char path[] = "/tmp/pipit-support-XXXXXX";
  return mkdtemp(path);
}

TEST(Files, WriteThenReadMakesParentFolders) {
  const std::string folder = scratch();
  const std::string path = folder + "/a/b/file";
  ASSERT_TRUE(write_file(path, as_bytes("hello")).ok());
  auto data = read_file(path);
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(as_text(*data), "hello");
  EXPECT_FALSE(read_file(path, 4).ok());
  std::filesystem::remove_all(folder);
}

TEST(Files, SeveralThreadsWriteTheSameFile) {
  const std::string folder = scratch(), path = folder + "/file";
  constexpr u32 kThreads = 4, kRounds = 100;
  const std::vector<u8> data(256 * 1024, 7);
  std::atomic<u32> failed = 0, torn = 0;
  std::vector<std::thread> threads;
  for (u32 i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (u32 round = 0; round < kRounds; ++round) {
        if (!write_file(path, data).ok()) ++failed;
        const auto read = read_file(path);
        if (!read.ok() || *read != data) ++torn;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0u);
  EXPECT_EQ(torn, 0u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1) << "no temporary file stays";
  std::filesystem::remove_all(folder);
}

TEST(Files, AMissingFileIsNamed) {
  auto data = read_file("/nonexistent/thing");
  ASSERT_FALSE(data.ok());
  EXPECT_EQ(data.error().code, Code::not_found);
  EXPECT_NE(data.error().text.find("/nonexistent/thing"), std::string::npos);
  EXPECT_FALSE(read_file("/tmp").ok());
}

TEST(Files, Sha256OfTheEmptyText) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Json, ReadsPathsWithoutThrowing) {
  auto json = parse_json(R"({"a":{"b":[1,{"c":"x"}]},"t":true,"n":null})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(text_at(*json, {"a", "b", "1", "c"}), "x");
  EXPECT_EQ(int_at(*json, {"a", "b", "0"}), 1);
  EXPECT_EQ(int_at(*json, {"a", "b", "9"}, 7), 7);
  EXPECT_EQ(text_at(*json, {"a", "b"}, "none"), "none");
  EXPECT_TRUE(bool_at(*json, {"t"}));
  EXPECT_EQ(find(*json, {"a", "z"}), nullptr);
}

TEST(Json, SaysWhereTextIsBroken) {
  auto json = parse_json(R"({"a": 1,, })");
  ASSERT_FALSE(json.ok());
  EXPECT_NE(json.error().text.find("byte 9"), std::string::npos) << json.error().text;
}

TEST(Json, DumpsInvalidUtf8) { EXPECT_FALSE(dump(Json("\xff\xfe")).empty()); }

TEST(Process, CapturesOutputAndExitCode) {
  auto output = run({"sh", "-c", "cat; echo err >&2; echo $FOO; exit 3"}, "in\n", {"FOO=bar"});
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, "in\nbar\n");
  EXPECT_EQ(output->err, "err\n");
  EXPECT_EQ(output->exit_code, 3);
}

TEST(Process, PumpsMoreThanAPipeHolds) {
  const std::string input(1 << 20, 'x');
  auto output = run({"cat"}, input);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out.size(), input.size());
}

TEST(Process, AMissingProgramIsNotFound) {
  auto output = run({"no-such-program"});
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code, Code::not_found);
}

TEST(Process, StopsAChildThatIgnoresTerm) {
  auto child = Process::start({"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"}, {});
  ASSERT_TRUE(child.ok()) << child.error().text;
  EXPECT_TRUE(child->running());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  child->stop(200);
  EXPECT_FALSE(child->running());
  EXPECT_EQ(child->exit_code(), 128 + 9);
}

TEST(Process, KnowsItsExitCodeWhereverItIsMoved) {
  auto child = Process::start({"sh", "-c", "exit 3"}, {});
  ASSERT_TRUE(child.ok()) << child.error().text;
  while (child->running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  Process moved = std::move(*child);
  EXPECT_FALSE(moved.running()) << "its number may be another's by now";
  EXPECT_EQ(moved.exit_code(), 3);
}

TEST(Http, NobodyListeningIsUnavailable) {
  auto port = free_port();
  ASSERT_TRUE(port.ok());
  EXPECT_FALSE(wait_for_port(*port, 50));
  auto response = http({.url = "http://127.0.0.1:" + std::to_string(*port) + "/"});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::unavailable);
}

TEST(Http, OnlyHttpIsSpoken) { EXPECT_FALSE(http({.url = "file:///etc/passwd"}).ok()); }

TEST(Table, PadsByWhatATerminalShows) {
  EXPECT_EQ(format_table({"name", "n"}, {{"é", "10"}, {"long", "7"}}, {false, true}),
            "name   n\né     10\nlong   7\n");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1'900'000), "1.9 MB");
}

}  // namespace
}  // namespace pipit::support
