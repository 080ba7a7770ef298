#include "agent/mqtt.h"

#include <gtest/gtest.h>

#include "agent/tests/fakes.h"

namespace pipit::agent {
namespace {

using namespace testing;
using namespace std::literals;

class Listener final : public MqttEvents {
 public:
  void on_connected() override { ++connected; }
  void on_disconnected() override { ++disconnected; }
  void on_message(std::string_view topic, Bytes payload) override {
    messages.push_back(std::string(topic) + "=" + std::string(as_text(payload)));
  }
  void on_oversized(std::string_view topic, u32 bytes) override {
    oversized.push_back(std::string(topic) + ":" + std::to_string(bytes));
  }
  int connected = 0, disconnected = 0;
  std::vector<std::string> messages, oversized;
};

class MqttTest : public ::testing::Test {
 protected:
  MqttTest() : receive_(128), send_(256), mqtt_(clock_, entropy_, stream_, {receive_, send_}, listener_) {
    mqtt_.set_identity({.host = {127, 0, 0, 1},
                        .port = 1883,
                        .client_id = "waiot-1-ab",
                        .will_topic = "pipit/w/status",
                        .will = as_bytes("gone"),
                        .keep_alive_s = 15});
  }
  void steps(int count = 5) {
    for (int i = 0; i < count; ++i) mqtt_.step();
  }
  void connect() {
    steps();
    stream_.give("\x20\x02\0\0"sv);
    steps();
    ASSERT_TRUE(mqtt_.connected());
    stream_.sent.clear();
  }
  /// A PUBLISH from the broker.
  static std::string publish(const std::string& topic, const std::string& payload, u16 id) {
    std::string body;
    body += static_cast<char>(topic.size() >> 8);
    body += static_cast<char>(topic.size());
    body += topic;
    if (id != 0) body += {static_cast<char>(id >> 8), static_cast<char>(id)};
    body += payload;
    std::string out(1, id != 0 ? '\x32' : '\x30');
    for (usize left = body.size();; left >>= 7) {
      out += static_cast<char>((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
      if (left <= 0x7F) break;
    }
    return out + body;
  }
  bool send(std::string_view payload, u8 qos, usize reserve = 0) {
    const Mqtt::Message message = {.topic = "t", .qos = qos, .reserve = reserve};
    const MutBytes room = mqtt_.begin(message);
    if (room.empty() || room.size() < payload.size()) return false;
    std::copy(payload.begin(), payload.end(), room.begin());
    mqtt_.commit(message, payload.size());
    return true;
  }

  FakeClock clock_;
  SeededEntropy entropy_;
  ScriptedStream stream_;
  Listener listener_;
  Buffer receive_, send_;
  Mqtt mqtt_;
};

TEST_F(MqttTest, GreetsWithItsLastWill) {
  steps();
  EXPECT_EQ(stream_.sent, "\x10\x2C\0\4MQTT\4\x2E\0\x0F\0\x0Awaiot-1-ab\0\x0Epipit/w/status\0\4gone"s);
  stream_.give("\x20\x02\0\0"sv);
  steps();
  EXPECT_EQ(listener_.connected, 1);
}

TEST_F(MqttTest, ARefusedGreetingIsTriedAgainLater) {
  steps();
  stream_.give("\x20\x02\0\5"sv);
  steps();
  EXPECT_FALSE(mqtt_.connected());
  EXPECT_EQ(stream_.connects, 1u);
  clock_.now_ms += 300;
  steps();
  EXPECT_EQ(stream_.connects, 2u);
}

TEST_F(MqttTest, BacksOffAtMostTenSeconds) {
  stream_.refuse = true;
  u64 longest = 0, last = clock_.now_ms;
  u32 connects = 0;
  for (int i = 0; i < 200'000; ++i) {
    mqtt_.step();
    clock_.now_ms += 1;
    if (stream_.connects == connects) continue;
    connects = stream_.connects;
    longest = std::max(longest, clock_.now_ms - last);
    last = clock_.now_ms;
  }
  EXPECT_GT(longest, 5'000u);
  EXPECT_LE(longest, 10'010u);
  EXPECT_GT(connects, 20u);
}

TEST_F(MqttTest, SubscribesAndPublishes) {
  connect();
  ASSERT_TRUE(mqtt_.subscribe("a/#", 1));
  ASSERT_TRUE(send("hello", 0));
  steps();
  EXPECT_EQ(stream_.sent, "\x82\x08\0\1\0\3a/#\1\x30\x08\0\1thello"s);
  EXPECT_TRUE(mqtt_.idle());
}

TEST_F(MqttTest, AcknowledgesWhatItTook) {
  connect();
  stream_.give(publish("topic", "payload", 0x1234) + publish("other", "", 0));
  steps();
  EXPECT_EQ(listener_.messages, (std::vector<std::string>{"topic=payload", "other="}));
  EXPECT_EQ(stream_.sent, "\x40\x02\x12\x34"s);
}

TEST_F(MqttTest, ReadsPacketsInAnyPieces) {
  connect();
  for (const usize piece : {1u, 2u, 3u, 7u}) {
    stream_.piece = piece;
    listener_.messages.clear();
    for (int i = 0; i < 5; ++i) stream_.give(publish("topic", "payload" + std::to_string(i), 1));
    steps(300);
    ASSERT_EQ(listener_.messages.size(), 5u) << piece;
    EXPECT_EQ(listener_.messages[4], "topic=payload4");
  }
}

TEST_F(MqttTest, PassesOverPacketsThatAreTooLarge) {
  connect();
  stream_.give(publish("big", std::string(1000, 'x'), 7) + publish("small", "ok", 0));
  steps(50);
  EXPECT_EQ(listener_.oversized, (std::vector<std::string>{"big:1007"}));
  EXPECT_EQ(listener_.messages, (std::vector<std::string>{"small=ok"}));
  EXPECT_EQ(stream_.sent, "\x40\x02\x00\x07"s) << "acknowledged, or the broker would send it for ever";
  EXPECT_TRUE(mqtt_.connected());
}

TEST_F(MqttTest, KeepsQosOneUntilAcknowledged) {
  connect();
  ASSERT_TRUE(send("one", 1));
  ASSERT_TRUE(send("two", 1));
  steps();
  EXPECT_EQ(stream_.sent, "\x32\x08\0\1t\0\1one\x32\x08\0\1t\0\2two"s);
  stream_.give("\x40\x02\0\1"sv);
  steps();
  EXPECT_FALSE(mqtt_.idle());
  stream_.close_by_peer();
  steps();
  EXPECT_EQ(listener_.disconnected, 1);
  stream_.sent.clear();
  clock_.now_ms += 1000;
  steps();
  stream_.give("\x20\x02\0\0"sv);
  stream_.sent.clear();
  steps();
  EXPECT_EQ(stream_.sent, "\x3A\x08\0\1t\0\2two"s) << "only what was not acknowledged, marked as a duplicate";
  stream_.give("\x40\x02\0\2"sv);
  steps();
  EXPECT_TRUE(mqtt_.idle());
}

TEST_F(MqttTest, ForgetsQosZeroWithTheConnection) {
  connect();
  stream_.send_room = 4;
  ASSERT_TRUE(send("zero", 0));
  ASSERT_TRUE(send("one", 1));
  steps();
  stream_.close_by_peer();
  steps();
  stream_.send_room = ~usize{0};
  clock_.now_ms += 1000;
  steps();
  stream_.sent.clear();
  stream_.give("\x20\x02\0\0"sv);
  steps();
  EXPECT_EQ(stream_.sent, "\x32\x08\0\1t\0\1one"s) << "never begun, so no duplicate";
}

TEST_F(MqttTest, TheSendBufferIsBoundedAndReserved) {
  connect();
  stream_.send_room = 0;
  int taken = 0;
  while (send("0123456789", 1, 100)) ++taken;
  EXPECT_GT(taken, 2);
  EXPECT_TRUE(send("urgent", 0)) << "the reserve is for others";
  stream_.send_room = ~usize{0};
  steps();
  for (int id = 1; id <= taken; ++id) stream_.give("\x40\x02\0"s + static_cast<char>(id));
  steps(20);
  EXPECT_TRUE(mqtt_.idle());
}

TEST_F(MqttTest, WithoutRoomToAcknowledgeAMessageWaits) {
  connect();
  stream_.send_room = 0;
  while (send("0123456789", 0)) {
  }
  while (send("", 0)) {
  }
  stream_.give(publish("topic", "late", 9));
  steps();
  EXPECT_TRUE(listener_.messages.empty());
  stream_.send_room = ~usize{0};
  steps();
  EXPECT_EQ(listener_.messages.size(), 1u);
}

TEST_F(MqttTest, PingsWhenNothingElseIsSaid) {
  connect();
  clock_.now_ms += 7'499;
  steps();
  EXPECT_EQ(stream_.sent, "");
  clock_.now_ms += 1;
  steps();
  EXPECT_EQ(stream_.sent, "\xC0\0"s);
  stream_.give("\xD0\0"sv);
  steps();
  clock_.now_ms += 5'000;
  steps();
  EXPECT_TRUE(mqtt_.connected());
}

TEST_F(MqttTest, ABrokerThatFallsSilentIsLeft) {
  connect();
  clock_.now_ms += 7'500;
  steps();
  clock_.now_ms += 10'001;
  steps();
  EXPECT_FALSE(mqtt_.connected());
  EXPECT_EQ(listener_.disconnected, 1);
}

TEST_F(MqttTest, ABrokerThatBreaksTheProtocolIsLeft) {
  for (const std::string& bad : {"\x20\x02\0\0"s, "\x30\x01\0"s, "\x32\x03\0\1t"s, "\x32\x05\0\1t\0\0"s,
                                 "\x34\x05\0\1t\0\1"s, "\x30\x80\x80\x80\x80\1"s, "\x90\x03\0\1\x80"s,
                                 "\xF0\0"s, "\x41\x02\0\1"s, "\x50\xFF\xFF\x03"s, "\xD0\1x"s}) {
    clock_.now_ms += 60'000;
    connect();
    const int before = listener_.disconnected;
    stream_.give(bad);
    steps(50);
    EXPECT_EQ(listener_.disconnected, before + 1) << hex(as_bytes(bad));
    EXPECT_EQ(stream_.connects, static_cast<u32>(listener_.connected));
  }
}

TEST_F(MqttTest, SurvivesAnyBytes) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    clock_.now_ms += 60'000;
    steps();
    if (!mqtt_.connected()) {
      stream_.give("\x20\x02\0\0"sv);
      steps();
    }
    std::string text =
        publish("topic", "payload", static_cast<u16>(round % 3)) + "\x40\x02\0\1"s + "\x90\x03\0\1\1"s;
    for (u32 changes = random() % 4; changes > 0; --changes)
      text[random() % text.size()] = static_cast<char>(random());
    stream_.piece = 1 + random() % 40;
    stream_.give(text);
    if (random() % 2 == 0) (void)send("x", 1);
    steps(6);
    stream_.sent.clear();
  }
  EXPECT_GT(listener_.messages.size(), 100u);
  EXPECT_GT(listener_.disconnected, 100);
}

}  // namespace
}  // namespace pipit::agent
