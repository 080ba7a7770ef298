// Instances by a native module's record: the same as step by step, refused where the record leads elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "base/sha256_in_eight.h"
#include "compiler/aot/tests/native_pair.h"
#include "wasi/context.h"
#include "wasi/tables.h"
#include "wasm/native/context.h"
#include "wasm/native/digest.h"

namespace pipit::aot {
namespace {

using wasm::InstanceImpl;

const native::Machine kMewz{native::Target::x86_64_mewz, ~u32{0}};
const std::string kInstance = PIPIT_AOT_TEST_MODULES "/instance.wasm";

/// A module compiled for Mewz, whose code runs on Linux of the same processor as well.
class Compiled {
 public:
  explicit Compiled(Bytes wasm, Options options = {}) : wasm_(wasm.begin(), wasm.end()) {
    options.target = *find_target("x86_64-mewz", "");
    options.effort = Effort::o1;
    const auto compiled = compile(wasm_, options);
    EXPECT_TRUE(compiled.ok()) << (compiled.ok() ? "" : compiled.error().text);
    bytes = *compiled;
  }
  native::Header& header() { return *reinterpret_cast<native::Header*>(bytes.data()); }
  bool recorded() { return (header().flags & native::kInstance) != 0; }
  u32 record_at() { return (header().record_at + header().record_bytes + 3) & ~3u; }
  native::InstanceRecord& record() {
    return *reinterpret_cast<native::InstanceRecord*>(bytes.data() + record_at());
  }
  void seal() {
    const auto sum = native::digest_of_file(bytes);
    std::memcpy(header().digest, sum.data(), sum.size());
  }
  Bytes wasm() const { return wasm_; }

  std::vector<u8> bytes;

 private:
  std::vector<u8> wasm_;
};

/// Such a module loaded, and where instances of it live.
class Loaded {
 public:
  explicit Loaded(Compiled& compiled)
      : space_(4u << 20), arena_(space_), file_(*host::NativeFile::copy(compiled.bytes)) {
    auto loaded = native::NativeModule::load_alone(file_.bytes(), compiled.wasm(), kMewz, arena_);
    if (!loaded.ok()) return;
    module_.emplace(loaded->module);
    code_.emplace(loaded->native, &host::fault_port());
    config.engine = &wasm::kNativeEngine;
    config.code = &*code_;
    config.memory_space = memories_.space();
  }
  bool ok() const { return code_.has_value(); }
  const wasm::ValidModule& module() const { return *module_; }
  Arena& arena() { return arena_; }
  Result<Instance*> step_by_step() { return Instance::create(module(), tables_.span(), config, arena_); }
  Result<native::Recorded> by_record(u64 id = wasi::tables_id()) {
    return native::create_recorded(module(), {tables_.span(), id}, config, arena_);
  }

  wasm::InstanceConfig config{.stack_bytes = 64 * 1024};

