// No module makes load() take more of the arena than load_arena_bytes() says: the densest of each kind, and
// any.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasm/instance.h"
#include "wasm/module_impl.h"

namespace pipit::wasm {
namespace {

using Data = std::vector<u8>;

void put_u32(Data& out, u32 value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<u8>(value | 0x80));
  out.push_back(static_cast<u8>(value));
}
void append(Data& out, const Data& more) { out.insert(out.end(), more.begin(), more.end()); }
Data repeated(const Data& item, u32 count) {
  Data out;
  for (u32 i = 0; i < count; ++i) append(out, item);
  return out;
}
/// A section that claims `count` items.
Data section(u8 id, u32 count, const Data& items) {
  Data body, out = {id};
  put_u32(body, count);
  append(body, items);
  put_u32(out, static_cast<u32>(body.size()));
  append(out, body);
  return out;
}
Data module_of(const std::vector<Data>& sections) {
  Data out = {0, 'a', 's', 'm', 1, 0, 0, 0};
  for (const Data& one : sections) append(out, one);
  return out;
}
const Data kType = section(1, 1, {0x60, 0, 0}), kFunction = section(3, 1, {0});
Data body_of(const Data& instructions, const Data& locals = {0}) {
  Data body = locals, sized;
  append(body, instructions);
  put_u32(sized, static_cast<u32>(body.size()));
  append(sized, body);
  return sized;
}
Data function_of(const Data& instructions, const Data& locals = {0}) {
  return module_of({kType, kFunction, section(10, 1, body_of(instructions, locals))});
}

/// What loading takes at its peak; `ok` is whether the module was valid.
usize peak(const Data& code, bool& ok, const Limits& limits = {}) {
  const usize bound = load_arena_bytes(code.size(), limits);
  Data memory(bound);
  Arena arena(memory);
  const auto module = ValidModule::load(code, arena, limits);
  ok = module.ok();
  if (!ok)
    EXPECT_NE(module.error().code, Code::out_of_memory) << code.size() << " bytes, wants " << arena.wanted();
  return arena.high_water();
}

constexpr u32 kMany = 100'000;

TEST(LoadBounds, HoldForTheDensestModules) {
  struct Case {
    const char* what;
    Data code;
    bool valid;
  };
  const auto then_end = [](Data instructions) {
    append(instructions, {0x0B});
    return instructions;
  };
  const Case cases[] = {
      {"types claimed", module_of({section(1, 16'000, Data(16'000, 0xFF))}), false},
      {"types", module_of({section(1, 16'000, repeated({0x60, 0, 0}, 16'000))}), true},
      {"functions claimed", module_of({kType, section(3, kMany, Data(kMany, 0))}), false},
      {"functions",
       module_of(
           {kType, section(3, kMany, Data(kMany, 0)), section(10, kMany, repeated({2, 0, 0x0B}, kMany))}),
       true},
      {"imports", module_of({kType, section(2, kMany, repeated({0, 0, 0, 0}, kMany))}), true},
      {"tables", module_of({section(4, kMany, repeated({0x70, 0, 0}, kMany))}), true},
      {"globals", module_of({section(6, kMany, repeated({0x7F, 0, 0x41, 0, 0x0B}, kMany))}), true},
      {"exports claimed", module_of({section(7, kMany, Data(kMany, 0))}), false},
      {"elements", module_of({section(4, 1, {0x70, 0, 0}), section(9, kMany, repeated({1, 0, 0}, kMany))}),
       true},
      {"data", module_of({section(11, kMany, repeated({1, 0}, kMany))}), true},
      {"blocks", function_of(then_end(repeated({0x02, 0x40}, kMany))), false},
      {"nested blocks", function_of(then_end([] {
         Data code = repeated({0x02, 0x40}, kMany);
         append(code, Data(kMany, 0x0B));
         return code;
       }())),
       true},
      {"branches", function_of(then_end(repeated({0x0C, 0}, kMany))), true},
      {"a branch table", function_of([] {
         Data code = {0x00, 0x0E};
         put_u32(code, kMany);
         append(code, Data(kMany + 1, 0));
         code.push_back(0x0B);
         return code;
       }()),
       true},
      {"drops of vectors",
       module_of({section(1, 1, {0x60, 1, 0x7B, 0}), kFunction, section(10, 1, body_of(then_end([] {
                                                                          Data code = {0x00};
                                                                          append(code, Data(kMany, 0x1A));
                                                                          return code;
                                                                        }())))}),
       true},
      {"operands", function_of(then_end(repeated({0x41, 0}, kMany))), false},
      {"locals", function_of({0x0B}, {1, 0xD0, 0x86, 0x03, 0x7F}), true},
      {"too many locals", function_of({0x0B}, {1, 0xD1, 0x86, 0x03, 0x7F}), false},
  };
  for (const Case& one : cases) {
    bool valid = false;
    const usize bytes = peak(one.code, valid);
    EXPECT_EQ(valid, one.valid) << one.what;
    EXPECT_LE(bytes, load_arena_bytes(one.code.size())) << one.what;
    RecordProperty(one.what,
                   std::to_string(static_cast<double>(bytes) / static_cast<double>(one.code.size())));
  }
}

