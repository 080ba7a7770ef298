#pragma once
#include "base/result.h"
#include "wasm/module.h"
#include "wasm/reader.h"

/// What validation computes and keeps, as small as it goes: everything else is read from the module's bytes
/// again.
namespace pipit::wasm {

constexpr u32 kNone = ~u32{0};
constexpr u32 kPageBytes = 65'536;
/// Function references pack the index with 20 bits (see instance_impl.h).
constexpr u32 kMaxFunctions = (1u << 20) - 1;

/// Value types in the module's own bytes: a type's parameters, a block's single result.
using TypeList = Bytes;

struct TypeEntry {
  u32 params_at;   ///< offset of the first parameter's byte
  u32 results_at;  ///< offset of the first result's byte
  u16 param_count;
  u16 result_count;
  u16 param_slots;   ///< 64-bit operand slots: a v128 takes two
  u16 result_slots;  ///< likewise
  u16 canonical;     ///< lowest index of an equal type: equal types have equal canonical numbers
};

/// One function. Imports have only a type.
struct FuncEntry {
  u32 body;  ///< offset of the body's size
  u32 side;  ///< index of its first side-table entry
  u16 type;
  u16 frame_slots;  ///< of parameters, locals, the highest operand stack and, with v128, what says where
                    ///< locals lie
};
static_assert(sizeof(FuncEntry) == 12);

/// What frames of modules that use v128 hold about where their locals lie (simd_interpreter.cpp).
constexpr u32 local_places_slots(u32 locals) { return (locals + 3) / 2; }

/// What a branch does, found by validation so that the interpreter need not search for `end`.
/// target: where to go, relative to the byte after the branch's opcode; carry: slots taken along; skip:
/// how far the side table advances, relative to this entry; drop: slots under them to discard.
/// In modules that use v128, `drop` and the untyped `select` have an entry too, whose drop() is their
/// operand's slots.
class SideEntry {
 public:
  static constexpr u32 kMaxCarry = 0xFF, kMaxDrop = 0xFFF;
  static constexpr i32 kMaxTarget = (1 << 23) - 1, kMaxSkip = (1 << 19) - 1;

  void set(i32 target, u32 carry, i32 skip, u32 drop) {
    target_carry_ = static_cast<u32>(target) << 8 | carry;
    skip_drop_ = static_cast<u32>(skip) << 12 | drop;
  }
  i32 target() const { return static_cast<i32>(target_carry_) >> 8; }
  u32 carry() const { return target_carry_ & kMaxCarry; }
  i32 skip() const { return static_cast<i32>(skip_drop_) >> 12; }
  u32 drop() const { return skip_drop_ & kMaxDrop; }

 private:
  u32 target_carry_ = 0;
  u32 skip_drop_ = 0;
};
static_assert(sizeof(SideEntry) == 8);

/// What SideEntry::target() can span.
constexpr u32 kMaxFunctionBytes = SideEntry::kMaxTarget - 16;

struct GlobalType {
  u8 type;
  bool is_mutable;
};

struct LimitsType {
  u32 min = 0;
  u32 max = kNone;
};

struct TableType {
  u8 type = 0;
  LimitsType limits;
  u32 init_at = 0;  ///< of the constant expression that its elements begin as; 0 when they are null
};

struct Instruction;

struct ModuleImpl {
  Bytes code;
  std::span<TypeEntry> types;
  std::span<FuncEntry> funcs;
  std::span<SideEntry> side;
  std::span<GlobalType> globals;
  std::span<TableType> tables;
  std::span<u32> elements;  ///< offset of each element segment
  std::span<u32> data;      ///< offset of each data segment
  std::span<u8> declared;   ///< one bit a function: ref.func may name it
  LimitsType memory;
  u32 imported_funcs = 0, imported_tables = 0, imported_globals = 0;
  u32 constant_globals = 0;  ///< how many of the globals a constant expression may read
  u32 import_count = 0;
  u32 imports_at = 0, exports_at = 0, globals_at = 0;  ///< offset of the first item; 0 without the section
  u32 export_count = 0;
  u32 names_at = 0, names_size = 0;  ///< contents of the custom section "name"
  u32 start = kNone;
  bool has_memory = false, imported_memory = false, has_data_count = false;
  bool uses_v128 = false;  ///< anywhere: types, blocks, bodies, constants

