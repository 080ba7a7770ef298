#include "agent/store.h"

#include <gtest/gtest.h>

#include "agent/tests/fakes.h"

namespace pipit::agent {
namespace {

using namespace testing;

constexpr u32 kSector = 4096, kFlash = 64 * 1024;

TEST(Store, LayoutTakesWhatRemains) {
  const CutFlash flash(kFlash, kSector);
  const StoreLayout layout = default_layout(flash);
  EXPECT_EQ(layout.state_offset, kSector);
  EXPECT_EQ(layout.slots_offset, 3 * kSector);
  EXPECT_EQ(layout.slot_bytes, 6 * kSector);
}

TEST(Store, RefusesLayoutsThatDoNotFit) {
  CutFlash flash(kFlash, kSector);
  EXPECT_FALSE(Store::open(flash, {100, 3 * kSector, 2 * kSector}).ok());
  EXPECT_FALSE(Store::open(flash, {kSector, 3 * kSector, 8 * kSector}).ok());
  EXPECT_FALSE(Store::open(flash, {kSector, 2 * kSector, 2 * kSector}).ok());
  EXPECT_FALSE(Store::open(flash, {kSector, 3 * kSector, kSector}).ok());
  EXPECT_FALSE(Store::open(flash, {kFlash - kSector, 3 * kSector, 2 * kSector}).ok());
  CutFlash tiny(2 * kSector, kSector);
  EXPECT_FALSE(Store::open(tiny, default_layout(tiny)).ok());
}

TEST(Store, KeepsTheNewestOfManyRecords) {
  CutFlash flash(kFlash, kSector);
  for (u32 boot = 1; boot <= 200; ++boot) {
    Store store = *Store::open(flash, default_layout(flash));
    EXPECT_EQ(store.state().boot_count, boot - 1);
    const std::string launch = "launch " + std::to_string(boot) + std::string(boot % 300, '.');
    ASSERT_TRUE(store.save(boot, boot % 2, as_bytes(launch)).ok());
    const Store again = *Store::open(flash, default_layout(flash));
    EXPECT_EQ(again.state().boot_count, boot);
    EXPECT_EQ(again.state().active_slot, boot % 2);
    EXPECT_EQ(as_text(again.state().launch), launch);
  }
}

TEST(Store, RefusesATooLongLaunch) {
  CutFlash flash(kFlash, kSector);
  Store store = *Store::open(flash, default_layout(flash));
  EXPECT_EQ(store.save(1, 0, Buffer(Store::kMaxLaunchBytes + 1)).error().code, Code::out_of_memory);
  EXPECT_EQ(flash.operations(), 0u);
}

// Power is cut at every operation in turn: what is found afterwards is the record before or the one after,
// and the next one can be written.
TEST(Store, ACutOfPowerLeavesOldOrNew) {
  const std::string launch(900, 'x');
  for (u64 cut = 1; cut <= 3; ++cut) {
    for (u32 records = 0; records < 12; ++records) {
      CutFlash flash(kFlash, kSector);
      Store store = *Store::open(flash, default_layout(flash));
      for (u32 i = 1; i <= records; ++i) ASSERT_TRUE(store.save(i, 0, as_bytes(launch)).ok());
      flash.cut_at(cut);
      const bool saved = store.save(records + 1, 1, as_bytes(launch)).ok();
      flash.cut_at(0);
      Store after = *Store::open(flash, default_layout(flash));
      EXPECT_EQ(after.state().boot_count, saved ? records + 1 : records) << cut << " of " << records;
      ASSERT_TRUE(after.save(1000, 1, as_bytes("next")).ok());
      EXPECT_EQ((*Store::open(flash, default_layout(flash))).state().boot_count, 1000u);
    }
  }
}

TEST(Store, AFailedWriteIsNotTheLast) {
  const std::string launch(900, 'x');
  for (u64 cut = 1; cut <= 3; ++cut) {
    for (u32 records = 0; records < 12; ++records) {
      CutFlash flash(kFlash, kSector);
      Store store = *Store::open(flash, default_layout(flash));
      for (u32 i = 1; i <= records; ++i) ASSERT_TRUE(store.save(i, 0, as_bytes(launch)).ok());
      flash.cut_at(cut);
      (void)store.save(50, 1, as_bytes(launch));
      flash.cut_at(0);
      ASSERT_TRUE(store.save(60, 1, as_bytes(launch)).ok());
      EXPECT_EQ((*Store::open(flash, default_layout(flash))).state().boot_count, 60u);
    }
  }
}

TEST(Store, AnyBytesInTheRecordsAreSurvived) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    CutFlash flash(kFlash, kSector);
    Store store = *Store::open(flash, default_layout(flash));
    for (u32 i = 1; i <= 5; ++i) ASSERT_TRUE(store.save(i, 0, as_bytes("launch")).ok());
    for (int changes = 0; changes < 20; ++changes)
      flash.memory()[kSector + random() % (2 * kSector)] = static_cast<u8>(random());
    Store after = *Store::open(flash, default_layout(flash));
    EXPECT_LE(after.state().boot_count, 5u);
    ASSERT_TRUE(after.save(9, 1, {}).ok());
    EXPECT_EQ((*Store::open(flash, default_layout(flash))).state().boot_count, 9u);
  }
}

