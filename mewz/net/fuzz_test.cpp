// Hostile packets: the card's driver, lwIP and the sockets in one process, frames of every protocol we speak
// changed in every way, and a device that lies. Afterwards everything still works and nothing is lost.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "mewz/net/interface.h"
#include "mewz/net/sockets.h"
#include "mewz/net/testing/fake_machine.h"

namespace pipit::mewz {
namespace {

using Frame = testing::FakeCard::Frame;
using ports::Sockets;

constexpr u8 kOurs[] = {10, 0, 0, 2}, kTheirs[] = {10, 0, 0, 1};
constexpr u8 kFin = 1, kSyn = 2, kReset = 4, kPush = 8, kAck = 16, kUrgent = 32;

void store16(Frame& frame, usize at, u32 value) {
  frame[at] = static_cast<u8>(value >> 8);
  frame[at + 1] = static_cast<u8>(value);
}
void store32(Frame& frame, usize at, u32 value) {
  store16(frame, at, value >> 16);
  store16(frame, at + 2, value);
}
u32 load32(const Frame& frame, usize at) {
  return u32{frame[at]} << 24 | u32{frame[at + 1]} << 16 | u32{frame[at + 2]} << 8 | frame[at + 3];
}

Frame ethernet(u32 type, usize bytes) {
  Frame frame(14 + bytes);
  const auto mac = network().mac();
  std::copy(mac.begin(), mac.end(), frame.begin());
  frame[6] = 2;
  store16(frame, 12, type);
  return frame;
}

/// RFC 1071 over a header.
void fix_checksum(Frame& frame, usize begin, usize end, usize at) {
  if (at + 2 > frame.size() || end > frame.size()) return;
  store16(frame, at, 0);
  u32 sum = 0;
  for (usize i = begin; i + 1 < end; i += 2) sum += u32{frame[i]} << 8 | frame[i + 1];
  if ((end - begin) % 2 != 0) sum += u32{frame[end - 1]} << 8;
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  store16(frame, at, ~sum);
}

Frame ipv4(u8 protocol, const Frame& payload, u32 fragment = 0) {
  Frame frame = ethernet(0x0800, 20 + payload.size());
  frame[14] = 0x45;
  store16(frame, 16, static_cast<u32>(20 + payload.size()));
  store16(frame, 20, fragment);
  frame[22] = 64;
  frame[23] = protocol;
  std::copy_n(kTheirs, 4, frame.begin() + 26);
  std::copy_n(kOurs, 4, frame.begin() + 30);
  fix_checksum(frame, 14, 34, 24);
  std::copy(payload.begin(), payload.end(), frame.begin() + 34);
  return frame;
}

Frame tcp(u16 from, u16 to, u32 sequence, u32 acknowledged, u8 flags, std::string_view data = "") {
  Frame segment(20 + data.size());
  store16(segment, 0, from);
  store16(segment, 2, to);
  store32(segment, 4, sequence);
  store32(segment, 8, acknowledged);
  segment[12] = 0x50;
  segment[13] = flags;
  store16(segment, 14, 8000);
  std::copy(data.begin(), data.end(), segment.begin() + 20);
  return ipv4(6, segment);
}

Frame udp(u16 from, u16 to, const Frame& data) {
  Frame packet(8 + data.size());
  store16(packet, 0, from);
  store16(packet, 2, to);
  store16(packet, 4, static_cast<u32>(packet.size()));
  std::copy(data.begin(), data.end(), packet.begin() + 8);
  return ipv4(17, packet);
}

Frame arp(u8 operation) {
  Frame frame = ethernet(0x0806, 28);
  const u8 head[] = {0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 0};
  std::copy(std::begin(head), std::end(head), frame.begin() + 14);
  std::copy_n(kTheirs, 4, frame.begin() + 28);
  std::copy_n(kOurs, 4, frame.begin() + 38);
  return frame;
}

Frame icmp6(u8 type, const Frame& body) {
  Frame frame = ethernet(0x86DD, 40 + 4 + body.size());
  frame[14] = 0x60;
  store16(frame, 18, static_cast<u32>(4 + body.size()));
  frame[20] = 58;
  frame[21] = 255;
  frame[22] = 0xFE, frame[23] = 0x80, frame[37] = 1;  // from fe80::1
  frame[38] = 0xFF, frame[39] = 2, frame[53] = 1;     // to all nodes
  frame[54] = type;
  std::copy(body.begin(), body.end(), frame.begin() + 58);
  return frame;
}

void fix_icmp6(Frame& frame) {
  if (frame.size() < 58 || frame[20] != 58) return;
  // The pseudo header, laid in front for the sum.
  Frame sum(40 + frame.size() - 54);
  std::copy_n(frame.begin() + 22, 32, sum.begin());
  store32(sum, 32, static_cast<u32>(frame.size() - 54));
  sum[39] = 58;
  std::copy(frame.begin() + 54, frame.end(), sum.begin() + 40);
  fix_checksum(sum, 0, sum.size(), 42);
  frame[56] = sum[42], frame[57] = sum[43];
}

std::vector<Frame> corpus() {
  const Frame advertisement = {64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0,    0,    3, 4, 64, 0xC0, 0, 0,
                               1,  0, 0, 0, 1, 0, 0, 0, 0, 0, 0xFE, 0xC0, 0, 0, 0,  0,    0, 0,
                               0,  0, 0, 0, 0, 0, 0, 0, 1, 1, 2,    3,    4, 5, 6,  7};
  Frame name = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0,  0, 1, 'a', 0, 0, 1, 0,
                1,    0xC0, 12,   0,    1, 0, 1, 0, 0, 0, 60, 0, 4, 1,   2, 3, 4};
  Frame offer(240 + 16);
  const u8 dhcp[] = {2, 1, 6, 0};
  std::copy(std::begin(dhcp), std::end(dhcp), offer.begin());
  const u8 options[] = {0x63, 0x82, 0x53, 0x63, 53, 1, 2, 54, 4, 10, 0, 0, 1, 255};
  std::copy(std::begin(options), std::end(options), offer.begin() + 236);
  return {arp(1),
          arp(2),
          ipv4(1, {8, 0, 0, 0, 1, 2, 3, 4, 5, 6}),
          tcp(5000, 80, 100, 0, kSyn),
          tcp(5000, 80, 101, 1, kAck | kPush, "GET / HTTP/1.0\r\n\r\n"),
          tcp(5000, 80, 101, 1, kReset),
          tcp(5001, 81, 100, 0, kSyn),
          udp(5000, 4000, {1, 2, 3}),
          udp(53, 49'152, name),
          udp(67, 68, offer),
          ipv4(17, Frame(64, 9), 0x2000),
          ipv4(17, Frame(64, 9), 8),
          icmp6(128, {0, 1, 0, 1, 9, 9}),
          icmp6(134, advertisement),
          icmp6(135, Frame(28, 0xFE)),
          icmp6(136, Frame(28, 0xFE)),
          icmp6(2, Frame(48, 1))};
}

/// One change of `frame`: a bit, a byte, its length, or a piece of another.
void change(Frame& frame, const std::vector<Frame>& others, std::mt19937& random) {
  const auto below = [&](usize most) { return static_cast<usize>(random() % most); };
  switch (below(5)) {
    case 0: frame[below(frame.size())] ^= static_cast<u8>(1u << below(8)); break;
    case 1: frame[below(frame.size())] = static_cast<u8>(random()); break;
    case 2: frame.resize(1 + below(frame.size())); break;
    case 3: frame.resize(frame.size() + below(1514 - std::min<usize>(frame.size(), 1513)), 0x5A); break;
    default: {
      const Frame& other = others[below(others.size())];
      const usize at = below(frame.size());
      std::copy_n(other.begin(), std::min(other.size(), frame.size() - at),
                  frame.begin() + static_cast<long>(at));
    }
  }
}

/// The machine, once for all tests: lwIP cannot be started twice.
class Fuzz : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static CommandLine command;
    const std::string words = "ip=10.0.0.2/24,10.0.0.1 dns=10.0.0.1";
    ASSERT_TRUE(parse_command_line(words, command).ok());
    ASSERT_TRUE(network().init(command).ok());
    Sockets& all = sockets(Owner::first);
    ASSERT_EQ(all.open(Sockets::Family::inet6, Sockets::Type::stream, listener_), 0);
    ASSERT_EQ(all.bind(listener_, {.family = Sockets::Family::inet6, .port = 80}), 0);
    ASSERT_EQ(all.listen(listener_, 64), 0);
    ASSERT_EQ(all.open(Sockets::Family::inet4, Sockets::Type::datagram, datagrams_), 0);
    ASSERT_EQ(all.bind(datagrams_, {.family = Sockets::Family::inet4, .port = 4000}), 0);
  }