 private:
  std::vector<u8> space_;
  Arena arena_;
  host::NativeFile file_;
  wasi::Context context_;
  wasi::HostTables tables_{context_};
  host::GuardedMemories memories_;
  std::optional<wasm::ValidModule> module_;
  std::optional<native::NativeCode> code_;
};

template <class T>
bool same_bytes(const T* a, const T* b, usize count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(T)) == 0;
}

void expect_same_tables(const InstanceImpl& a, const InstanceImpl& b) {
  for (usize i = 0; i < a.module->tables.size(); ++i) {
    const wasm::TableInst &x = *a.tables[i], &y = *b.tables[i];
    EXPECT_EQ(x.size, y.size) << i;
    EXPECT_EQ(x.capacity, y.capacity) << i;
    EXPECT_EQ(x.type.type, y.type.type) << i;
    EXPECT_EQ(x.type.limits.max, y.type.limits.max) << i;
    EXPECT_TRUE(same_bytes(x.elements, y.elements, x.capacity)) << i;
  }
}

/// Whatever of an instance may be seen later.
void expect_same(InstanceImpl& a, InstanceImpl& b) {
  const wasm::ModuleImpl& module = *a.module;
  const wasm::MemoryInst &x = *a.memory, &y = *b.memory;
  EXPECT_EQ(x.bytes, y.bytes);
  EXPECT_EQ(x.pages, y.pages);
  EXPECT_EQ(x.max_pages, y.max_pages);
  EXPECT_EQ(x.capacity, y.capacity);
  EXPECT_EQ(x.space, y.space);
  EXPECT_EQ(x.declared.max, y.declared.max);
  EXPECT_TRUE(same_bytes(x.base, y.base, x.bytes));
  expect_same_tables(a, b);
  for (usize i = 0; i < module.globals.size(); ++i) {
    const u8 type = module.globals[i].type;
    const bool narrow = type == 0x7F || type == 0x7D || wasm::is_reference(type);
    EXPECT_EQ(narrow ? a.globals[i]->u32_ : a.globals[i]->u64_,
              narrow ? b.globals[i]->u32_ : b.globals[i]->u64_)
        << i;
    if (type == wasm::kV128) EXPECT_EQ(a.globals[i][1].u64_, b.globals[i][1].u64_) << i;
  }
  for (u32 i = 0; i < module.imported_funcs; ++i) {
    EXPECT_EQ(a.links[i].call, b.links[i].call) << i;
    EXPECT_EQ(a.links[i].context, b.links[i].context) << i;
  }
  EXPECT_TRUE(same_bytes(a.dropped, b.dropped, (module.elements.size() + module.data.size() + 7) / 8));
  EXPECT_EQ(a.stack_bytes, b.stack_bytes);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.id, b.id);
}

u64 call(Instance& instance, std::string_view name, std::vector<Value> arguments = {}) {
  const u32 func = *instance.module().exported_function(name);
  EXPECT_TRUE(instance.start(func, arguments).ok());
  const RunState state = instance.resume();
  if (state != RunState::finished) return 0xDEAD'0000u + static_cast<u32>(instance.trap().kind);
  const auto types = instance.module().impl().results(instance.module().impl().funcs[func].type);
  if (types.empty()) return 0;
  return types[0] == 0x7E ? instance.results()[0].u64_ : instance.results()[0].u32_;
}