TEST(Store, ASlotCountsOnlyWhenItsHeaderIsThere) {
  CutFlash flash(kFlash, kSector);
  Store store = *Store::open(flash, default_layout(flash));
  EXPECT_TRUE(store.manifest(0).empty());
  ASSERT_TRUE(store.seal(0, as_bytes("manifest")).ok());
  EXPECT_EQ(as_text(store.manifest(0)), "manifest");
  EXPECT_TRUE(store.manifest(1).empty());
  // Erasing begins with the header.
  u32 progress = 0;
  EXPECT_FALSE(*store.erase_step(0, 2 * kSector, progress));
  EXPECT_TRUE(store.manifest(0).empty());
  EXPECT_FALSE(*store.erase_step(0, 2 * kSector, progress));
  EXPECT_TRUE(*store.erase_step(0, 2 * kSector, progress));
  EXPECT_FALSE(store.erase_step(0, 6 * kSector, progress).ok());
}

TEST(Store, ACutWhileSealingLeavesNoSlot) {
  for (u64 cut = 1; cut <= 2; ++cut) {
    CutFlash flash(kFlash, kSector);
    Store store = *Store::open(flash, default_layout(flash));
    flash.cut_at(cut);
    EXPECT_FALSE(store.seal(1, as_bytes("manifest")).ok());
    EXPECT_TRUE(store.manifest(1).empty());
  }
}

TEST(SlotCheck, FindsAChangedByte) {
  CutFlash flash(kFlash, kSector);
  Store store = *Store::open(flash, default_layout(flash));
  Blobs blobs;
  const Package package = make_package({.module = Buffer(5000, 1), .model = Buffer(777, 2)}, blobs);
  link::Manifest manifest;
  ASSERT_TRUE(link::decode(package.manifest, manifest).ok());
  for (u32 i = 0; i < 2; ++i)
    ASSERT_TRUE(flash.program(store.blob_offset(1, manifest, i), blobs[hex(manifest.blobs[i].digest)]).ok());
  const auto check = [&] {
    SlotCheck check;
    check.start(1);
    auto result = SlotCheck::Result::busy;
    while (result == SlotCheck::Result::busy) result = check.step(store, manifest);
    return result;
  };
  EXPECT_EQ(check(), SlotCheck::Result::good);
  flash.memory()[store.blob_offset(1, manifest, 1) + 776] ^= 1;
  EXPECT_EQ(check(), SlotCheck::Result::bad);
}

}  // namespace
}  // namespace pipit::agent
