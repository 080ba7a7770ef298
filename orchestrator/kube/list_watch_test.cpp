#include "orchestrator/kube/list_watch.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "orchestrator/kube/informer.h"

namespace pipit::kube {
namespace {

using support::Json;

Json pod(const char* name, const char* uid, const char* version) {
  return {{"metadata", {{"namespace", "n"}, {"name", name}, {"uid", uid}, {"resourceVersion", version}}}};
}

Json list_of(const char* version, std::vector<Json> items, const char* next = "") {
  return {{"metadata", {{"resourceVersion", version}, {"continue", next}}}, {"items", items}};
}

std::string event(const char* type, const Json& object) {
  return support::dump({{"type", type}, {"object", object}}) + "\n";
}

/// An API server that answers from a script and notes what it was asked.
class ScriptedReader : public Reader {
 public:
  Result<Json> get(const std::string& path) const override {
    asked.push_back(path);
    if (lists.empty()) return ApiError(Code::unavailable, "no more lists");
    Json next = lists.front();
    lists.pop_front();
    return next;
  }
  Status stream(const std::string& path, const std::function<bool(std::string_view)>& chunk,
                const std::function<bool()>&) const override {
    asked.push_back(path);
    if (refuse_with != 0) return api_error(refuse_with, {{"reason", "Expired"}}, "watch");
    for (const std::string& line : watch)
      if (!chunk(line)) break;
    return {};
  }
  mutable std::deque<Json> lists;
  mutable std::vector<std::string> asked;
  std::vector<std::string> watch;
  long refuse_with = 0;
};

struct Fixture : testing::Test {
  std::vector<std::string> seen;
  ScriptedReader reader;
  ListWatch list_watch{reader, options(), [this](Delta delta) { seen.push_back(text(delta)); }};

  static ListWatchOptions options() {
    ListWatchOptions options;
    options.path = "/api/v1/pods";
    options.page_size = 2;
    options.keep = [](const Json& object) {
      return support::text_at(object, {"metadata", "name"}) != "ignored";
    };
    return options;
  }
  static std::string text(const Delta& delta) {
    if (delta.type == Delta::Type::synced) return "synced";
    return std::string(delta.type == Delta::Type::upsert ? "+" : "-") +
           support::text_at(delta.object, {"metadata", "name"}) + "/" +
           support::text_at(delta.object, {"metadata", "uid"});
  }
  std::vector<std::string> take() { return std::move(seen); }
};
using ListWatchTest = Fixture;
using Seen = std::vector<std::string>;

TEST_F(ListWatchTest, PagesThenWatchesFromTheListsVersion) {
  reader.lists = {list_of("9", {pod("a", "1", "5"), pod("ignored", "2", "5")}, "to+ken"),
                  list_of("9", {pod("b", "3", "6")})};
  ASSERT_TRUE(list_watch.list().ok());
  EXPECT_EQ(take(), (Seen{"+a/1", "+b/3", "synced"}));
  EXPECT_EQ(reader.asked[1], "/api/v1/pods?limit=2&continue=to%2Bken");

  reader.watch = {event("MODIFIED", pod("a", "1", "10")), event("DELETED", pod("b", "3", "11")),
                  event("ADDED", pod("ignored", "4", "12")), event("BOOKMARK", pod("", "", "40"))};
  ASSERT_TRUE(list_watch.watch([] { return false; }).ok());
  EXPECT_EQ(take(), (Seen{"+a/1", "-b/3"}));
  EXPECT_NE(reader.asked[2].find("resourceVersion=9"), std::string::npos);

  ASSERT_TRUE(list_watch.watch([] { return false; }).ok());
  EXPECT_NE(reader.asked[3].find("resourceVersion=40"), std::string::npos)
      << "a bookmark moves the version on";
}

TEST_F(ListWatchTest, RelistDeliversOnlyDifferences) {
  reader.lists = {list_of("5", {pod("a", "1", "1"), pod("b", "2", "2")}),
                  list_of("50", {pod("b", "2", "2"), pod("c", "3", "40")})};
  ASSERT_TRUE(list_watch.list().ok());
  take();
  ASSERT_TRUE(list_watch.list().ok());
  EXPECT_EQ(take(), (Seen{"-a/1", "+c/3"}));
}

TEST_F(ListWatchTest, AnObjectReplacedWhileNobodyWatchedIsRemovedFirst) {
  reader.lists = {list_of("5", {pod("a", "1", "1")}), list_of("50", {pod("a", "2", "40")})};
  ASSERT_TRUE(list_watch.list().ok());
  take();
  ASSERT_TRUE(list_watch.list().ok());
  EXPECT_EQ(take(), (Seen{"-a/1", "+a/2"}));
}

TEST_F(ListWatchTest, ExpiredVersionIsGoneHoweverItIsSaid) {
  reader.lists = {list_of("5", {})};
  ASSERT_TRUE(list_watch.list().ok());
  reader.watch = {event("ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}})};
  Status by_event = list_watch.watch([] { return false; });
  ASSERT_FALSE(by_event.ok());
  EXPECT_TRUE(by_event.error().gone());
  reader.refuse_with = 410;
  Status by_http = list_watch.watch([] { return false; });
  ASSERT_FALSE(by_http.ok());
  EXPECT_TRUE(by_http.error().gone());
}

TEST_F(ListWatchTest, AFailedOrMalformedListChangesNothing) {
  reader.lists = {list_of("5", {pod("a", "1", "1")}), Json{{"items", 7}}, list_of("6", {Json(7)})};
  ASSERT_TRUE(list_watch.list().ok());
  take();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(list_watch.list().ok());
  EXPECT_EQ(take(), Seen{});
}

TEST(Backoff, DoublesUpToItsBound) {
  Backoff backoff{100, 1000};
  EXPECT_EQ(backoff.next_ms(), 100u);
  EXPECT_EQ(backoff.next_ms(), 200u);
  for (int i = 0; i < 60; ++i) EXPECT_LE(backoff.next_ms(), 1000u);
  EXPECT_EQ(backoff.next_ms(), 1000u);
  backoff.succeeded();
  EXPECT_EQ(backoff.next_ms(), 100u);
}

}  // namespace
}  // namespace pipit::kube
