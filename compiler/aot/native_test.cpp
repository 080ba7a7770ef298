// Native code against the interpreter: the same module, the same calls, the same results, traps and host
// calls.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/sha256.h"
#include "compiler/aot/tests/native_pair.h"

namespace pipit::aot {
namespace {

/// Every export with arguments of every kind.
void sweep(Pair& pair) {
  wasm::Reader reader(pair.module().code(), pair.module().impl().exports_at);
  for (u32 i = 0; i < pair.module().impl().export_count; ++i) {
    const wasm::ExportEntry entry = wasm::read_export(reader);
    if (entry.kind != wasm::ExternKind::func) continue;
    const u32 params = pair.module().impl().type_of(entry.index).param_count;
    for (u64 seed = 0; seed < 25; ++seed) {
      std::vector<Value> arguments(params);
      for (u32 k = 0; k < params; ++k)
        arguments[k].bits = seed < 20 ? seed + k : (seed + k) * 0x9E37'79B9'7F4A'7C15;
      if (entry.name == "fib" && seed >= 20) continue;  // for ever
      if (seed >= 20 && params != 0 && entry.name == "mix") arguments[0].bits &= 0xFFF;
      pair.expect_same(std::string(entry.name), arguments);
    }
  }
}

TEST(Native, DoesWhatTheInterpreterDoes) {
  for (const Effort effort : {Effort::quick, Effort::o0, Effort::light, Effort::o3}) {
    Pair calls(kCalls, {.effort = effort});
    for (const u32 n : {0u, 1u, 17u, 200u}) calls.expect_same("mix", {{.u32_ = n}});
    calls.expect_same("fib", {{.u32_ = 15}});
    Pair mix(kMix, {.effort = effort});
    sweep(mix);
  }
}

/// Divided into a part for each function, whatever that does to inlining.
TEST(Native, PartsFitTogether) {
  for (const Effort effort : {Effort::quick, Effort::balanced, Effort::o2}) {
    Pair calls(kCalls, {.effort = effort, .part_bytes = 1});
    for (const u32 n : {0u, 17u, 200u}) calls.expect_same("mix", {{.u32_ = n}});
    Pair mix(kMix, {.effort = effort, .threads = 3, .part_bytes = 1});
    sweep(mix);
    EXPECT_EQ(mix.file_bytes, Pair(kMix, {.effort = effort, .threads = 1, .part_bytes = 1}).file_bytes);
  }
}

TEST(Native, LoadsTrapWhetherOrNotTheirValueMatters) {
  for (const Effort effort : {Effort::quick, Effort::o0, Effort::light, Effort::o1, Effort::o2, Effort::o3}) {
    Pair pair(kLoads, {.effort = effort});
    const auto exports = {"drop",        "masked", "cancelled",    "same_arms", "one_path",
                          "overwritten", "loop",   "last_of_loop", "inlined",   "ordered"};
    for (const char* name : exports) {
      const u32 func = *pair.module().exported_function(name);
      const u32 params = pair.module().impl().type_of(func).param_count;
      for (const u32 address : {0u, 64u, 65'500u, 65'530u, 65'536u, 0xFFFF'FFF0u})
        for (const u32 other : {0u, 1u, 42u}) {
          std::vector<Value> arguments = {{.u32_ = address}, {.u32_ = other}};
          arguments.resize(params);
          pair.expect_same(name, arguments);
          pair.expect_same("seen", {});
        }
    }
  }
}

/// Elements that are right, null, of another type, replaced and beyond the end, through tables that never
/// change and such that do.
TEST(Native, CallsThroughTablesFindWhatIsInThemNow) {
  for (const Effort effort : {Effort::quick, Effort::light, Effort::o1, Effort::o3}) {
    SCOPED_TRACE(static_cast<int>(effort));
    Pair pair(kTables, {.effort = effort});
    const auto sweep_elements = [&](const char* name, u32 count) {
      for (u32 element = 0; element < count; ++element)
        for (const u32 argument : {0u, 7u}) pair.expect_same(name, {{.u32_ = element}, {.u32_ = argument}});
      pair.expect_same(name, {{.u32_ = 0x8000'0001}, {.u32_ = 7}});
    };
    for (const u32 element : {0u, 1u, 3u, 9u, ~0u}) pair.expect_same("fixed_none", {{.u32_ = element}});
    for (const u32 element : {1u, 5u, 6u}) {
      pair.expect_same("fixed_wide", {{.u32_ = element}, {.bits = 3}});
      pair.expect_same("fixed_absent", {{.u32_ = element}});
    }
    sweep_elements("fixed", 11);
    sweep_elements("seen_by_others", 5);
    sweep_elements("written", 5);
    pair.expect_same("write", {{.u32_ = 1}, {.u32_ = 7}});
    pair.expect_same("write", {{.u32_ = 0}, {.u32_ = 8}});
    sweep_elements("written", 5);
  }
}

TEST(Native, SoftwareChecksDoToo) {
  Options options{.target = *find_target("x86_64-linux", ""), .effort = Effort::o2};
  options.target.checks = Checks::software;
  Pair mix(kMix, options);
  sweep(mix);
}

TEST(Native, ChecksForOneMemorySizeAreOfNoOther) {
  Options options{
      .target = *find_target("x86_64-linux", ""), .effort = Effort::o2, .memory_limit = 24 * 1024};
  options.target.checks = Checks::software;
  const auto bytes = support::read_file(kLoads);
  ASSERT_TRUE(bytes.ok());
  std::vector<u8> storage(1 << 20);
  Arena arena(storage);
  const auto module = wasm::ValidModule::load(*bytes, arena);
  ASSERT_TRUE(module.ok());
  const auto compiled = compile(*bytes, options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  const auto file = host::NativeFile::copy(*compiled);
  ASSERT_TRUE(file.ok());
  const auto loaded = native::NativeModule::load(file->bytes(), *module, host::this_machine());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const native::NativeCode code(*loaded, &host::fault_port());
  for (const u32 size : {24u * 1024, 12u * 1024, 0u}) {
    const auto instance = Instance::create(
        *module, {}, {.engine = &wasm::kNativeEngine, .code = &code, .memory_bytes = size}, arena);
    EXPECT_EQ(instance.ok(), size == options.memory_limit) << size;
  }
}

TEST(Native, MeteredCodePausesAndGoesOn) {
  Pair pair(kCalls, {.effort = Effort::o2, .metering = true});
  pair.expect_same("fib", {{.u32_ = 12}}, 7);
  pair.expect_same("mix", {{.u32_ = 50}}, 3);
  // However it is sliced, it costs the same.
  const u32 fib = *pair.module().exported_function("fib");
  u64 costs[2];
  for (u32 i = 0; i < 2; ++i) {
    const u64 before = pair.native().fuel_used();
    const Value argument{.u32_ = 12};
    ASSERT_TRUE(pair.native().start(fib, {&argument, 1}).ok());
    while (pair.native().resume(i == 0 ? 1 : 1000) == RunState::paused) {
    }
    EXPECT_EQ(pair.native().state(), RunState::finished);
    costs[i] = pair.native().fuel_used() - before;
  }
  EXPECT_EQ(costs[0], costs[1]);
  EXPECT_GT(costs[0], 100u);
}

native::Header header_of(const std::vector<u8>& file) {
  native::Header header;
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

void seal(std::vector<u8>& file) {
  u8* digest = file.data() + offsetof(native::Header, digest);
  std::memset(digest, 0, 32);
  const Sha256::Digest sum = sha256(file);
  std::memcpy(digest, sum.data(), sum.size());
}

Code refusal(const std::vector<u8>& file, const wasm::ValidModule& module) {
  const auto loaded = native::NativeModule::load(file, module, host::this_machine());
  return loaded.ok() ? Code::internal : loaded.error().code;
}

TEST(NativeLoader, RefusesWhatIsNotForThisModuleAndMachine) {
  Pair calls(kCalls), mix(kMix);
  EXPECT_EQ(refusal(calls.file_bytes, mix.module()), Code::digest_mismatch);
  const auto changed = [&](auto change) {
    auto file = calls.file_bytes;
    native::Header header = header_of(file);
    change(header);
    std::memcpy(file.data(), &header, sizeof header);
    seal(file);
    return refusal(file, calls.module());
  };
  EXPECT_EQ(changed([](native::Header&) {}), Code::internal);  // none: the seal is right
  EXPECT_EQ(changed([](native::Header& h) { h.target = native::Target::rv32imac; }), Code::unsupported);
  EXPECT_EQ(changed([](native::Header& h) { ++h.abi_version; }), Code::unsupported);
  EXPECT_EQ(changed([](native::Header& h) { h.cpu_features = 1u << 31; }), Code::unsupported);
  EXPECT_EQ(changed([](native::Header& h) { h.flags |= 1u << 31; }), Code::unsupported);
  EXPECT_EQ(changed([](native::Header& h) { --h.function_count; }), Code::malformed);
}

TEST(NativeLoader, TakesAKnownDigestInsteadOfReadingTheModuleAgain) {
  Pair calls(kCalls);
  const auto load = [&](const Sha256::Digest& digest) {
    return native::NativeModule::load(calls.file_bytes, calls.module(), host::this_machine(), &digest);
  };
  EXPECT_TRUE(load(sha256(calls.module().code())).ok());
  EXPECT_EQ(load({}).error().code, Code::digest_mismatch);
}

/// Bytes between members would hold parts of addresses.
TEST(NativeFile, RecordHoldsNothingButWhatDecodingComesTo) {
  const auto file = compile(*support::read_file(kCalls), {.target = *find_target("x86_64-linux", "")});
  ASSERT_TRUE(file.ok()) << file.error().text;
  const u8* at = file->data() + header_of(*file).record_at;
  native::Record record;
  std::memcpy(&record, at, sizeof record);
  ASSERT_NE(record.tables, 0u);
  const u8* const types = at + sizeof record;
  const u8* const tables =
      types + record.types * sizeof(wasm::TypeEntry) + record.funcs * sizeof(wasm::FuncEntry);
  for (u32 i = 0; i < record.types; ++i)
    for (const u32 byte : {18u, 19u}) EXPECT_EQ(types[i * sizeof(wasm::TypeEntry) + byte], 0) << i;
  for (u32 i = 0; i < record.tables; ++i)
    for (const u32 byte : {1u, 2u, 3u}) EXPECT_EQ(tables[i * sizeof(wasm::TableType) + byte], 0) << i;
}

/// Any byte of a file that is damaged is found; a field with a hostile value under a right digest is, too,
/// unless the value means nothing worse than the old one.
TEST(NativeLoader, SurvivesMutation) {
  Pair calls(kCalls);
  std::mt19937 random(20261121);
  for (u32 i = 0; i < 3000; ++i) {
    auto file = calls.file_bytes;
    file[random() % file.size()] ^= static_cast<u8>(1 + random() % 255);
    EXPECT_NE(refusal(file, calls.module()), Code::internal);
    file.resize(random() % file.size());
    EXPECT_NE(refusal(file, calls.module()), Code::internal);
  }
  const native::Header header = header_of(calls.file_bytes);
  constexpr u32 kHostile[] = {0, 1, 4, 0x7FFF'FFFF, 0x8000'0000, 0xFFFF'FFF0, 0xFFFF'FFFF};
  const auto try_word = [&](usize at) {
    for (const u32 value : kHostile) {
      auto file = calls.file_bytes;
      std::memcpy(file.data() + at, &value, sizeof value);
      seal(file);
      const auto loaded = native::NativeModule::load(file, calls.module(), host::this_machine());
      if (!loaded.ok()) continue;
      for (u32 func = 0; func < header.function_count; ++func) {
        const u8* code = loaded->function(func);
        EXPECT_TRUE(code == nullptr || loaded->contains(code)) << at;
        if (code != nullptr)
          EXPECT_TRUE(loaded->contains(loaded->entry(calls.module().impl().type_of(func).canonical)));
      }
      for (u32 pc = 0; pc < header.code_bytes; pc += 5)
        EXPECT_LT(loaded->offset_at(loaded->image() + pc), calls.module().code().size());
    }
  };
  for (usize at = 0; at < sizeof header; at += 4) try_word(at);
  for (u32 at = 0; at < header.function_count * 8; at += 4)
    try_word(header.image_at + header.functions_at + at);
  for (u32 at = 0; at < header.type_count * 4; at += 4) try_word(header.image_at + header.entries_at + at);
  for (u32 at = 0; at < header.positions_bytes; at += 4) try_word(header.positions_at + at);
}

}  // namespace
}  // namespace pipit::aot
