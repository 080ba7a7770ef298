#include "mewz/boot/start_info.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace pipit::mewz {
namespace {

constexpr u64 kMapped = u64{1} << 47;  // everything a Linux process has

/// What a loader would have laid in memory.
struct Loader {
  struct Info {
    u32 magic = 0x336E'C578, version = 1, flags = 0, module_count = 0;
    u64 modules = 0, command_line = 0, rsdp = 0, memory_map = 0;
    u32 memory_map_entries = 0, reserved = 0;
  } info;
  struct Range {
    u64 address, bytes;
    u32 type, reserved;
  };
  std::vector<Range> ranges = {{0, 0x9FC00, 1, 0},
                               {0x9FC00, 0x400, 2, 0},
                               {0x10'0000, 0x3F0'0800, 1, 0},
                               {0xFFFC'0000, 0x4'0000, 2, 0}};
  u64 module[4] = {0x20'0000, 5000, 0, 0};
  std::string command_line = "quiet port=80";

  Status read(StartInfo& out) {
    info.memory_map = reinterpret_cast<u64>(ranges.data());
    info.memory_map_entries = static_cast<u32>(ranges.size());
    info.modules = reinterpret_cast<u64>(module);
    info.command_line = reinterpret_cast<u64>(command_line.c_str());
    return read_start_info(reinterpret_cast<u64>(&info), kMapped, out);
  }
};

TEST(StartInfo, ReadsWhatALoaderLeft) {
  Loader loader;
  loader.info.module_count = 1;
  StartInfo info;
  ASSERT_TRUE(loader.read(info).ok());
  ASSERT_EQ(info.ram_count, 2u);
  EXPECT_EQ(info.ram[0].start, 0u);
  EXPECT_EQ(info.ram[0].bytes, 0x9F000u) << "whole pages only";
  EXPECT_EQ(info.ram[1].end(), 0x10'0000u + 0x3F0'0000u);
  EXPECT_EQ(info.module.start, 0x20'0000u);
  EXPECT_EQ(info.module.bytes, 5000u);
  EXPECT_EQ(info.arguments(), "quiet port=80");
}

TEST(StartInfo, RefusesWhatCannotBe) {
  const struct {
    const char* message;
    void (*spoil)(Loader&);
  } kCases[] = {
      {"no PVH start info: boot with a PVH loader", [](Loader& l) { l.info.magic = 1; }},
      {"start info has no memory map (version 0)", [](Loader& l) { l.info.version = 0; }},
      {"start info: no memory", [](Loader& l) { l.ranges.clear(); }},
      {"start info: a range of memory has no end", [](Loader& l) { l.ranges[0].bytes = ~u64{0}; }},
      {"start info: more ranges of memory than the kernel keeps",
       [](Loader& l) {
         for (u64 i = 1; i < 40; ++i) l.ranges.push_back({i << 32, 4096, 1, 0});
       }},
      {"start info: the initial RAM disk does not lie in memory",
       [](Loader& l) {
         l.info.module_count = 1;
         l.module[1] = 0x1'0000'0000;
       }},
      {"command line is longer than 2047 characters", [](Loader& l) { l.command_line.assign(5000, 'x'); }},
  };
  for (const auto& each : kCases) {
    Loader loader;
    each.spoil(loader);
    StartInfo info;
    const Status status = loader.read(info);
    ASSERT_FALSE(status.ok()) << each.message;
    EXPECT_STREQ(status.error().message, each.message);
  }
  StartInfo info;
  EXPECT_FALSE(read_start_info(0, kMapped, info).ok());
  EXPECT_FALSE(read_start_info(4096, 4100, info).ok());
}

/// Whatever the words say, nothing outside of the mapped part is read and no range comes out that is none.
TEST(StartInfo, SurvivesAnyWords) {
  std::mt19937 random(1);
  std::vector<u64> memory(512);
  const u64 base = reinterpret_cast<u64>(memory.data());
  for (u32 round = 0; round < 20'000; ++round) {
    for (u64& word : memory) word = random() % 3 == 0 ? base + random() % 4096 : random() | u64{1} << 63;
    const u32 head[] = {0x336E'C578, static_cast<u32>(1 + random() % 2), 0, static_cast<u32>(random() % 3)};
    std::memcpy(memory.data(), head, sizeof head);
    auto* const entries = reinterpret_cast<u32*>(memory.data() + 6);
    entries[0] = static_cast<u32>(random() % 200);
    StartInfo info;
    if (!read_start_info(base, base + memory.size() * 8, info).ok()) continue;
    for (u32 i = 0; i < info.ram_count; ++i) EXPECT_GT(info.ram[i].end(), info.ram[i].start);
  }
}

}  // namespace
}  // namespace pipit::mewz