  static void pass(u32 ms) {
    testing::now_ms() += ms;
    while (network().poll()) {
    }
  }
  /// One turn of a server that reads, answers, and closes.
  static void serve() {
    Sockets& all = sockets(Owner::first);
    u8 data[512];
    usize count;
    bool truncated;
    Sockets::Address from;
    for (u32 connection; all.accept(listener_, connection) == 0; (void)all.close(connection)) {
      (void)all.receive(connection, data, false, count, truncated, from);
      (void)all.send(connection, as_bytes("answer"), nullptr, count);
    }
    while (all.receive(datagrams_, data, false, count, truncated, from) == 0) {
    }
  }
  /// Begins a connection from `port`, with our sequence number at 7001; the machine's next one, 0 when it
  /// does not answer.
  static u32 connect(u16 port) {
    u32 theirs = 0;
    if (!testing::card().receive(arp(2)) || !testing::card().receive(tcp(port, 80, 7000, 0, kSyn))) return 0;
    pass(1);
    for (const Frame& frame : testing::card().sent())
      if (frame.size() >= 54 && frame[23] == 6 && frame[47] == (kSyn | kAck) && frame[36] == port >> 8 &&
          frame[37] == (port & 0xFF))
        theirs = load32(frame, 38) + 1;
    return theirs;
  }
  /// A connection from `port` is made, asks and is answered.
  static void expect_service(u16 port) {
    const u32 theirs = connect(port);
    ASSERT_NE(theirs, 0u) << "no answer to a SYN";
    ASSERT_TRUE(testing::card().receive(tcp(port, 80, 7001, theirs, kAck | kPush, "question")));
    pass(1);
    serve();
    pass(1);
    bool answered = false;
    for (const Frame& frame : testing::card().sent())
      answered |= frame.size() == 54 + 6 && std::memcmp(&frame[54], "answer", 6) == 0;
    EXPECT_TRUE(answered);
    ASSERT_TRUE(testing::card().receive(tcp(port, 80, 7009, theirs + 6, kReset | kAck)));
    pass(1);
    (void)testing::card().sent();
  }
  /// Whatever waits for a peer gives up: the machine as well, on connections it has closed.
  static void wait_long() {
    for (u32 i = 0; i < 4000; ++i) {
      pass(250);
      serve();
      (void)testing::card().sent();
    }
  }

