#include "mewz/node/ram_flash.h"

#include <gtest/gtest.h>

#include <vector>

namespace pipit::mewz {
namespace {

constexpr u32 kSector = RamFlash::kSectorBytes;

TEST(RamFlash, BehavesAsFlashDoes) {
  std::vector<u8> memory(4 * kSector);
  RamFlash flash;
  flash.init(memory);
  EXPECT_EQ(flash.size_bytes(), 4 * kSector);
  EXPECT_FALSE(flash.persistent());
  for (const u8 byte : flash.view(0, 4 * kSector)) ASSERT_EQ(byte, 0xFF);
  const u8 data[] = {1, 2, 3};
  ASSERT_TRUE(flash.program(kSector - 1, data).ok()) << "across a sector's end";
  EXPECT_EQ(flash.view(kSector, 1)[0], 2);
  EXPECT_FALSE(flash.program(kSector + 1, data).ok()) << "over what is written";
  ASSERT_TRUE(flash.erase(kSector, kSector).ok());
  EXPECT_EQ(flash.view(kSector - 1, 1)[0], 1);
  EXPECT_TRUE(flash.program(kSector, data).ok());
}

TEST(RamFlash, RefusesWhatLiesOutside) {
  std::vector<u8> memory(2 * kSector);
  RamFlash flash;
  flash.init(memory);
  const u8 data[] = {1, 2};
  EXPECT_FALSE(flash.erase(1, kSector).ok());
  EXPECT_FALSE(flash.erase(kSector, 2 * kSector).ok());
  EXPECT_FALSE(flash.erase(0x8000'0000, kSector).ok());
  EXPECT_FALSE(flash.program(2 * kSector - 1, data).ok());
  EXPECT_FALSE(flash.program(0xFFFF'FFFF, data).ok());
}

}  // namespace
}  // namespace pipit::mewz
