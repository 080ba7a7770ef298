#include "orchestrator/gateway/pod_logs.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <thread>

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {
namespace {

struct PodLogsTest : testing::Test {
  PodLogs logs;
  void SetUp() override { logs.open("u", "default/fashion/app"); }
  void line(u32 sequence, const std::string& text, i64 at_ms = 0, u64 uptime_ms = 0) {
    logs.append("u", sequence, uptime_ms == 0 ? sequence : uptime_ms, false, text, at_ms);
  }
  std::string read(LogQuery query = {}) {
    PodLogs::Cursor cursor(logs, "u", query);
    std::string out;
    while (!cursor.ended()) out += cursor.next(0);
    return out;
  }
};

TEST_F(PodLogsTest, KeepsLinesInOrderWithoutDoubles) {
  line(0, "a\n");
  line(1, "b");
  line(1, "b");
  line(2, "c");
  line(1, "late double", 0, 99);
  EXPECT_EQ(read(), "a\nb\nc\n");
  EXPECT_EQ(logs.find("default/fashion/app"), "u");
  EXPECT_EQ(logs.find("default/fashion"), "");
}

TEST_F(PodLogsTest, AnswersWhatKubectlAsks) {
  line(0, "a", 1'000);
  line(1, "b", 2'000);
  line(2, "c", 3'000);
  EXPECT_EQ(read({.tail_lines = 1}), "c\n");
  EXPECT_EQ(read({.tail_lines = 0}), "");
  EXPECT_EQ(read({.tail_lines = 99}), "a\nb\nc\n");
  EXPECT_EQ(read({.since_ms = 2'000}), "b\nc\n");
  EXPECT_EQ(read({.limit_bytes = 3}), "a\nb");
  EXPECT_EQ(read({.timestamps = true, .tail_lines = 1}), "1970-01-01T00:00:03.000000Z c\n");
}

TEST_F(PodLogsTest, SeparatesAttempts) {
  EXPECT_EQ(read({.previous = true}), "");
  line(0, "first", 0, 10);
  line(1, "more", 0, 11);
  EXPECT_EQ(read({.previous = true}), "") << "there was no earlier attempt";
  line(0, "second", 0, 20);
  EXPECT_EQ(read(), "second\n");
  EXPECT_EQ(read({.previous = true}), "first\nmore\n");
  EXPECT_EQ(read({.previous = true, .tail_lines = 1}), "more\n");
  line(0, "third", 0, 30);
  EXPECT_EQ(read({.previous = true}), "second\n");
}

TEST_F(PodLogsTest, IsARing) {
  for (u32 i = 0; i < 20'000; ++i) line(i, "line " + std::to_string(i));
  const std::string text = read();
  EXPECT_LE(text.size(), PodLogs::kMaxBytesPerPod);
  EXPECT_GT(text.size(), PodLogs::kMaxBytesPerPod / 10);
  EXPECT_TRUE(text.ends_with("line 19999\n"));
  EXPECT_EQ(text.find("line 5\n"), std::string::npos);
}

TEST_F(PodLogsTest, FollowsUntilThePodIsGone) {
  line(0, "a");
  PodLogs::Cursor cursor(logs, "u", {.follow = true});
  EXPECT_EQ(cursor.next(0), "a\n");
  EXPECT_EQ(cursor.next(0), "");
  EXPECT_FALSE(cursor.ended());
  std::thread writer([this] { line(1, "b"); });
  EXPECT_EQ(cursor.next(5'000), "b\n");
  writer.join();
  std::thread closer([this] { logs.close("u"); });
  EXPECT_EQ(cursor.next(5'000), "");
  closer.join();
  EXPECT_TRUE(cursor.ended());
}

TEST_F(PodLogsTest, FollowsOneAttempt) {
  line(0, "a");
  PodLogs::Cursor first(logs, "u", {.follow = true});
  EXPECT_EQ(first.next(0), "a\n");
  logs.ended("u", unix_ms());
  line(1, "its last words");
  EXPECT_EQ(first.next(0), "its last words\n");
  EXPECT_EQ(first.next(0), "");
  EXPECT_FALSE(first.ended()) << "more may be on its way";
  logs.started("u");
  EXPECT_EQ(first.next(0), "");
  EXPECT_TRUE(first.ended());

  PodLogs::Cursor second(logs, "u", {.follow = true});
  EXPECT_EQ(second.next(0), "");
  EXPECT_FALSE(second.ended()) << "it runs and has said nothing";
  line(0, "b");
  EXPECT_EQ(second.next(0), "b\n");
  EXPECT_EQ(read({.previous = true}), "a\nits last words\n");
  logs.ended("u", unix_ms() - 5'000);
  EXPECT_EQ(second.next(0), "");
  EXPECT_TRUE(second.ended());
  EXPECT_EQ(read({.follow = true}), "b\n") << "of what has ended, all there is";
}

struct KeptPodLogs : testing::Test {
  const std::string folder = testing::TempDir() + "pod_logs." + std::to_string(getpid());
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  /// What a gateway that starts now would answer.
  std::string read(const LogQuery& query = {}) const {
    PodLogs logs(folder);
    logs.open("u", "default/fashion/app");
    PodLogs::Cursor cursor(logs, "u", query);
    std::string out;
    while (!cursor.ended()) out += cursor.next(0);
    return out;
  }
};

TEST_F(KeptPodLogs, AreThereForTheNextGateway) {
  {
    PodLogs logs(folder);
    logs.open("u", "default/fashion/app");
    logs.append("u", 0, 1, false, "first attempt", 1'000);
    logs.append("u", 0, 5, false, "second\nattempt 9 9 9 9 0 1", 2'000);
    logs.append("u", 1, 6, true, std::string("a zero: \0.", 10), 3'000);
  }
  EXPECT_EQ(read(), std::string("second\nattempt 9 9 9 9 0 1\na zero: \0.\n", 38));
  EXPECT_EQ(read({.previous = true}), "first attempt\n");
  EXPECT_EQ(read({.timestamps = true, .since_ms = 3'000}).substr(0, 27), "1970-01-01T00:00:03.000000Z");
  PodLogs logs(folder);
  logs.open("u", "default/fashion/app");
  logs.append("u", 1, 6, true, "said again after the restart", 4'000);
  logs.append("u", 2, 7, false, "new", 4'000);
  EXPECT_TRUE(read().ends_with("\nnew\n"));
  EXPECT_EQ(read().find("again"), std::string::npos);
  logs.close("u");
  EXPECT_EQ(read(), "") << "they go with the Pod";
  EXPECT_FALSE(std::filesystem::exists(folder + "/u.log"));
}

TEST_F(KeptPodLogs, SurviveALineThatWasCutOff) {
  PodLogs logs(folder);
  logs.open("u", "default/fashion/app");
  logs.append("u", 0, 1, false, "whole", 0);
  logs.append("u", 1, 2, false, "cut off", 0);
  const auto size = std::filesystem::file_size(folder + "/u.log");
  for (u32 less = 1; less < 20; ++less) {
    std::filesystem::resize_file(folder + "/u.log", size - less);
    EXPECT_EQ(read(), "whole\n") << less;
    PodLogs next(folder);
    next.open("u", "default/fashion/app");
    next.append("u", 1, 2, false, "cut off", 0);
    EXPECT_EQ(read(), "whole\ncut off\n") << less;
  }
}

TEST_F(KeptPodLogs, TakeBoundedRoom) {
  PodLogs logs(folder);
  logs.open("u", "default/fashion/app");
  const std::string text(1000, 'x');
  for (u32 i = 0; i < 3'000; ++i) logs.append("u", i, i, false, text + std::to_string(i), 0);
  EXPECT_LE(std::filesystem::file_size(folder + "/u.log"), 4 * PodLogs::kMaxBytesPerPod);
  EXPECT_TRUE(read().ends_with("x2999\n"));
  EXPECT_LE(read().size(), PodLogs::kMaxBytesPerPod);
}

TEST_F(KeptPodLogs, OfPodsThatAreNoMoreGo) {
  PodLogs logs(folder);
  for (const char* uid : {"u", "v", "../w"}) {
    logs.open(uid, std::string("default/") + uid + "/app");
    logs.append(uid, 0, 0, false, "x", 0);
  }
  PodLogs(folder).keep_only({"v"});
  EXPECT_FALSE(std::filesystem::exists(folder + "/u.log"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/v.log"));
  EXPECT_FALSE(std::filesystem::exists(folder + "/../w.log")) << "no such name becomes a file";
}

TEST_F(PodLogsTest, KnowsOnlyOpenPods) {
  logs.append("stranger", 0, 0, false, "x", 0);
  PodLogs::Cursor cursor(logs, "stranger", {});
  EXPECT_TRUE(cursor.ended());
  logs.open("v", "default/fashion/app");
  logs.close("u");
  EXPECT_EQ(logs.find("default/fashion/app"), "v") << "a successor of the same name keeps its entry";
}

}  // namespace
}  // namespace pipit::gateway