  static inline u32 listener_ = 0, datagrams_ = 0;
};

TEST_F(Fuzz, NothingBreaksOrLeaks) {
  expect_service(6000);
  const std::vector<Frame> seeds = corpus();
  const u32 seed = 2026;
  std::mt19937 random(seed);
  const auto below = [&](usize most) { return static_cast<usize>(random() % most); };
  const char* const wanted = std::getenv("PIPIT_FUZZ_FRAMES");
  const u32 frames = wanted != nullptr ? static_cast<u32>(std::stoul(wanted)) : 60'000;
  u32 theirs = 0;
  for (u32 i = 0; i < frames; ++i) {
    Frame frame = seeds[below(seeds.size())];
    const u16 port = static_cast<u16>(10'000 + i / 64 % 50'000);
    if (i % 64 == 0) theirs = connect(port);
    if (below(2) == 0 && theirs != 0) {  // of a connection that is there
      constexpr u8 kFlags[] = {kAck, kAck | kPush, kAck | kPush | kFin, kSyn, kReset | kAck, kAck | kUrgent};
      frame = tcp(port, 80, static_cast<u32>(7001 + below(64)), theirs + static_cast<u32>(below(3)),
                  kFlags[below(std::size(kFlags))], std::string(below(200), 'x'));
    }
    for (usize changes = below(4); changes > 0; --changes) change(frame, seeds, random);
    // What a checksum would catch is let through most of the time, to reach what lies behind.
    if (below(8) != 0 && frame.size() >= 34 && frame[12] == 8 && frame[13] == 0)
      fix_checksum(frame, 14, 34, 24);
    if (below(8) != 0 && frame.size() >= 38 && frame[23] == 1) fix_checksum(frame, 34, frame.size(), 36);
    if (below(8) != 0) fix_icmp6(frame);
    ASSERT_TRUE(testing::card().receive(frame, below(4) != 0)) << "frame " << i << ": no buffer came back";
    pass(static_cast<u32>(below(20)));
    if (below(3) == 0) serve();
    (void)testing::card().sent();
  }
  wait_long();
  const auto usage = network().usage();
  EXPECT_EQ(usage.connections, 0u);
  EXPECT_EQ(usage.segments, 0u);
  EXPECT_EQ(usage.buffers, 0u);
  EXPECT_EQ(usage.receive_buffers, 0u) << "frames that nobody gave back";
  expect_service(6001);
}

