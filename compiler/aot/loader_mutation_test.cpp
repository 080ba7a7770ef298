// Hostile native modules: what the loader accepts holds together, whatever the bytes are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "base/sha256.h"
#include "base/sha256_in_eight.h"
#include "compiler/aot/compile.h"
#include "support/files.h"
#include "wasm/module_impl.h"
#include "wasm/native/native.h"

namespace pipit::aot {
namespace {

namespace native = wasm::native;
using native::NativeModule;

constexpr native::Machine kMachine{native::Target::x86_64_linux, ~u32{0}};

class LoaderMutation : public testing::Test {
 protected:
  void SetUp() override {
    wasm_ = *support::read_file(PIPIT_WASM_TEST_MODULES "/calls.wasm");
    auto compiled = compile(wasm_, {.target = *find_target("x86_64-linux", ""), .effort = Effort::o1});
    ASSERT_TRUE(compiled.ok()) << compiled.error().text;
    // The loader wants its words aligned, as they are in a mapping and in flash.
    file_.assign(compiled->size() / 8 + 1, 0);
    size_ = compiled->size();
    std::memcpy(file_.data(), compiled->data(), size_);
  }
  u8* bytes() { return reinterpret_cast<u8*>(file_.data()); }
  Bytes file() { return {bytes(), size_}; }
  void seal() {
    u8* const digest = bytes() + offsetof(native::Header, digest);
    std::memset(digest, 0, 32);
    const auto sum = sha256(file());
    std::memcpy(digest, sum.data(), sum.size());
  }
  /// Both ways of loading; what is accepted is looked at in every place. How many accepted it.
  u32 load() {
    std::vector<u8> space(1 << 20);
    Arena arena(space);
    const auto valid = wasm::ValidModule::load(wasm_, arena);
    EXPECT_TRUE(valid.ok());
    u32 accepted = 0;
    if (const auto loaded = NativeModule::load(file(), *valid, kMachine); loaded.ok())
      look(*loaded, *valid), ++accepted;
    if (const auto loaded = NativeModule::load_alone(file(), wasm_, kMachine, arena); loaded.ok())
      look(loaded->native, loaded->module), ++accepted;
    return accepted;
  }
  static void look(const NativeModule& native, const wasm::ValidModule& module) {
    const auto& parts = module.impl();
    for (u32 i = 0; i < parts.funcs.size(); ++i) {
      const u8* code = native.function(i);
      EXPECT_TRUE(code == nullptr || native.contains(code)) << i;
      if (code != nullptr) EXPECT_TRUE(native.contains(native.entry(parts.type_of(i).canonical)));
      (void)module.function_name(i);
    }
    const native::PositionTable positions = native.positions();
    for (u32 at = 0; at < native.header().code_bytes; ++at) {
      native::Position position;
      if (at % 7 == 0) EXPECT_LT(native.offset_at(native.image() + at), module.code().size());
      if (!positions.find_call(at, position)) continue;
      EXPECT_LT(position.offset, module.code().size());
      for (u32 outer = position.inlined; outer != 0;) {
        const native::InlineRow row = positions.inlined(outer);
        EXPECT_LT(row.offset, module.code().size());
        ASSERT_LT(row.outer, outer);
        outer = row.outer;
      }
    }
    for (u32 i = 0; i < module.import_count() && i < 64; ++i) (void)module.import(i);
    (void)module.exported_function("no such");
  }

