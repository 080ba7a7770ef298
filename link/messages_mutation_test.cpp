// Hostile bytes: every message cut at every byte and changed at random. Messages lie on the heap, exactly as
// long as they are, so that a sanitizer build sees any read outside.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "link/samples_test.h"

namespace pipit::link {
namespace {

template <class T>
std::vector<u8> encoded(const T& message) {
  std::vector<u8> room(4096);
  room.resize(encode(message, room)->size());
  return room;
}

template <class T>
void truncate(const T& message) {
  const std::vector<u8> whole = encoded(message);
  T out;
  ASSERT_TRUE(decode(whole, out).ok());
  for (usize size = 0; size < whole.size(); ++size) {
    const std::vector<u8> cut(whole.begin(), whole.begin() + static_cast<long>(size));
    const auto status = decode(cut, out);
    ASSERT_FALSE(status.ok()) << size;
    EXPECT_LE(status.error().where, size);
  }
}

/// What decodes must encode again to something that decodes: no state outside the tables is reachable.
template <class T>
void mutate(const T& message) {
  const std::vector<u8> whole = encoded(message);
  std::mt19937 random(7);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<u8> bytes = whole;
    for (u32 changes = 1 + random() % 4; changes > 0; --changes) {
      const usize at = random() % bytes.size();
      switch (random() % 3) {
        case 0: bytes[at] = static_cast<u8>(random()); break;
        case 1: bytes[at] ^= static_cast<u8>(1u << (random() % 8)); break;
        default: bytes.resize(at + 1);
      }
    }
    T out;
    if (!decode(bytes, out).ok()) continue;
    ++accepted;
    T again;
    ASSERT_TRUE(decode(encoded(out), again).ok()) << "round " << round;
  }
  EXPECT_GT(accepted, 0);
}

template <class T>
void attack(const T& message) {
  truncate(message);
  mutate(message);
}

TEST(HostileMessages, Hello) { attack(sample::hello()); }
TEST(HostileMessages, Admission) { attack(sample::admission()); }
TEST(HostileMessages, Manifest) { attack(sample::manifest()); }
TEST(HostileMessages, Status) { attack(sample::status()); }
TEST(HostileMessages, Log) { attack(sample::log()); }
TEST(HostileMessages, Telemetry) { attack(sample::telemetry()); }
TEST(HostileMessages, SensorFrame) { attack(sample::frame()); }
TEST(HostileMessages, Desired) {
  const std::vector<u8> manifest = encoded(sample::manifest());
  attack(sample::desired(manifest));
}

}  // namespace
}  // namespace pipit::link
