#include "agent/fetch.h"

#include <gtest/gtest.h>

#include "agent/tests/fakes.h"

namespace pipit::agent {
namespace {

using namespace testing;

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() : flash_(1 << 16, 4096), stream_(blobs_), buffer_(1024) {
    data_.resize(10'000);
    for (usize i = 0; i < data_.size(); ++i) data_[i] = static_cast<u8>(i * 31 + i / 256);
    digest_ = sha256(data_);
    blobs_[hex(digest_)] = data_;
  }

  Fetch make(ports::TcpStream& stream) {
    Fetch fetch(clock_, entropy_, stream, flash_, buffer_, 4096);
    fetch.set_server({{127, 0, 0, 1}, 80, "waiot-1"});
    fetch.start(digest_, static_cast<u32>(data_.size()), 4096);
    return fetch;
  }
  void drive(Fetch& fetch, u32 seconds = 120) {
    for (u32 i = 0; i < seconds * 100 && fetch.state() == Fetch::State::running; ++i) {
      fetch.step();
      clock_.now_ms += 10;
    }
  }
  /// A fetch whose first answer is `answer`.
  Fetch answered(ScriptedStream& stream, std::string_view answer) {
    Fetch fetch = make(stream);
    stream.on_sent = [&stream, answer = std::string(answer)] { stream.give(answer); };
    drive(fetch);
    return fetch;
  }

  FakeClock clock_;
  SeededEntropy entropy_;
  Blobs blobs_;
  Buffer data_;
  link::Digest digest_;
  CutFlash flash_;
  BlobStream stream_;
  Buffer buffer_;
};

TEST_F(FetchTest, BringsABlobInRangesOverOneConnection) {
  Fetch fetch = make(stream_);
  drive(fetch);
  ASSERT_EQ(fetch.state(), Fetch::State::done);
  const Bytes stored = flash_.view(4096, 10'000);
  EXPECT_TRUE(std::equal(stored.begin(), stored.end(), data_.begin()));
  EXPECT_EQ(stream_.requests, 3u);
  EXPECT_EQ(stream_.connects, 1u);
  EXPECT_EQ(stream_.served_bytes, 10'000u);
}

TEST_F(FetchTest, ContinuesWhereTheConnectionBroke) {
  for (const usize at : {0u, 1u, 777u, 1024u, 4095u}) {
    std::fill(flash_.memory().begin(), flash_.memory().end(), u8{0xFF});
    BlobStream stream(blobs_);
    stream.break_after = at;
    stream.piece = 333;
    Fetch fetch = make(stream);
    drive(fetch);
    ASSERT_EQ(fetch.state(), Fetch::State::done) << at;
    EXPECT_EQ(stream.served_bytes, 10'000u) << "nothing is fetched twice";
    EXPECT_EQ(stream.connects, 2u);
  }
}

TEST_F(FetchTest, SaysThatTheDigestIsWrong) {
  blobs_[hex(digest_)][5000] ^= 1;
  Fetch fetch = make(stream_);
  drive(fetch);
  ASSERT_EQ(fetch.state(), Fetch::State::failed);
  EXPECT_EQ(fetch.failure().reason, link::Reason::digest_mismatch);
}

TEST_F(FetchTest, GivesUpOnAServerThatIsNotThere) {
  stream_.refuse = true;
  Fetch fetch = make(stream_);
  const u64 before = clock_.now_ms;
  drive(fetch);
  ASSERT_EQ(fetch.state(), Fetch::State::failed);
  EXPECT_EQ(fetch.failure().reason, link::Reason::fetch_failed);
  EXPECT_EQ(stream_.connects, 8u);
  EXPECT_GT(clock_.now_ms - before, 5'000u) << "with pauses in between";
}

TEST_F(FetchTest, GivesUpOnAServerThatIsSilent) {
  ScriptedStream silent;
  Fetch fetch = make(silent);
  drive(fetch, 300);
  ASSERT_EQ(fetch.state(), Fetch::State::failed);
  EXPECT_EQ(silent.connects, 8u);
}

TEST_F(FetchTest, ABlobTheServerDoesNotHaveIsFinal) {
  blobs_.clear();
  Fetch fetch = make(stream_);
  drive(fetch);
  ASSERT_EQ(fetch.state(), Fetch::State::failed);
  EXPECT_EQ(fetch.failure().message.view(), "the blob server answered 404");
  EXPECT_EQ(stream_.requests, 1u);
}

TEST_F(FetchTest, RefusesAnotherRangeOrSizeThanAskedFor) {
  for (const std::string_view answer :
       {"HTTP/1.1 206 P\r\nContent-Length: 4096\r\nContent-Range: bytes 1-4096/10000\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 4096\r\nContent-Range: bytes 0-4095/10001\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 4097\r\nContent-Range: bytes 0-4095/10000\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 4096\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"}) {
    ScriptedStream stream;
    const Fetch fetch = answered(stream, answer);
    ASSERT_EQ(fetch.state(), Fetch::State::failed) << answer;
    EXPECT_EQ(fetch.failure().reason, link::Reason::fetch_failed);
    EXPECT_EQ(fetch.fetched_bytes(), 0u);
  }
}

TEST_F(FetchTest, TakesAWholeFileFromAServerWithoutRanges) {
  ScriptedStream stream;
  const std::string body(as_text(data_));
  const Fetch fetch = answered(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + body);
  EXPECT_EQ(fetch.state(), Fetch::State::done);
}

TEST_F(FetchTest, IgnoresBytesNobodyAskedFor) {
  ScriptedStream stream;
  const std::string body(as_text(data_));
  const Fetch fetch =
      answered(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + body + "and more");
  EXPECT_EQ(fetch.state(), Fetch::State::done);
  EXPECT_EQ(stream.state(), ports::TcpStream::State::closed);
  EXPECT_EQ(flash_.view(4096 + 10'000, 1)[0], 0xFF) << "nothing beyond the blob is written";
}

TEST_F(FetchTest, TellsThatFlashFailed) {
  flash_.cut_at(4);
  Fetch fetch = make(stream_);
  drive(fetch);
  ASSERT_EQ(fetch.state(), Fetch::State::failed);
  EXPECT_EQ(fetch.failure().reason, link::Reason::storage_failed);
}

TEST_F(FetchTest, AsksAsAgreed) {
  ScriptedStream stream;
  Fetch fetch = make(stream);
  for (int i = 0; i < 5; ++i) fetch.step();
  EXPECT_EQ(stream.sent,
            "GET /blobs/sha256:" + hex(digest_) +
                " HTTP/1.1\r\nHost: 127.0.0.1:80\r\nRange: bytes=0-4095\r\nX-Pipit-Device: waiot-1\r\n\r\n");
}

}  // namespace
}  // namespace pipit::agent