TEST_F(Fuzz, ASynFromThePortOfAClosedConnectionOpensANewOne) {
  expect_service(6002);
  expect_service(6002);
}

TEST_F(Fuzz, ADeviceThatLiesEndsTheMachineWithALine) {
  EXPECT_EXIT((testing::card().lie(9999, 10), network().poll()), ::testing::ExitedWithCode(70),
              "network card: .*does not have");
  EXPECT_EXIT((testing::card().lie(1, 1u << 20), network().poll()), ::testing::ExitedWithCode(70),
              "network card: .*wrote beyond");
}

/// The last one: the listener has hung up afterwards.
TEST_F(Fuzz, DatagramsGoToWhoIsActive) {
  Sockets &old = sockets(Owner::first), &young = sockets(Owner::second);
  u32 second = 0, third = 0;
  const Sockets::Address port{.family = Sockets::Family::inet4, .port = 4000};
  ASSERT_EQ(young.open(Sockets::Family::inet4, Sockets::Type::datagram, second), 0);
  ASSERT_EQ(old.open(Sockets::Family::inet4, Sockets::Type::datagram, third), 0);
  EXPECT_EQ(old.bind(third, port), 3) << "its own port is in use";
  EXPECT_EQ(old.close(third), 0);
  pass_trial(Owner::first);
  EXPECT_EQ(young.bind(second, port), 0);
  const auto has = [&](Sockets& all, u32 handle) {
    u8 data[64];
    usize count = 0;
    bool truncated;
    Sockets::Address from;
    return all.receive(handle, data, false, count, truncated, from) == 0 && count == 3;
  };
  const auto send = [] {
    ASSERT_TRUE(testing::card().receive(udp(5000, 4000, {1, 2, 3})));
    pass(1);
  };
  send();
  EXPECT_TRUE(has(old, datagrams_));
  EXPECT_FALSE(has(young, second));
  pass_trial(Owner::second);
  hang_up(Owner::first);
  send();
  EXPECT_FALSE(has(old, datagrams_));
  EXPECT_TRUE(has(young, second));
  close_all(Owner::second, false);
  send();
  EXPECT_TRUE(has(old, datagrams_));
}

}  // namespace
}  // namespace pipit::mewz
