#include "orchestrator/gateway/blob_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/files.h"
#include "support/http.h"

namespace pipit::gateway {
namespace {

using Kind = ByteRange::Kind;

struct RangeCase {
  const char* header;
  u64 size;
  Kind kind;
  u64 offset, length;
};

class Ranges : public testing::TestWithParam<RangeCase> {};
TEST_P(Ranges, FollowRfc9110) {
  const RangeCase& c = GetParam();
  const ByteRange range = parse_range(c.header, c.size);
  EXPECT_EQ(range.kind, c.kind) << c.header;
  EXPECT_EQ(range.offset, c.offset) << c.header;
  EXPECT_EQ(range.length, c.length) << c.header;
}
INSTANTIATE_TEST_SUITE_P(
    Cases, Ranges,
    testing::Values(
        RangeCase{"", 10, Kind::whole, 0, 10}, RangeCase{"bytes=0-3", 10, Kind::part, 0, 4},
        RangeCase{"bytes=4-", 10, Kind::part, 4, 6}, RangeCase{"bytes=-3", 10, Kind::part, 7, 3},
        RangeCase{"bytes=-30", 10, Kind::part, 0, 10}, RangeCase{"bytes=8-100", 10, Kind::part, 8, 2},
        RangeCase{"bytes=10-", 10, Kind::unsatisfiable, 0, 0},
        RangeCase{"bytes=-0", 10, Kind::unsatisfiable, 0, 0},
        RangeCase{"bytes=0-", 0, Kind::unsatisfiable, 0, 0}, RangeCase{"bytes=3-1", 10, Kind::whole, 0, 10},
        RangeCase{"bytes=0-1,4-5", 10, Kind::whole, 0, 10}, RangeCase{"bytes=x-", 10, Kind::whole, 0, 10},
        RangeCase{"bytes=", 10, Kind::whole, 0, 10}, RangeCase{"items=0-1", 10, Kind::whole, 0, 10},
        RangeCase{"bytes=99999999999999999999999-", 10, Kind::whole, 0, 10}));

struct BlobServerTest : testing::Test {
  std::string folder = testing::TempDir() + "blobs" + std::to_string(getpid());
  std::string text = "0123456789";
  std::string hex = support::sha256_hex(as_bytes(text));
  Images images{folder, {}};
  BlobServer server{images};

  void SetUp() override {
    ASSERT_TRUE(support::write_file(folder + "/blobs/" + hex, as_bytes(text)).ok());
    ASSERT_TRUE(support::write_file(folder + "/secret", as_bytes("secret")).ok());
    ASSERT_TRUE(server.start("127.0.0.1", 0).ok());
    ASSERT_NE(server.port(), 0);
  }
  support::HttpResponse ask(const std::string& path, std::vector<std::string> headers = {},
                            const char* method = "GET") {
    support::HttpRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(server.port()) + path;
    request.headers = std::move(headers);
    auto response = support::http(request);
    EXPECT_TRUE(response.ok());
    return response.ok() ? std::move(*response) : support::HttpResponse();
  }
};

TEST_F(BlobServerTest, SendsWholeAndParts) {
  const auto whole = ask("/blobs/sha256:" + hex);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, text);
  const auto part = ask("/blobs/sha256:" + hex, {"Range: bytes=4-6"});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "456");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 4-6/10");
  const auto past = ask("/blobs/sha256:" + hex, {"Range: bytes=10-"});
  EXPECT_EQ(past.status, 416);
  EXPECT_EQ(past.headers.at("content-range"), "bytes */10");
  const auto head = ask("/blobs/sha256:" + hex, {}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "10");
}

TEST_F(BlobServerTest, SendsNothingElse) {
  for (const std::string& path :
       {std::string("/"), std::string("/secret"), std::string("/blobs/sha256:../secret"),
        std::string("/blobs/sha256:..%2fsecret"), "/blobs/sha256:" + std::string(64, 'a'), "/blobs/" + hex,
        "/blobs/sha256:" + hex + "/"})
    EXPECT_EQ(ask(path).status, 404) << path;
  EXPECT_EQ(ask("/blobs/sha256:" + hex, {}, "PUT").status, 405);
  EXPECT_EQ(ask("/blobs/sha256:" + hex, {}, "DELETE").status, 405);
}

TEST_F(BlobServerTest, RefusesARequestWithABody) {
  support::HttpRequest request;
  request.method = "POST";
  request.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/blobs/sha256:" + hex;
  request.body = std::string(100'000, 'x');
  const auto response = support::http(request);
  ASSERT_TRUE(response.ok()) << response.error().text;
  EXPECT_EQ(response->status, 405);
}

TEST_F(BlobServerTest, CountsOnlySoManyDevices) {
  HttpCall call;
  call.method = "GET";
  call.path = "/blobs/sha256:" + hex;
  for (u32 i = 0; i < 12'000; ++i) {
    call.headers["x-pipit-device"] = "device-" + std::to_string(i);
    ASSERT_EQ(server.answer(call).status, 200u);
  }
  call.path = "/stats";
  const auto stats = support::parse_json(server.answer(call).body);
  ASSERT_TRUE(stats.ok());
  const support::Json* sent = support::find(*stats, {"sentBytes"});
  ASSERT_NE(sent, nullptr);
  EXPECT_LE(sent->size(), 10'001u) << "whoever asks under ever new names must not fill the memory";
  EXPECT_EQ(support::int_at(*sent, {"device-0", "sha256:" + hex}), 10);
  EXPECT_EQ(support::int_at(*sent, {"others", "sha256:others"}), 20'000) << "and is counted all the same";
}

TEST_F(BlobServerTest, CountsWhatEachDeviceWasSent) {
  ask("/blobs/sha256:" + hex, {"Range: bytes=0-3", "X-Pipit-Device: waiot-1"});
  ask("/blobs/sha256:" + hex, {"Range: bytes=4-", "X-Pipit-Device: waiot-1"});
  ask("/blobs/sha256:" + hex, {"X-Pipit-Device: ../x"});
  ask("/blobs/sha256:" + hex, {}, "HEAD");
  const auto stats = support::parse_json(ask("/stats").body);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(support::int_at(*stats, {"sentBytes", "waiot-1", "sha256:" + hex}), 10);
  EXPECT_EQ(support::int_at(*stats, {"sentBytes", "unnamed", "sha256:" + hex}), 10);
}

}  // namespace
}  // namespace pipit::gateway
