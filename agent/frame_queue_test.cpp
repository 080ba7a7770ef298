#include "agent/frame_queue.h"

#include <gtest/gtest.h>

namespace pipit::agent {
namespace {

class FrameQueueTest : public ::testing::Test {
 protected:
  FrameQueueTest() : arena_(memory_), queue_(*FrameQueue::create(3, 8, arena_)) {}

  bool push(std::string_view sensor, u32 sequence, std::string_view data = "data") {
    return queue_.push(sensor, {sequence, DType::u8, 1, {4}, as_bytes(data)}, 77);
  }
  /// Sequence number of the next frame, -1 when there is none.
  int pop(u32 handle) {
    u8 out[8];
    ports::FrameInfo info;
    return *queue_.pop(handle, out, info) ? static_cast<int>(info.sequence) : -1;
  }

  alignas(16) u8 memory_[FrameQueue::bytes(3, 8)];
  Arena arena_;
  FrameQueue queue_;
};

TEST_F(FrameQueueTest, KeepsOrderAndContent) {
  const u32 camera = *queue_.open("camera", 0);
  EXPECT_TRUE(push("camera", 1, "one"));
  EXPECT_TRUE(push("camera", 2, "two"));
  u8 out[8];
  ports::FrameInfo info;
  ASSERT_TRUE(*queue_.pop(camera, out, info));
  EXPECT_EQ(info.sequence, 1u);
  EXPECT_EQ(info.bytes, 3u);
  EXPECT_EQ(info.timestamp_ms, 77u);
  EXPECT_EQ(as_text(Bytes(out, 3)), "one");
  EXPECT_EQ(pop(camera), 2);
  EXPECT_EQ(pop(camera), -1);
}

TEST_F(FrameQueueTest, IsBounded) {
  const u32 camera = *queue_.open("camera", 0);
  EXPECT_FALSE(push("camera", 0, "nine bytes"));
  for (u32 i = 0; i < 3; ++i) EXPECT_TRUE(push("camera", i));
  EXPECT_FALSE(push("camera", 3));
  EXPECT_EQ(pop(camera), 0);
  EXPECT_TRUE(push("camera", 4));
  EXPECT_EQ(pop(camera), 1);
  EXPECT_EQ(pop(camera), 2);
  EXPECT_EQ(pop(camera), 4);
}

TEST_F(FrameQueueTest, AFrameThatDoesNotFitTheReaderStays) {
  const u32 camera = *queue_.open("camera", 0);
  EXPECT_TRUE(push("camera", 5));
  u8 out[3];
  ports::FrameInfo info;
  EXPECT_EQ(queue_.pop(camera, out, info).error().code, Code::out_of_range);
  EXPECT_EQ(pop(camera), 5);
}

TEST_F(FrameQueueTest, SensorsExistWhileSomeoneHasThemOpen) {
  EXPECT_FALSE(push("camera", 0)) << "nobody has it open";
  const u32 camera = *queue_.open("camera", 0);
  EXPECT_EQ(*queue_.open("camera", 1), camera);
  const u32 microphone = *queue_.open("microphone", 0);
  EXPECT_TRUE(push("camera", 1));
  EXPECT_TRUE(push("microphone", 2));
  EXPECT_EQ(queue_.close_all(0), 1u) << "the microphone's frame is nobody's now";
  EXPECT_EQ(queue_.waiting(), 1u);
  EXPECT_EQ(pop(camera), 1);
  u8 out[8];
  ports::FrameInfo info;
  EXPECT_EQ(queue_.pop(microphone, out, info).error().code, Code::not_found);
  EXPECT_EQ(queue_.pop(99, out, info).error().code, Code::not_found);
}

TEST_F(FrameQueueTest, HasRoomForFourSensors) {
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(queue_.open(name, 0).ok());
  EXPECT_EQ(queue_.open("e", 0).error().code, Code::out_of_memory);
  queue_.close_all(0);
  EXPECT_TRUE(queue_.open("e", 1).ok());
}

}  // namespace
}  // namespace pipit::agent
