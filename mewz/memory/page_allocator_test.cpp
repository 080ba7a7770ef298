#include "mewz/memory/page_allocator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <vector>

namespace pipit::mewz {
namespace {

constexpr usize kLargest = usize{2} << 20, kPage = 4096;

class PageAllocatorTest : public testing::Test {
 protected:
  static constexpr usize kBytes = 8 * kLargest;
  void SetUp() override {
    memory_ = static_cast<u8*>(std::aligned_alloc(kLargest, kBytes));
    states_.assign(PageAllocator::state_bytes(0, kBytes), 0);
    pages_.init(start(), start() + kBytes, states_.data());
  }
  void TearDown() override { std::free(memory_); }
  usize start() const { return reinterpret_cast<usize>(memory_); }

  u8* memory_ = nullptr;
  std::vector<u8> states_;
  PageAllocator pages_;
};

TEST_F(PageAllocatorTest, GivesAlignedBlocksAndRunsOut) {
  pages_.add(start() + 100, start() + 3 * kLargest - 1);  // partial pages at both ends are left out
  EXPECT_EQ(pages_.free_bytes(), 3 * kLargest - 2 * kPage);
  for (u32 order = 0; order <= PageAllocator::kMaxOrder; ++order) {
    const usize block = pages_.allocate(order);
    ASSERT_NE(block, 0u);
    EXPECT_EQ(block % PageAllocator::block_bytes(order), 0u);
    pages_.free(block, order);
  }
  EXPECT_NE(pages_.allocate(PageAllocator::kMaxOrder), 0u);
  EXPECT_EQ(pages_.allocate(PageAllocator::kMaxOrder), 0u) << "only one whole 2 MB block lies in the range";
  usize pages = 0;
  while (pages_.allocate(0) != 0) ++pages;
  EXPECT_EQ(pages, 2 * kLargest / kPage - 2);
  EXPECT_EQ(pages_.free_bytes(), 0u);
}

/// Thousands of random allocations never overlap, keep what is written, and join again to what was there.
TEST_F(PageAllocatorTest, RandomBlocksNeverOverlapAndComeBack) {
  pages_.add(start(), start() + kBytes);
  const usize all = pages_.free_bytes();
  std::mt19937 random(7);
  std::map<usize, u32> held;
  for (u32 round = 0; round < 50'000; ++round) {
    if (random() % 2 == 0 || held.empty()) {
      const u32 order = random() % (PageAllocator::kMaxOrder + 1);
      const usize block = random() % 2 == 0 ? pages_.allocate(order) : pages_.allocate_zeroed(order);
      if (block == 0) continue;
      const usize bytes = PageAllocator::block_bytes(order);
      const auto next = held.lower_bound(block);
      if (next != held.end()) ASSERT_LE(block + bytes, next->first);
      if (next != held.begin())
        ASSERT_GE(block, std::prev(next)->first + PageAllocator::block_bytes(std::prev(next)->second));
      held[block] = order;
      *reinterpret_cast<usize*>(block + bytes - 8) = block;
    } else {
      const auto any = std::next(held.begin(), random() % held.size());
      ASSERT_EQ(*reinterpret_cast<usize*>(any->first + PageAllocator::block_bytes(any->second) - 8),
                any->first);
      pages_.free(any->first, any->second);
      held.erase(any);
    }
  }
  for (const auto& [block, order] : held) pages_.free(block, order);
  EXPECT_EQ(pages_.free_bytes(), all);
  for (u32 i = 0; i < kBytes / kLargest; ++i)
    EXPECT_NE(pages_.allocate(PageAllocator::kMaxOrder), 0u) << "not everything was joined again";
}

TEST_F(PageAllocatorTest, ZeroedBlocksAreZero) {
  pages_.add(start(), start() + kLargest);
  const usize block = pages_.allocate(3);
  std::memset(reinterpret_cast<void*>(block), 0xAA, PageAllocator::block_bytes(3));
  pages_.free(block, 3);
  const auto* const again = reinterpret_cast<const u8*>(pages_.allocate_zeroed(3));
  for (usize i = 0; i < PageAllocator::block_bytes(3); ++i) ASSERT_EQ(again[i], 0);
}

TEST_F(PageAllocatorTest, FreeingTwiceIsABug) {
  pages_.add(start(), start() + kLargest);
  const usize block = pages_.allocate(0);
  const usize other = pages_.allocate(0);  // keeps the first from joining
  (void)other;
  pages_.free(block, 0);
  EXPECT_DEATH(pages_.free(block, 0), "state.address. == 0");
}

}  // namespace
}  // namespace pipit::mewz