TEST(InstanceRecord, MakesWhatInstantiationMakes) {
  for (const bool zeroed : {false, true}) {
    Compiled compiled(*support::read_file(kInstance));
    ASSERT_TRUE(compiled.recorded());
    Loaded loaded(compiled);
    ASSERT_TRUE(loaded.ok());
    loaded.config.zeroed_arena = zeroed;
    loaded.config.table_headroom = 4;
    loaded.config.max_memory_pages = 4;
    const auto a = loaded.step_by_step();
    if (!zeroed) std::memset(loaded.arena().allocate(0, 1), 0xAA, 1u << 20);
    const auto b = loaded.by_record();
    ASSERT_TRUE(a.ok() && b.ok());
    ASSERT_NE(b->instance, nullptr);
    EXPECT_EQ(b->entry, *loaded.module().exported_function("_start"));
    expect_same((*a)->impl(), b->instance->impl());
    const auto expect_same_call = [&](std::string_view name, std::vector<Value> arguments = {}) {
      EXPECT_EQ(call(**a, name, arguments), call(*b->instance, name, arguments)) << name;
    };
    for (u32 element = 0; element < 9; ++element) {
      expect_same_call("call", {{.u32_ = element}, {.u32_ = 11}});
      expect_same_call("call_third", {{.u32_ = element}, {.u32_ = 11}});
    }
    EXPECT_EQ(call(*b->instance, "call", {{.u32_ = 2}, {.u32_ = 11}}), 22u);
    for (const char* name : {"_start", "globals", "is_null", "yield"}) expect_same_call(name);
    expect_same_call("wait_no_longer", {{.u32_ = 100}});
    expect_same_call("wait_no_longer", {{.u32_ = 100}});
    expect_same_call("call", {{.u32_ = 0}, {.u32_ = 11}});
    for (const u32 more : {1u, 1u, 1u, 3u, 0u}) expect_same_call("grow", {{.u32_ = more}});
    for (const u32 at : {20u, 131'071u, 200'000u, 500'000u}) expect_same_call("load", {{.u32_ = at}});
    expect_same((*a)->impl(), b->instance->impl());
  }
}

TEST(InstanceRecord, IsNotMadeWhereItCannotSayIt) {
  Compiled stranger(*support::read_file(kCalls));  // imports what no application is offered
  EXPECT_FALSE(stranger.recorded());
  Options elsewhere{.target = *find_target("x86_64-linux", "")};
  const auto linux_file = compile(*support::read_file(kInstance), elsewhere);
  ASSERT_TRUE(linux_file.ok());
  EXPECT_EQ(reinterpret_cast<const native::Header*>(linux_file->data())->flags & native::kInstance, 0u);
}

TEST(InstanceRecord, LeavesToTheGeneralWayWhatItCannotDo) {
  Compiled compiled(*support::read_file(kInstance));
  const auto declines = [&](auto change, u64 id = wasi::tables_id()) {
    Loaded loaded(compiled);
    change(loaded);
    const usize used = loaded.arena().used();
    const auto made = loaded.by_record(id);
    EXPECT_TRUE(made.ok());
    const bool declined = made.ok() && made->instance == nullptr;
    if (declined) EXPECT_EQ(loaded.arena().used(), used);
    return declined;
  };
  EXPECT_FALSE(declines([](Loaded&) {}));
  EXPECT_TRUE(declines([](Loaded&) {}, wasi::tables_id() + 1));
  EXPECT_TRUE(declines([](Loaded& l) { l.config.memory_space = nullptr; }));
  EXPECT_TRUE(declines([](Loaded& l) { l.config.memory_bytes = 1 << 18; }));
  EXPECT_TRUE(declines([](Loaded& l) { l.config.max_memory_pages = 1; }));
  EXPECT_TRUE(declines([](Loaded& l) { l.config.stack_bytes = 8u << 20; }));
}

TEST(InstanceRecord, HostileOnesAreRefusedOrHold) {
  Compiled good(*support::read_file(kInstance));
  const native::InstanceRecord record = good.record();
  const u32 at = good.record_at(), bytes = good.header().image_at - at;
  std::mt19937 random(7);
  u32 refused = 0, made = 0;
  const auto try_it = [&](Compiled& changed) {
    changed.seal();
    Loaded loaded(changed);
    ASSERT_TRUE(loaded.ok());
    const auto instance = loaded.by_record();
    if (!instance.ok()) {
      EXPECT_EQ(instance.error().code, Code::malformed);
      ++refused;
    } else if (instance->instance != nullptr) {
      ++made;
      const InstanceImpl& impl = instance->instance->impl();
      for (usize i = 0; i < impl.module->tables.size(); ++i)
        for (u32 k = 0; k < impl.tables[i]->capacity; ++k)
          EXPECT_LE(impl.tables[i]->elements[k], impl.module->funcs.size());
      for (usize i = 0; i < impl.module->globals.size(); ++i)
        if (wasm::is_reference(impl.module->globals[i].type))
          EXPECT_LE(impl.globals[i]->u64_, impl.module->funcs.size());
      EXPECT_TRUE(instance->entry == wasm::kNone || instance->entry < impl.module->funcs.size());
    }
  };
  const u32 words = (sizeof record + record.cells * 8 + (record.links + record.refs) * 4 + record.tables * 8 +
                     record.data * 12 + record.dropped_bytes) /
                    4;
  for (u32 word = 0; word < words; ++word)
    for (const u32 value : {0u, 1u, 9u, 0xFFFFu, 0x1'0001u, 0x7FFF'FFFFu, 0xFFFF'FFFFu}) {
      Compiled changed = good;
      std::memcpy(changed.bytes.data() + at + usize{word} * 4, &value, sizeof value);
      try_it(changed);
    }
  for (u32 round = 0; round < 300; ++round) {
    Compiled changed = good;
    for (u32 change = 0; change <= round % 3; ++change)
      changed.bytes[at + random() % std::min(bytes, words * 4)] = static_cast<u8>(random());
    try_it(changed);
  }
  EXPECT_GT(refused, 100u);
  EXPECT_GT(made, 20u);
}

}  // namespace
}  // namespace pipit::aot
