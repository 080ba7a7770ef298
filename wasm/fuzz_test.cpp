// Hostile modules: bytes of good ones changed at random, by a seed. Nothing may crash, hang or touch a byte
// outside its arena; run it under the address sanitizer as well. PIPIT_FUZZ_ROUNDS makes it run longer.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "wasm/module_impl.h"
#include "wasm/tests/engine.h"

namespace pipit::wasm::test {
namespace {

constexpr u8 kGuard = 0xC5;
constexpr usize kArenaBytes = 512 << 10, kGuardBytes = 4096;

u32 rounds() {
  const char* text = std::getenv("PIPIT_FUZZ_ROUNDS");
  return text == nullptr ? 3'000 : static_cast<u32>(std::strtoul(text, nullptr, 10));
}

/// One to eight changes: bits, bytes that mean something, runs moved or cut.
void mutate(std::vector<u8>& code, std::mt19937& random) {
  static constexpr u8 kTelling[] = {0x00, 0x01, 0x0B, 0x0C, 0x0E, 0x10, 0x11, 0x40, 0x7F, 0x80, 0xFC, 0xFF};
  for (u32 changes = 1 + random() % 8; changes != 0 && !code.empty(); --changes) {
    const usize at = random() % code.size();
    switch (random() % 6) {
      case 0: code[at] ^= static_cast<u8>(1u << random() % 8); break;
      case 1: code[at] = static_cast<u8>(random()); break;
      case 2: code[at] = kTelling[random() % sizeof kTelling]; break;
      case 3: code[at] = code[random() % code.size()]; break;
      case 4: code.insert(code.begin() + static_cast<std::ptrdiff_t>(at), static_cast<u8>(random())); break;
      default: code.erase(code.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
}

/// Loads, links and runs every function for a while; says whether the module was valid.
bool exercise(const std::vector<u8>& code, MutBytes memory) {
  Arena arena(memory);
  auto module = ValidModule::load(code, arena);
  if (!module.ok()) {
    EXPECT_EQ(arena.used(), 0u);
    EXPECT_TRUE(module.error().where <= code.size() || module.error().code != Code::malformed);
    return false;
  }
  Host host;
  const HostTable tables[] = {{kHostFunctions, &host}};
  for (u32 i = 0; i < module->import_count(); ++i) EXPECT_FALSE(module->import(i).name.data() == nullptr);
  auto instance = Instance::create(*module, tables, {.memory_bytes = 20'000, .stack_bytes = 4096}, arena);
  if (!instance.ok()) return true;
  const ModuleImpl& impl = module->impl();
  for (u32 func = 0; func < impl.funcs.size(); ++func) {
    module->function_name(func);
    const std::vector<Value> arguments(impl.type_of(func).param_count, value(static_cast<i32>(func) * 77));
    if (!(*instance)->start(func, arguments).ok()) continue;
    for (int slice = 0; slice < 3; ++slice)
      if ((*instance)->resume(400) != RunState::paused) break;
    if ((*instance)->state() == RunState::trapped) EXPECT_LT((*instance)->trap().offset, code.size());
    if ((*instance)->state() == RunState::paused) return true;  // it would have to be waited for
  }
  return true;
}

TEST(Fuzz, MutatedModulesNeverHarm) {
  std::vector<u8> memory(kArenaBytes + 2 * kGuardBytes, kGuard);
  const MutBytes arena = MutBytes(memory).subspan(kGuardBytes, kArenaBytes);
  for (const char* name : {"calls", "mix"}) {
    const auto original = read_module(name);
    ASSERT_FALSE(original.empty());
    u32 valid = 0;
    for (u32 seed = 0; seed < rounds(); ++seed) {
      SCOPED_TRACE(std::string(name) + " seed " + std::to_string(seed));
      std::mt19937 random(seed);
      auto code = original;
      mutate(code, random);
      code.shrink_to_fit();
      valid += exercise(code, arena);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(valid, rounds() / 50) << "mutations must reach past the decoder";
    EXPECT_LT(valid, rounds());
  }
  for (usize i = 0; i < kGuardBytes; ++i) {
    ASSERT_EQ(memory[i], kGuard);
    ASSERT_EQ(memory[memory.size() - 1 - i], kGuard);
  }
}

}  // namespace
}  // namespace pipit::wasm::test
