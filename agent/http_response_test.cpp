#include "agent/http_response.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace pipit::agent {
namespace {

using State = HttpResponse::State;

State read(HttpResponse& response, std::string_view text) {
  auto state = State::reading;
  for (const char c : text) state = response.take(static_cast<u8>(c));
  return state;
}

constexpr std::string_view kPart =
    "HTTP/1.1 206 Partial Content\r\nServer: x\r\ncontent-LENGTH:  10 \r\nContent-Range: bytes "
    "5-14/100\r\n\r\n";

TEST(HttpResponse, ReadsWhatARangeRequestNeeds) {
  HttpResponse response;
  ASSERT_EQ(read(response, kPart), State::complete);
  EXPECT_EQ(response.status(), 206u);
  EXPECT_EQ(response.content_length(), 10u);
  EXPECT_EQ(response.range_first(), 5u);
  EXPECT_EQ(response.range_last(), 14u);
  EXPECT_EQ(response.range_total(), 100u);
  EXPECT_TRUE(response.keeps_connection());
}

TEST(HttpResponse, ClosesWhereTheServerSaysSo) {
  HttpResponse old, closing;
  ASSERT_EQ(read(old, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"), State::complete);
  EXPECT_FALSE(old.keeps_connection());
  ASSERT_EQ(read(closing, "HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n"), State::complete);
  EXPECT_FALSE(closing.keeps_connection());
  EXPECT_FALSE(closing.has_length());
}

TEST(HttpResponse, PassesOverLongFields) {
  HttpResponse response;
  const std::string text =
      "HTTP/1.1 200 OK\r\nSet-Cookie: " + std::string(1000, 'c') + "\r\nContent-Length: 3\r\n\r\n";
  ASSERT_EQ(read(response, text), State::complete);
  EXPECT_EQ(response.content_length(), 3u);
}

TEST(HttpResponse, RefusesWhatItCannotTrust) {
  for (const std::string_view bad :
       {"HTTP/2 200\r\n", "HTTP/1.1 2x0 OK\r\n", "HTTP/1.1 99 \r\n", "HTTP/1.1 200 OK\n", "ICY 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\n: nameless\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: lines 1-2/3\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 1-2\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 12/3\r\n"}) {
    HttpResponse response;
    EXPECT_EQ(read(response, bad), State::malformed) << bad;
  }
  HttpResponse endless;
  EXPECT_EQ(read(endless, "HTTP/1.1 200 OK\r\n" + std::string(5000, 'x')), State::malformed);
}

TEST(HttpResponse, SurvivesAnyBytes) {
  std::mt19937 random(11);
  for (int round = 0; round < 50'000; ++round) {
    std::string text(kPart);
    for (u32 changes = 1 + random() % 5; changes > 0; --changes)
      text[random() % text.size()] =
          static_cast<char>(random() % 3 == 0 ? "\r\n: -/"[random() % 6] : random());
    HttpResponse response;
    (void)read(response, text);
  }
}

}  // namespace
}  // namespace pipit::agent