  std::vector<u8> wasm_;
  std::vector<u64> file_;
  usize size_ = 0;
};

TEST_F(LoaderMutation, TakesTheFileAsItIs) {
  EXPECT_EQ(load(), 2u);
  std::vector<u8> space(1 << 20);
  Arena arena(space);
  const auto decoded = wasm::ValidModule::load(wasm_, arena);
  const auto loaded = NativeModule::load_alone(file(), wasm_, kMachine, arena);
  ASSERT_TRUE(decoded.ok() && loaded.ok());
  const auto &a = decoded->impl(), &b = loaded->module.impl();
  EXPECT_EQ(a.types.size(), b.types.size());
  EXPECT_EQ(a.import_count, b.import_count);
  for (u32 i = 0; i < a.funcs.size(); ++i) {
    EXPECT_EQ(a.funcs[i].type, b.funcs[i].type);
    EXPECT_EQ(a.funcs[i].body, b.funcs[i].body);
    EXPECT_EQ(decoded->function_name(i), loaded->module.function_name(i));
  }
}

TEST_F(LoaderMutation, EveryChangedByteIsSeen) {
  for (usize at = 0; at < size_; at += 1 + at / 64) {
    bytes()[at] ^= 0x10;
    EXPECT_EQ(load(), 0u) << at;
    bytes()[at] ^= 0x10;
  }
}

TEST_F(LoaderMutation, WhatIsSealedAgainIsRefusedOrHolds) {
  const std::vector<u64> good = file_;
  const usize good_size = size_;
  native::Header header;
  std::memcpy(&header, bytes(), sizeof header);
  std::mt19937 random(1);
  u32 refused = 0;
  constexpr u32 kRounds = 6'000;
  for (u32 round = 0; round < kRounds; ++round) {
    file_ = good, size_ = good_size;
    // Mostly where tables are: the header's fields, the record, the image's end.
    const u32 places[][2] = {{8, sizeof header},
                             {header.record_at, header.record_at + header.record_bytes},
                             {header.image_at + header.functions_at, header.file_bytes},
                             {header.positions_at, header.positions_at + header.positions_bytes}};
    for (u32 change = 0; change <= round % 3; ++change) {
      const auto& [from, to] = places[random() % 4];
      const u32 at = from + random() % (to - from);
      switch (random() % 3) {
        case 0: bytes()[at] = static_cast<u8>(random()); break;
        case 1: bytes()[at] ^= static_cast<u8>(1u << random() % 8); break;
        default: {
          const u32 value = random() % 2 == 0 ? ~u32{0} : static_cast<u32>(random() % 70'000);
          std::memcpy(bytes() + (at & ~3u), &value, 4);
        }
      }
    }
    if (random() % 16 == 0) size_ = random() % good_size;
    if (size_ >= sizeof header) seal();
    refused += load() < 2;
  }
  EXPECT_GT(refused, kRounds / 2);
  EXPECT_LT(refused, kRounds) << "no change was ever harmless: is the file looked at?";
}

/// Mewz is started by emulators, for which eight digests at once are the quicker ones.
TEST_F(LoaderMutation, InMewzDigestsAreEightAtOnceAndFindTheSame) {
  constexpr native::Machine kMewz{native::Target::x86_64_mewz, ~u32{0}};
  const auto compiled = compile(wasm_, {.target = *find_target("x86_64-mewz", ""), .effort = Effort::o1});
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  file_.assign(compiled->size() / 8 + 1, 0);
  size_ = compiled->size();
  std::memcpy(file_.data(), compiled->data(), size_);
  auto& header = *reinterpret_cast<native::Header*>(bytes());
  EXPECT_NE(header.flags & native::kInEight, 0u);
  EXPECT_TRUE(std::ranges::equal(header.module_digest, sha256_in_eight({}, wasm_)));
  std::vector<u8> space(1 << 20);
  const auto outcome = [&](Bytes module) {
    Arena arena(space);
    const auto loaded = NativeModule::load_alone(file(), module, kMewz, arena);
    return loaded.ok() ? Code::internal : loaded.error().code;
  };
  EXPECT_EQ(outcome(wasm_), Code::internal);  // none
  for (usize at = 0; at < size_; at += 1 + at / 64) {
    bytes()[at] ^= 0x10;
    EXPECT_NE(outcome(wasm_), Code::internal) << at;
    bytes()[at] ^= 0x10;
  }
  for (usize at = 0; at < wasm_.size(); ++at) {
    auto other = wasm_;
    other[at] ^= 1;
    EXPECT_EQ(outcome(other), Code::digest_mismatch) << at;
  }
  // Neither kind passes for the other; a file of the plain kind, older than this, still loads.
  header.flags &= ~u32{native::kInEight};
  EXPECT_EQ(outcome(wasm_), Code::digest_mismatch);
  std::ranges::copy(sha256(wasm_), header.module_digest);
  seal();
  EXPECT_EQ(outcome(wasm_), Code::internal);
}

}  // namespace
}  // namespace pipit::aot
