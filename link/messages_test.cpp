#include "link/messages.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/cbor.h"
#include "link/device_name.h"
#include "link/samples_test.h"

namespace pipit::link {
namespace {

TEST(Messages, HelloRoundTrip) {
  u8 room[512];
  Hello out;
  ASSERT_TRUE(decode(*encode(sample::hello(), room), out).ok());
  EXPECT_EQ(out.device, "waiot-123456");
  EXPECT_EQ(out.boot_id, 0x1122334455667788u);
  EXPECT_EQ(out.token, "secret");
  EXPECT_TRUE(out.persistent);
  EXPECT_EQ(out.app_ram_bytes, 57344u);
  EXPECT_EQ(out.sensor_queue, 12u);
}

TEST(Messages, AdmissionRoundTrip) {
  u8 room[512];
  Admission out;
  ASSERT_TRUE(decode(*encode(sample::admission(), room), out).ok());
  EXPECT_EQ(out.boot_id, 5u);
  EXPECT_FALSE(out.admitted);
  EXPECT_EQ(out.reason, "name is held by another live device");
  EXPECT_EQ(out.realtime_ms, 1'700'000'000'123u);
}

TEST(Messages, ManifestRoundTrip) {
  u8 room[2048];
  Manifest out;
  ASSERT_TRUE(decode(*encode(sample::manifest(), room), out).ok());
  EXPECT_EQ(out.name, "fashion");
  EXPECT_EQ(out.version, "v2");
  EXPECT_EQ(out.memory_bytes, 16384u);
  ASSERT_EQ(out.blob_count, 2u);
  EXPECT_EQ(out.blobs[1].kind, BlobKind::model);
  EXPECT_EQ(out.blobs[1].name, "classifier");
  EXPECT_EQ(out.blobs[1].digest[31], 0xCD);
  EXPECT_EQ(out.blobs[0].name, "");
  ASSERT_EQ(out.native_count, 2u);
  EXPECT_EQ(out.natives[0].target, 3);
  EXPECT_EQ(out.natives[0].stack_bytes, 9216u);
  EXPECT_EQ(out.natives[1].digest[31], 0xEF);
  ASSERT_EQ(out.import_count, 2u);
  EXPECT_EQ(out.imports[1], "pipit:sensor.read");
}

TEST(Messages, DesiredRoundTrip) {
  u8 room[2048], manifest[1024];
  Desired out;
  ASSERT_TRUE(decode(*encode(sample::desired(*encode(sample::manifest(), manifest)), room), out).ok());
  EXPECT_EQ(out.generation, 9u);
  EXPECT_TRUE(out.app);
  EXPECT_EQ(out.instance, "0f4e-uid");
  EXPECT_EQ(out.attempt, 2u);
  ASSERT_EQ(out.argument_count, 2u);
  EXPECT_EQ(out.arguments[1], "--rate=5");
  ASSERT_EQ(out.environment_count, 1u);
  EXPECT_EQ(out.environment[0], "MODE=fast");
  Manifest inner;
  EXPECT_TRUE(decode(out.manifest, inner).ok());
}

TEST(Messages, StatusRoundTrip) {
  u8 room[2048];
  DeviceStatus out;
  ASSERT_TRUE(decode(*encode(sample::status(), room), out).ok());
  EXPECT_TRUE(out.online);
  EXPECT_EQ(out.active.state, AppState::running);
  EXPECT_EQ(out.next.state, AppState::failed);
  EXPECT_EQ(out.next.reason, Reason::trapped);
  EXPECT_EQ(out.next.trap_func, "classify");
  EXPECT_EQ(out.next.trap_offset, 0x1234u);
  EXPECT_EQ(out.handover_instructions, 123'456'789'012u);
  EXPECT_EQ(out.arena_peak_bytes, 4u);
}

TEST(Messages, LastWillIsShort) {
  u8 room[64];
  DeviceStatus will;
  will.boot_id = 77;
  const Bytes bytes = *encode(will, room);
  EXPECT_LT(bytes.size(), 16u);
  DeviceStatus out;
  ASSERT_TRUE(decode(bytes, out).ok());
  EXPECT_FALSE(out.online);
  EXPECT_EQ(out.boot_id, 77u);
  EXPECT_EQ(out.active.state, AppState::none);
}

TEST(Messages, LogTelemetryAndFrameRoundTrip) {
  u8 room[1024];
  Log log;
  ASSERT_TRUE(decode(*encode(sample::log(), room), log).ok());
  EXPECT_EQ(log.text, "label 9");
  EXPECT_EQ(log.sequence, 3u);
  TelemetryMessage telemetry;
  ASSERT_TRUE(decode(*encode(sample::telemetry(), room), telemetry).ok());
  EXPECT_EQ(telemetry.sequence, 499u);
  EXPECT_EQ(as_text(telemetry.payload), "result");
  SensorFrame frame;
  ASSERT_TRUE(decode(*encode(sample::frame(), room), frame).ok());
  EXPECT_EQ(frame.rank, 3);
  EXPECT_EQ(frame.shape[1], 28);
  EXPECT_EQ(frame.dtype, DType::u8);
  EXPECT_EQ(frame.data.size(), 8u);
}

TEST(Messages, FramesHoldWhatTheirShapeSays) {
  const std::vector<u8> data(1832);
  SensorFrame frame{.dtype = DType::i64, .rank = 1, .shape = {229}, .data = data};
  EXPECT_TRUE(holds_its_shape(frame));
  frame.shape[0] = 230;
  EXPECT_FALSE(holds_its_shape(frame));
  // 2^61 + 229 elements: in 64 bits their bytes come to 1832 as well.
  frame.rank = 4;
  frame.shape = {41387, 39279, 23113, 61369};
  EXPECT_FALSE(holds_its_shape(frame));
  frame.shape = {0, 39279, 23113, 61369};
  EXPECT_FALSE(holds_its_shape(frame));
  frame.data = {};
  EXPECT_TRUE(holds_its_shape(frame));
  frame = {.rank = 0, .data = Bytes(data).first(1)};
  EXPECT_TRUE(holds_its_shape(frame)) << "a scalar";
}

/// A Log written by hand, of `version`, with `instance` once or twice, with or without its text.
std::vector<u8> hand_made(u64 version, bool twice, bool with_text) {
  std::vector<u8> room(256);
  cbor::Writer out(room);
  out.map(3u + (twice ? 1 : 0) + (with_text ? 1 : 0));
  out.uint(0), out.uint(version);
  out.uint(1), out.text("i");
  if (twice) out.uint(1), out.text("i");
  out.uint(2), out.uint(3);
  if (with_text) out.uint(5), out.text("t");
  room.resize(out.finish()->size());
  return room;
}

TEST(Messages, UnknownKeysAreSkipped) {
  std::vector<u8> room(256);
  cbor::Writer out(room);
  out.map(6);
  out.uint(0), out.uint(kVersion);
  out.uint(30), out.map(1), out.text("future"), out.array(1), out.boolean(true);
  out.uint(1), out.text("i");
  out.uint(1'000'000), out.bytes({});
  out.uint(2), out.uint(8);
  out.uint(5), out.text("t");
  Log log;
  ASSERT_TRUE(decode(*out.finish(), log).ok());
  EXPECT_EQ(log.instance, "i");
  EXPECT_EQ(log.sequence, 8u);
}

TEST(Messages, RefusesOtherVersionsDuplicatesMissingKeysAndTrailingBytes) {
  Log log;
  log.sequence = 42;
  EXPECT_EQ(decode(hand_made(2, false, true), log).error().code, Code::unsupported);
  EXPECT_STREQ(decode(hand_made(1, true, true), log).error().message, "a key comes twice");
  EXPECT_STREQ(decode(hand_made(1, false, false), log).error().message, "a required key is missing");
  EXPECT_EQ(log.sequence, 42u) << "a refused message changes nothing";
  u8 room[256];
  std::vector<u8> longer(room, room + encode(sample::log(), room)->size());
  longer.push_back(0);
  EXPECT_STREQ(decode(longer, log).error().message, "bytes after the message");
}

TEST(Messages, RefusesOversizedFields) {
  u8 room[4096];
  const std::string name(kMaxNameBytes + 1, 'n');
  Hello hello = sample::hello();
  hello.board = name;
  // The encoder cuts text to its bound, so that a long line never costs a message.
  Hello cut;
  ASSERT_TRUE(decode(*encode(hello, room), cut).ok());
  EXPECT_EQ(cut.board.size(), kMaxNameBytes);
  const std::vector<u8> big(kMaxManifestBytes + 1);
  Desired desired, out;
  desired.app = true;
  desired.manifest = big;
  EXPECT_STREQ(decode(*encode(desired, room), out).error().message, "string too long");
  EXPECT_EQ(encode(desired, MutBytes(room, 100)).error().code, Code::out_of_memory);
}

TEST(Messages, RefusesUnknownStatesAndBlobKinds) {
  u8 room[1024];
  DeviceStatus status = sample::status(), out;
  status.active.state = static_cast<AppState>(8);
  EXPECT_FALSE(decode(*encode(status, room), out).ok());
  Manifest manifest = sample::manifest(), other;
  manifest.blobs[0].kind = static_cast<BlobKind>(9);
  EXPECT_FALSE(decode(*encode(manifest, room), other).ok());
}

TEST(DeviceConfig, RoundTripInItsSector) {
  std::vector<u8> sector(4096, 0xFF);
  const DeviceConfig config = {{10, 0, 2, 2}, 1883, {10, 0, 2, 3}, 8080, "token"};
  ASSERT_TRUE(encode_config(config, sector).ok());
  DeviceConfig out;
  ASSERT_TRUE(decode_config(sector, out).ok());
  EXPECT_EQ(out.broker_port, 1883);
  EXPECT_EQ(out.blob_host, (std::array<u8, 4>{10, 0, 2, 3}));
  EXPECT_EQ(out.token, "token");
}

TEST(DeviceConfig, EveryFlippedBitIsSeen) {
  std::vector<u8> sector(128, 0xFF);
  const DeviceConfig config = {{10, 0, 2, 2}, 1883, {10, 0, 2, 3}, 8080, "token"};
  const usize size = encode_config(config, sector)->size();
  DeviceConfig out;
  for (usize bit = 0; bit < size * 8; ++bit) {
    auto bad = sector;
    bad[bit / 8] ^= static_cast<u8>(1u << (bit % 8));
    EXPECT_FALSE(decode_config(bad, out).ok()) << bit;
  }
  EXPECT_EQ(out.broker_port, 0);
  for (usize length = 0; length < size; ++length)
    EXPECT_FALSE(decode_config(Bytes(sector).first(length), out).ok());
  EXPECT_EQ(decode_config(std::vector<u8>(64, 0xFF), out).error().code, Code::not_found);
}

TEST(DeviceName, IsTheEndOfTheMacAddress) {
  EXPECT_EQ(device_name({0x52, 0x54, 0x00, 0x12, 0x34, 0xAB}).view(), "waiot-1234ab");
}

TEST(Reason, EveryOneHasAText) {
  EXPECT_EQ(reason_text(Reason::digest_mismatch), "DigestMismatch");
  EXPECT_EQ(reason_text(Reason::unsupported_arguments), "UnsupportedArguments");
  EXPECT_EQ(reason_text(Reason::unresponsive), "Unresponsive");
  EXPECT_EQ(reason_text(static_cast<Reason>(99)), "Unknown");
}

}  // namespace
}  // namespace pipit::link
