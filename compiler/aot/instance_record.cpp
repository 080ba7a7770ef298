// What instantiating the module comes to, for loaders that only copy it (wasm/native/instantiate.cpp reads
// it): the module is instantiated here, and what that made is written down.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "compiler/aot/emit.h"
#include "wasi/context.h"
#include "wasi/tables.h"
#include "wasm/instance_impl.h"

namespace pipit::aot {

namespace native = wasm::native;

namespace {

// A memory of any size, of which only what is touched takes any.
constexpr usize kSpaceBytes = usize{4} << 30;

u8* reserve(void* context) {
  void* const at =
      mmap(nullptr, kSpaceBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  *static_cast<void**>(context) = at == MAP_FAILED ? nullptr : at;
  return at == MAP_FAILED ? nullptr : static_cast<u8*>(at);
}
bool commit(void*, u8*, usize, usize to) { return to <= kSpaceBytes; }

class Space {
 public:
  Space() : space_{reserve, commit, static_cast<void*>(&base_)} {}
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;
  ~Space() {
    if (base_ != nullptr) munmap(base_, kSpaceBytes);
  }
  const wasm::MemorySpace& space() const { return space_; }

 private:
  void* base_ = nullptr;
  wasm::MemorySpace space_;
};

/// Where the tables have what import `number` names: the first that does, as instantiation looks.
std::optional<u32> place_of(const wasm::ValidModule& module, u32 number,
                            std::span<const wasm::HostTable> host) {
  const auto import = module.import(number);
  for (u32 table = 0; table < host.size(); ++table)
    for (u32 i = 0; i < host[table].functions.size(); ++i) {
      const wasm::HostFunction& function = host[table].functions[i];
      if (import.module == function.module && import.name == function.name) return table << 16 | i;
    }
  return std::nullopt;
}

template <class T>
void append(std::vector<u8>& out, const T* items, usize count) {
  const u8* const from = reinterpret_cast<const u8*>(items);
  out.insert(out.end(), from, from + count * sizeof(T));
}

struct Contents {
  std::vector<u32> links;
  std::vector<wasm::Value> cells;
  std::vector<native::TableStart> tables;
  std::vector<wasm::Ref> refs;
  std::vector<native::DataStart> data;
};

/// Upper halves of cells of 32 bits hold whatever they like: here nothing.
void take_globals(const wasm::InstanceImpl& instance, Contents& to) {
  for (usize i = 0; i < instance.module->globals.size(); ++i) {
    const u8 type = instance.module->globals[i].type;
    const bool is_wide = type == wasm::kV128 || type == static_cast<u8>(wasm::ValType::i64) ||
                         type == static_cast<u8>(wasm::ValType::f64);
    for (u32 slot = 0; slot < wasm::slots_of(type); ++slot) {
      wasm::Value value = instance.globals[i][slot];
      if (!is_wide) value.bits = value.u32_;
      to.cells.push_back(value);
    }
  }
}

void take_tables(const wasm::InstanceImpl& instance, Contents& to) {
  for (usize i = 0; i < instance.module->tables.size(); ++i) {
    const std::span elements(instance.tables[i]->elements, instance.tables[i]->size);
    const auto is_set = [](wasm::Ref ref) { return ref != 0; };
    const auto first = std::ranges::find_if(elements, is_set);
    const auto last = std::find_if(elements.rbegin(), std::make_reverse_iterator(first), is_set).base();
    to.tables.push_back(
        {first == last ? 0 : static_cast<u32>(first - elements.begin()), static_cast<u32>(last - first)});
    to.refs.insert(to.refs.end(), first, last);
  }
}

void take_data(const wasm::InstanceImpl& instance, Contents& to) {
  const wasm::ModuleImpl& module = *instance.module;
  for (const u32 at : module.data) {
    wasm::Reader reader(module.code, at);
    const wasm::DataSegment segment = wasm::read_data_segment(reader);
    if (segment.mode != wasm::SegmentMode::active || segment.bytes.empty()) continue;
    wasm::Value where;
    wasm::evaluate_constant(instance, segment.offset_at, &where);
    to.data.push_back({where.u32_, static_cast<u32>(segment.bytes.data() - module.code.data()),
                       static_cast<u32>(segment.bytes.size())});
  }
}

}  // namespace

std::vector<u8> make_instance_record(const wasm::ValidModule& valid, Arena& arena) {
  const wasm::ModuleImpl& module = valid.impl();
  wasi::Context context;
  const wasi::HostTables host(context);
  Contents contents;
  for (u32 i = 0; i < module.import_count; ++i) {
    const auto place = place_of(valid, i, host.span());
    if (!place) return {};
    contents.links.push_back(*place);
  }
  Space space;
  const auto instance = wasm::Instance::create(valid, host.span(), {.memory_space = &space.space()}, arena);
  if (!instance.ok()) return {};
  const wasm::InstanceImpl& made = (*instance)->impl();
  take_globals(made, contents);
  take_tables(made, contents);
  take_data(made, contents);
  const usize segments = module.elements.size() + module.data.size();
  const u64 id = wasi::tables_id();
  const auto entry = valid.exported_function("_start");
  const auto count = [](usize size) { return static_cast<u32>(size); };
  const native::InstanceRecord record = {{static_cast<u32>(id), static_cast<u32>(id >> 32)},
                                         entry.ok() ? *entry : wasm::kNone,
                                         count(contents.links.size()),
                                         count(contents.cells.size()),
                                         count(contents.tables.size()),
                                         count(contents.refs.size()),
                                         count(contents.data.size()),
                                         count((segments + 7) / 8)};
  std::vector<u8> out;
  append(out, &record, 1);
  append(out, contents.cells.data(), contents.cells.size());
  append(out, contents.links.data(), contents.links.size());
  append(out, contents.tables.data(), contents.tables.size());
  append(out, contents.refs.data(), contents.refs.size());
  append(out, contents.data.data(), contents.data.size());
  append(out, made.dropped, record.dropped_bytes);
  return out;
}

}  // namespace pipit::aot
