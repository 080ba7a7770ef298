#include "mewz/memory/address_space.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace pipit::mewz {
namespace {

constexpr usize kPage = 4096, kLarge = usize{2} << 20, kHuge = usize{1} << 30;

class AddressSpaceTest : public testing::Test {
 protected:
  static constexpr usize kBytes = 4 * kLarge;
  void SetUp() override {
    memory_ = static_cast<u8*>(std::aligned_alloc(kLarge, kBytes));
    states_.assign(PageAllocator::state_bytes(0, kBytes), 0);
    const usize start = reinterpret_cast<usize>(memory_);
    pages_.init(start, start + kBytes, states_.data());
    pages_.add(start, start + kBytes);
    ASSERT_TRUE(space_.create(pages_, true).ok());
  }
  void TearDown() override { std::free(memory_); }

  /// The processor's own walk, by the manual: the last entry and the size of its page.
  u64 walk(usize address, usize& bytes) const {
    const auto* table = reinterpret_cast<const u64*>(space_.root());
    for (u32 shift = 39;; shift -= 9) {
      const u64 entry = table[address >> shift & 511];
      bytes = usize{1} << shift;
      if ((entry & 1) == 0) return 0;
      if (shift == 12 || (entry & 0x80) != 0) return entry;
      table = reinterpret_cast<const u64*>(entry & 0x000F'FFFF'FFFF'F000);
    }
  }

  u8* memory_ = nullptr;
  std::vector<u8> states_;
  PageAllocator pages_;
  AddressSpace space_;
};

TEST_F(AddressSpaceTest, TakesTheLargestPagesThatFit) {
  const usize from = kHuge - kLarge - kPage;
  ASSERT_TRUE(space_.map(from, from, kPage + kLarge + kHuge + kLarge + kPage, Access::write).ok());
  const struct {
    usize address, bytes;
  } kPages[] = {{from, kPage},
                {from + kPage, kLarge},
                {kHuge, kHuge},
                {2 * kHuge, kLarge},
                {2 * kHuge + kLarge, kPage}};
  for (const auto& page : kPages) {
    usize bytes = 0;
    const u64 entry = walk(page.address, bytes);
    EXPECT_EQ(bytes, page.bytes) << page.address;
    EXPECT_EQ(entry & 0x000F'FFFF'FFFF'F000 & ~u64{bytes - 1}, page.address);
    const auto found = space_.find(page.address + 123);
    EXPECT_EQ(found.bytes, page.bytes);
    EXPECT_EQ(found.physical, page.address + 123);
  }
  EXPECT_EQ(space_.find(from - 1).bytes, 0u);
  EXPECT_EQ(space_.find(2 * kHuge + kLarge + kPage).bytes, 0u);
}

TEST_F(AddressSpaceTest, NothingIsWritableAndExecutable) {
  constexpr u64 kWrite = 2, kUser = 4, kNoCache = 0x18, kNoExecute = u64{1} << 63;
  const struct {
    Access access;
    u64 flags;
  } kCases[] = {{Access::read, kNoExecute},
                {Access::write, kWrite | kNoExecute},
                {Access::execute, 0},
                {Access::device, kWrite | kNoExecute | kNoCache}};
  for (usize i = 0; i < std::size(kCases); ++i) {
    ASSERT_TRUE(space_.map(i * kPage, 0x1000'0000, kPage, Access::read).ok());
    space_.protect(i * kPage, kPage, kCases[i].access);
    usize bytes = 0;
    EXPECT_EQ(walk(i * kPage, bytes) & (kWrite | kUser | kNoCache | kNoExecute), kCases[i].flags) << i;
  }
}

TEST_F(AddressSpaceTest, RefusesWhatIsMappedAndUnmapsWhatWas) {
  ASSERT_TRUE(space_.map(kLarge, kLarge, kLarge, Access::write).ok());
  EXPECT_FALSE(space_.map(kLarge, 0, kLarge, Access::write).ok());
  EXPECT_FALSE(space_.map(kLarge + kPage, 0, kPage, Access::write).ok()) << "inside of a large page";
  ASSERT_TRUE(space_.map(3 * kLarge, 0, 16 * kPage, Access::write).ok());
  EXPECT_FALSE(space_.map(3 * kLarge, 0, kLarge, Access::write).ok()) << "over small pages";
  space_.unmap(0, 4 * kLarge);
  EXPECT_EQ(space_.find(kLarge).bytes, 0u);
  EXPECT_EQ(space_.find(3 * kLarge).bytes, 0u);
  EXPECT_TRUE(space_.map(kLarge, 0, kLarge, Access::read).ok());
}

TEST_F(AddressSpaceTest, SaysWhenTablesFindNoMemory) {
  while (pages_.allocate(0) != 0) {
  }
  const Status status = space_.map(kPage, kPage, kPage, Access::read);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::out_of_memory);
}

}  // namespace
}  // namespace pipit::mewz
