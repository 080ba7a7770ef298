#include "wasi/errno.h"
#include "wasi/tests/probe.h"

namespace pipit::wasi {
namespace {

using testing::Probe;

constexpr u32 code(Errno error) { return static_cast<u32>(error); }
constexpr u32 kOk = 0, kAt = 1024, kOut = 1200, kInfo = 1300;

TEST(Sensor, WaitsForAFrameAndTellsWhatItIs) {
  Probe probe;
  probe.poke_text(kAt, "camera");
  ASSERT_EQ(probe.call("open", {kAt, 6, kOut}), kOk);
  EXPECT_EQ(probe.peek<u32>(kOut), 7u);
  EXPECT_FALSE(probe.context.reached_first_read);
  EXPECT_EQ(probe.call("read", {7, kOut, 6, kInfo}), 1001u);
  EXPECT_TRUE(probe.context.reached_first_read);
  EXPECT_EQ(probe.resume(), wasm::RunState::pending);
  probe.sensor.next = 41;
  probe.sensor.frames.push_back({1, 2, 3, 4, 5, 6});
  ASSERT_EQ(probe.resume(), wasm::RunState::finished);
  EXPECT_EQ(probe.answer(), kOk);
  EXPECT_EQ(probe.text(kOut, 6), "\1\2\3\4\5\6");
  EXPECT_EQ(probe.peek<u32>(kInfo), 41u);
  EXPECT_EQ(probe.peek<u32>(kInfo + 4), 6u);
  EXPECT_EQ(probe.peek<u8>(kInfo + 8), 4u);
  EXPECT_EQ(probe.peek<u8>(kInfo + 9), 2u);
  EXPECT_EQ(probe.peek<u32>(kInfo + 12), 2u);
  EXPECT_EQ(probe.peek<u32>(kInfo + 16), 3u);
  EXPECT_EQ(probe.peek<u32>(kInfo + 20), 0u);
  EXPECT_EQ(probe.peek<u64>(kInfo + 32), 0x1'0000'0001u);
}

TEST(Sensor, ErrorsLeaveTheFrame) {
  Probe probe;
  probe.sensor.frames.push_back({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(probe.call("read", {7, kOut, 5, kInfo}), code(Errno::msgsize));
  EXPECT_EQ(probe.call("read", {7, 65'533, 6, kInfo}), code(Errno::fault));
  EXPECT_EQ(probe.call("read", {7, kOut, 6, 65'536 - 39}), code(Errno::fault));
  EXPECT_EQ(probe.call("read", {8, kOut, 6, kInfo}), code(Errno::badf));
  EXPECT_EQ(probe.sensor.frames.size(), 1u);
  EXPECT_EQ(probe.call("read", {7, kOut, 6, kInfo}), kOk);
  probe.sensor.ended = true;
  EXPECT_EQ(probe.call("read", {7, kOut, 6, kInfo}), code(Errno::canceled));
}

TEST(Sensor, NamesAreChecked) {
  Probe probe;
  probe.poke_text(kAt, "cameras");
  EXPECT_EQ(probe.call("open", {kAt, 7, kOut}), code(Errno::noent));
  EXPECT_EQ(probe.call("open", {kAt, 0, kOut}), code(Errno::inval));
  EXPECT_EQ(probe.call("open", {kAt, 64, kOut}), code(Errno::inval));
  EXPECT_EQ(probe.call("open", {65'535, 7, kOut}), code(Errno::fault));
  probe.context.sensor = nullptr;
  EXPECT_EQ(probe.call("open", {kAt, 6, kOut}), code(Errno::nodev));
}

TEST(Telemetry, WaitsWhileTheQueueIsFull) {
  Probe probe;
  probe.telemetry.room = 0;
  probe.poke_text(kAt, "logits");
  probe.poke_text(kOut, "abc");
  EXPECT_EQ(probe.call("publish", {kAt, 6, 9, kOut, 3}), 1001u);
  EXPECT_EQ(probe.resume(), wasm::RunState::pending);
  probe.telemetry.room = 1;
  ASSERT_EQ(probe.resume(), wasm::RunState::finished);
  EXPECT_EQ(probe.answer(), kOk);
  ASSERT_EQ(probe.telemetry.sent.size(), 1u);
  EXPECT_EQ(probe.telemetry.sent[0].name, "logits");
  EXPECT_EQ(probe.telemetry.sent[0].sequence, 9u);
  EXPECT_EQ(probe.telemetry.sent[0].payload, (std::vector<u8>{'a', 'b', 'c'}));
  EXPECT_EQ(probe.call("publish", {kAt, 6, 9, 65'535, 3}), code(Errno::fault));
  EXPECT_EQ(probe.call("publish", {kAt, 0, 9, kOut, 3}), code(Errno::inval));
  probe.context.telemetry = nullptr;
  EXPECT_EQ(probe.call("publish", {kAt, 6, 9, kOut, 3}), code(Errno::nodev));
}

}  // namespace
}  // namespace pipit::wasi