  TypeList params(u32 type) const { return code.subspan(types[type].params_at, types[type].param_count); }
  TypeList results(u32 type) const { return code.subspan(types[type].results_at, types[type].result_count); }
  const TypeEntry& type_of(u32 func) const { return types[funcs[func].type]; }
  bool is_declared(u32 func) const { return (declared[func / 8] >> (func % 8) & 1) != 0; }
  void declare(u32 func) { declared[func / 8] = static_cast<u8>(declared[func / 8] | 1u << (func % 8)); }
  /// The function whose body holds byte `offset` of the module.
  u32 func_at(u32 offset) const;
};

constexpr u8 kV128 = 0x7B;
constexpr u32 slots_of(u8 type) { return type == kV128 ? 2 : 1; }
u32 count_slots(TypeList types);
/// `(ref func)`, which is never null: of tables and element segments only (Wasm 3.0). Any function reference
/// matches funcref.
constexpr u8 kFuncRef = 0x70, kNonNullFuncRef = 0x64;
constexpr bool ref_matches(u8 type, u8 wanted) {
  return type == wanted || (type == kNonNullFuncRef && wanted == kFuncRef);
}
constexpr bool is_reference(u8 type) { return type == 0x70 || type == 0x6F; }
constexpr bool is_number(u8 type) { return type >= 0x7C && type <= 0x7F; }

struct ImportEntry {
  std::string_view module, name;
  ExternKind kind;
  u32 type = 0;  ///< functions
  TableType table;
  LimitsType memory;
  GlobalType global{};
};

struct ExportEntry {
  std::string_view name;
  ExternKind kind;
  u32 index;
};

enum class SegmentMode : u8 { active, passive, declarative };

struct ElementSegment {
  SegmentMode mode;
  bool expressions;  ///< items are constant expressions rather than function indices
  u8 type = kFuncRef;
  u32 table = 0;
  u32 offset_at = 0;  ///< of the constant expression that says where, when active
  u32 count = 0;
  u32 items_at = 0;
};

struct DataSegment {
  SegmentMode mode;
  u32 memory = 0;
  u32 offset_at = 0;
  Bytes bytes;
};

/// `count` zeroed items of `bytes` each, or null. One function for all types, because templates cost flash.
void* allocate_zeroed(Arena& arena, usize count, usize bytes, usize align);
/// For types whose all-zero bytes are a value.
template <class T>
bool make_zeroed(Arena& arena, std::span<T>& out, usize count) {
  static_assert(std::is_trivially_copyable_v<T>);
  T* first = static_cast<T*>(allocate_zeroed(arena, count, sizeof(T), alignof(T)));
  out = {first, first == nullptr ? 0 : count};
  return first != nullptr;
}

// Shared by decoding (hostile bytes: check reader.ok() afterwards) and by those who walk validated bytes
// again.
u8 read_value_type(Reader& reader);
u8 read_reference_type(Reader& reader);
TableType read_table_type(Reader& reader);
LimitsType read_memory_type(Reader& reader);
GlobalType read_global_type(Reader& reader);
ImportEntry read_import(Reader& reader);
ExportEntry read_export(Reader& reader);
/// Reads a segment's head; the reader stands at the first item, or behind the bytes.
ElementSegment read_element_segment(Reader& reader);
DataSegment read_data_segment(Reader& reader);
/// Most operands of a constant expression at a time.
constexpr u32 kMaxConstantDepth = 16;
/// The next instruction of a constant expression and its type; false at `end`, and on an error.
bool next_constant(Reader& reader, Instruction& in, u8& type);
/// Reads over a constant expression without judging its type. An image that never decodes links
/// native/skip_constant_known.cpp, which need not know what is an instruction.
void skip_constant(Reader& reader);

/// Checks a constant expression (Wasm 2.0 §3.3.10, extended by i32 and i64 add, sub and mul) of type
/// `expected` and marks functions it names as declared.
void check_constant(Reader& reader, ModuleImpl& module, u8 expected);
/// Fills everything but the side table and FuncEntry::side and ::frame_slots. Bodies are found, not yet
/// looked into.
Status decode_sections(ModuleImpl& module, Arena& arena, const Limits& limits);
/// Checks every body and makes the side table.
Status validate_bodies(ModuleImpl& module, Arena& arena, const Limits& limits);

}  // namespace pipit::wasm
