// The loader: nothing of a native module runs before every field is verified.
#include <algorithm>
#include <bit>
#include <cstring>

#include "wasm/module_impl.h"
#include "wasm/native/digest.h"
#include "wasm/native/helpers.h"
#include "wasm/native/native.h"

namespace pipit::wasm::native {

namespace {

Error malformed(const char* message, usize where) {
  return {Code::malformed, message, static_cast<u32>(where)};
}

#define FIELD(name) offsetof(Header, name)

/// Whether `count` items of `bytes` each at `at` lie within `end`, on a multiple of 4.
bool fits(u64 at, u32 count, u32 bytes, u64 end) { return at % 4 == 0 && at + u64{count} * bytes <= end; }

/// What may be wrong with a header, in the order in which it is told.
struct Complaint {
  Code code;
  u16 where;
  const char* message;
};
constexpr Complaint kComplaints[] = {
    {Code::malformed, FIELD(magic), "not a native module"},
    {Code::unsupported, FIELD(abi_version), "native module of another ABI version: compile it again"},
    {Code::unsupported, FIELD(target), "native module for another target"},
    {Code::unsupported, FIELD(cpu_features), "native module needs instructions this processor lacks"},
    {Code::unsupported, FIELD(flags), "unknown flags of a native module"},
    {Code::unsupported, FIELD(flags), "native module needs arithmetic that is not linked in"},
    {Code::malformed, FIELD(file_bytes), "wrong size of a native module"},
    {Code::malformed, FIELD(image_at), "image outside the file"},
    {Code::malformed, FIELD(code_bytes), "code outside the image"},
    {Code::malformed, FIELD(functions_at), "function table outside the image"},
    {Code::malformed, FIELD(entries_at), "entry table outside the image"},
    {Code::malformed, FIELD(positions_at), "table of positions outside the file"},
    {Code::malformed, FIELD(record_at), "record outside the file"},
    {Code::malformed, FIELD(max_frame_bytes), "frames too large"},
};

Status check_digest(Bytes file, const Header& header) {
  if (std::memcmp(digest_of_file(file).data(), header.digest, sizeof header.digest) != 0)
    return Error{Code::digest_mismatch, "native module is damaged", FIELD(digest)};
  return {};
}

}  // namespace

Result<NativeModule> NativeModule::load(Bytes file, const ValidModule& module, const Machine& machine) {
  return load(file, module, machine, nullptr);
}

Result<NativeModule> NativeModule::load(Bytes file, const ValidModule& module, const Machine& machine,
                                        const Sha256::Digest* module_digest) {
  if (file.size() < sizeof(Header) || reinterpret_cast<usize>(file.data()) % alignof(Header) != 0)
    return malformed("not a native module: too short or misaligned", 0);
  NativeModule native(file);
  TRY(native.verify_file(machine));
  TRY(native.verify_origin(
      module_digest != nullptr ? *module_digest : digest_of_module(module.code(), native.header().flags)));
  TRY(native.verify_tables(module.impl()));
  return native;
}

/// All of a header is looked at before anything is said: in code that runs once, branches are what costs an
/// emulator.
Status NativeModule::verify_file(const Machine& machine) const {
  const Header& h = *header_;
  constexpr u32 kKnown = kGuardPages | kMetered | kArithmetic;
  const u32 known = kDigestInEight != nullptr ? kKnown | kInEight | kInstance : kKnown;
  u32 failed = 0, number = 0;  // a bit for each complaint
  const auto require = [&](bool holds) { failed |= u32{!holds} << number++; };
  require(h.magic == kMagic);
  require(h.abi_version == kAbiVersion);
  require(h.target == machine.target);
  require((h.cpu_features & ~machine.cpu_features) == 0);
  require((h.flags & ~known) == 0);
  require((h.flags & (kHasArithmetic ? 0 : kArithmetic)) == 0);
  require(h.file_bytes == file_.size());
  require(u64{h.image_at} + h.image_bytes == h.file_bytes && h.image_at >= sizeof(Header) &&
          h.image_at % 16 == 0);
  require(h.code_bytes <= h.image_bytes);
  require(h.functions_at >= h.code_bytes &&
          fits(h.functions_at, h.function_count, sizeof(FunctionRow), h.image_bytes));
  require(h.entries_at >= h.code_bytes && fits(h.entries_at, h.type_count, sizeof(i32), h.image_bytes));
  require(h.positions_at >= sizeof(Header) && fits(h.positions_at, h.positions_bytes, 1, h.image_at));
  require(h.record_at >= sizeof(Header) && h.record_bytes >= sizeof(Record) &&
          fits(h.record_at, h.record_bytes, 1, h.image_at));
  require(h.max_frame_bytes <= (64u << 20));
  if (failed != 0) {
    const Complaint& first = kComplaints[std::countr_zero(failed)];
    return Error{first.code, first.message, first.where};
  }
  return check_digest(file_, h);
}

Status NativeModule::verify_origin(const Sha256::Digest& module) const {
  if (std::memcmp(module.data(), header_->module_digest, module.size()) != 0)
    return Error{Code::digest_mismatch, "native module was compiled from another module",
                 FIELD(module_digest)};
  return {};
}

/// Every distance in the tables leads into the code, every row agrees with the module. All of a table is
/// looked at before anything is said, without branches where none is needed.
Status NativeModule::verify_tables(const ModuleImpl& module) const {
  const Header& h = *header_;
  const auto leads_into_code = [&](u32 table, i32 distance) {
    return static_cast<u64>(i64{table} + distance) < h.code_bytes;
  };
  if (h.function_count != module.funcs.size())
    return malformed("wrong number of functions", FIELD(function_count));
  if (h.type_count != module.types.size()) return malformed("wrong number of types", FIELD(type_count));
  const auto* functions = reinterpret_cast<const FunctionRow*>(image() + h.functions_at);
  const auto* entries = reinterpret_cast<const i32*>(image() + h.entries_at);
  bool stubs = true, rows = true;
  for (u32 i = 0; i < h.type_count; ++i) {
    const bool leads = leads_into_code(h.entries_at, entries[i]), none = entries[i] == 0;
    stubs &= none | leads;
  }
  for (u32 i = 0; i < h.function_count; ++i) {
    const u16 type = module.type_of(i).canonical;
    const bool same = functions[i].type == type, none = functions[i].code == 0, called = entries[type] != 0;
    const bool leads = leads_into_code(h.functions_at, functions[i].code);
    rows &= same & (none | (leads & called));
  }
  if (!stubs) return malformed("entry stub outside the code", h.image_at + h.entries_at);
  if (!rows) return malformed("function of another type or outside the code", h.image_at + h.functions_at);
  if (!positions().verify(static_cast<u32>(module.code.size())))
    return malformed("table of positions that does not hold together", h.positions_at);
  u32 global_slots = 0, result_slots = 0;
  for (const GlobalType& global : module.globals.subspan(module.imported_globals))
    global_slots += slots_of(global.type);
  for (const TypeEntry& type : module.types) result_slots = std::max<u32>(type.result_slots, result_slots);
  if (h.global_slots != global_slots) return malformed("wrong number of globals", FIELD(global_slots));
  if (h.result_slots < result_slots || h.result_slots > kMaxCells)
    return malformed("wrong number of cells for results", FIELD(result_slots));
  return {};
}

const u8* NativeModule::function(u32 index) const {
  const u8* table = image() + header_->functions_at;
  const i32 distance = reinterpret_cast<const FunctionRow*>(table)[index].code;
  return distance == 0 ? nullptr : table + distance;
}

const u8* NativeModule::entry(u32 type) const {
  const u8* table = image() + header_->entries_at;
  return table + reinterpret_cast<const i32*>(table)[type];
}

bool NativeModule::contains(const void* pc) const {
  const usize at = reinterpret_cast<usize>(pc) - reinterpret_cast<usize>(image());
  return at < header_->code_bytes;
}

PositionTable NativeModule::positions() const {
  return PositionTable(file_.subspan(header_->positions_at, header_->positions_bytes));
}

u32 NativeModule::offset_at(const void* pc) const {
  Position position;
  const bool is_known = contains(pc) && positions().find_instruction(place_of(pc), position);
  return is_known ? position.offset : 0;
}

}  // namespace pipit::wasm::native
