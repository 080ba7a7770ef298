#include "mewz/virtio/queue.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <set>
#include <vector>

namespace pipit::mewz {
namespace {

/// The device's side, by the specification.
class Device {
 public:
  explicit Device(SplitQueue& queue) : queue_(queue) {}
  /// The next chain handed over, or false.
  bool next(u16& id, u32& writable) {
    if (taken_ == word(queue_.available(), 1)) return false;
    id = word(queue_.available(), 2 + taken_++ % queue_.size());
    writable = 0;
    for (u16 at = id;;) {
      const u8* const descriptor = reinterpret_cast<const u8*>(queue_.descriptors()) + at * 16;
      u32 bytes;
      u16 flags, next;
      std::memcpy(&bytes, descriptor + 8, 4);
      std::memcpy(&flags, descriptor + 12, 2);
      std::memcpy(&next, descriptor + 14, 2);
      if ((flags & 2) != 0) writable += bytes;
      if ((flags & 1) == 0) return true;
      at = next;
    }
  }
  void give_back(u32 id, u32 bytes) {
    auto* const element = reinterpret_cast<u32*>(queue_.used() + 4) + used_ % queue_.size() * 2;
    element[0] = id;
    element[1] = bytes;
    reinterpret_cast<u16*>(queue_.used())[1] = ++used_;
  }
  void set_index(u16 index) { reinterpret_cast<u16*>(queue_.used())[1] = used_ = index; }

 private:
  static u16 word(u64 address, u32 index) { return reinterpret_cast<const u16*>(address)[index]; }
  SplitQueue& queue_;
  u16 taken_ = 0, used_ = 0;
};

class QueueTest : public testing::Test {
 protected:
  void SetUp() override {
    std::free(memory_);
    memory_ = static_cast<u8*>(std::aligned_alloc(SplitQueue::kMemoryBytes, SplitQueue::kMemoryBytes));
    std::memset(memory_, 0, SplitQueue::kMemoryBytes);
    queue_.init(memory_, 8);
  }
  void TearDown() override { std::free(memory_); }
  u8* memory_ = nullptr;
  SplitQueue queue_;
  Device device_{queue_};
};

/// Chains of any length come back in any order, round after round, and no descriptor is ever lost or given
/// twice.
TEST_F(QueueTest, ChainsComeBackInAnyOrder) {
  std::mt19937 random(11);
  struct Chain {
    u16 id;
    u32 writable;
  };
  std::vector<Chain> at_device;
  std::set<u16> held;
  u32 added = 0, returned = 0;
  while (returned < 100'000) {
    QueueBuffer buffers[3];
    const u32 count = 1 + random() % 3;
    for (u32 i = 0; i < count; ++i)
      buffers[i] = {0x1000, static_cast<u32>(random() % 100), random() % 2 == 0};
    u16 id = 0;
    if (queue_.add({buffers, count}, id)) {
      ASSERT_TRUE(held.insert(id).second);
      ++added;
    } else {
      ASSERT_LT(queue_.free_descriptors(), count);
    }
    if (random() % 2 == 0) (void)queue_.publish();
    for (Chain chain; device_.next(chain.id, chain.writable);) at_device.push_back(chain);
    while (!at_device.empty() && random() % 3 != 0) {
      const usize any = random() % at_device.size();
      device_.give_back(at_device[any].id, at_device[any].writable);
      at_device.erase(at_device.begin() + static_cast<long>(any));
    }
    for (SplitQueue::Used used;;) {
      auto got = queue_.take(used);
      ASSERT_TRUE(got.ok()) << got.error().message;
      if (!*got) break;
      ASSERT_EQ(held.erase(used.id), 1u);
      ++returned;
    }
  }
  EXPECT_EQ(added - returned, held.size());
}

TEST_F(QueueTest, CatchesADeviceThatLies) {
  const QueueBuffer buffers[] = {{0x1000, 16, false}, {0x2000, 100, true}};
  u16 id = 0;
  SplitQueue::Used used;
  const auto refusal = [&] {
    queue_.publish();
    auto got = queue_.take(used);
    return got.ok() ? "" : got.error().message;
  };
  ASSERT_TRUE(queue_.add(buffers, id));
  device_.give_back(id, 101);
  EXPECT_STREQ(refusal(), "virtio: the device says it wrote beyond a buffer");

  SetUp();
  device_.set_index(0);
  ASSERT_TRUE(queue_.add(buffers, id));
  device_.give_back(77, 1);
  EXPECT_STREQ(refusal(), "virtio: the device returned a buffer that it does not have");

  SetUp();
  device_.set_index(0);
  ASSERT_TRUE(queue_.add(buffers, id));
  device_.give_back(u32{id} + 1, 1);  // a descriptor inside of a chain is no chain
  EXPECT_STREQ(refusal(), "virtio: the device returned a buffer that it does not have");

  SetUp();
  device_.set_index(0);
  ASSERT_TRUE(queue_.add(buffers, id));
  device_.set_index(2);
  EXPECT_STREQ(refusal(), "virtio: the device returned more than it was given");
}

/// Random writes by the device all over what it may write: the driver answers or refuses, and stays whole.
TEST_F(QueueTest, SurvivesAnythingTheDeviceWrites) {
  std::mt19937 random(13);
  for (u32 round = 0; round < 20'000; ++round) {
    SetUp();
    const QueueBuffer buffers[] = {{0x1000, 16, false}, {0x2000, 100, true}};
    for (u32 step = 0; step < 20; ++step) {
      u16 id = 0;
      (void)queue_.add({buffers, 1 + random() % 2}, id);
      (void)queue_.publish();
      for (u32 i = random() % 8; i > 0; --i)
        memory_[random() % SplitQueue::kMemoryBytes] = static_cast<u8>(random() % 12);
      SplitQueue::Used used;
      auto got = queue_.take(used);
      if (!got.ok()) break;
      ASSERT_LE(queue_.free_descriptors(), queue_.size());
      if (*got) ASSERT_LE(used.bytes, 100u);
    }
  }
}

}  // namespace
}  // namespace pipit::mewz