/// Exports of one function; names as given.
Data exports_of(const std::vector<std::string>& names) {
  Data items;
  for (const std::string& name : names) {
    put_u32(items, static_cast<u32>(name.size()));
    items.insert(items.end(), name.begin(), name.end());
    append(items, {0, 0});
  }
  return module_of(
      {kType, kFunction, section(7, static_cast<u32>(names.size()), items), section(10, 1, body_of({0x0B}))});
}

TEST(LoadBounds, ManyNamesAndTypesAreComparedInTime) {
  std::vector<std::string> names;
  for (u32 i = 0; i < 200'000; ++i) names.push_back(std::to_string(i * 7'919u % 200'003u));
  bool valid = false;
  peak(exports_of(names), valid);
  EXPECT_TRUE(valid);
  names.insert(names.begin() + 1'000, names.back());
  peak(exports_of(names), valid);
  EXPECT_FALSE(valid) << "one name is there twice";
  // Types of 14 parameters, each i32 or i64: all different, then each twice.
  for (const u32 repeats : {1u, 2u}) {
    Data types;
    for (u32 i = 0; i < 16'384 / repeats; ++i)
      for (u32 k = 0; k < repeats; ++k) {
        append(types, {0x60, 14});
        for (u32 bit = 0; bit < 14; ++bit) types.push_back((i >> bit & 1) != 0 ? 0x7F : 0x7E);
        types.push_back(0);
      }
    const Data code = module_of({section(1, 16'384, types)});
    Data memory(load_arena_bytes(code.size()));
    Arena arena(memory);
    const auto module = ValidModule::load(code, arena);
    ASSERT_TRUE(module.ok());
    for (u32 i = 0; i < 16'384; ++i) ASSERT_EQ(module->impl().types[i].canonical, i / repeats * repeats);
  }
}

TEST(LoadBounds, MoreMemoryThanThereIsIsAnError) {
  // One GiB, of which the arena has a thousandth.
  Data pages = {0x00};
  put_u32(pages, 16'384);
  const Data code = module_of({section(5, 1, pages)});
  Data memory(1 << 20);
  Arena arena(memory);
  const auto module = ValidModule::load(code, arena);
  ASSERT_TRUE(module.ok());
  const usize used = arena.used();
  const auto instance = Instance::create(*module, {}, {}, arena);
  ASSERT_FALSE(instance.ok());
  EXPECT_EQ(instance.error().code, Code::out_of_memory);
  EXPECT_EQ(arena.used(), used);
  const auto limited = ValidModule::load(code, arena, {.max_memory_pages = 1'024});
  ASSERT_FALSE(limited.ok());
  EXPECT_EQ(limited.error().code, Code::out_of_range);
  EXPECT_STREQ(limited.error().message, "module wants more memory than this platform has");
}

}  // namespace
}  // namespace pipit::wasm
