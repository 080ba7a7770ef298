// An instance as bytes. Writing goes from front to back; restoring reads everything once without changing
// anything, and again to take it over.
#include "wasm/checkpoint.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/sha256.h"
#include "wasm/register/checkpoint.h"

namespace pipit::wasm {

namespace reg {
namespace {

using pipit::Code;
constexpr u32 kRunGap = 16;  ///< zeros that end a run of memory

class Writer {
 public:
  explicit Writer(const CodeSink& sink) : sink_(sink) {}
  void bytes(const void* from, usize count) {
    const Bytes part{static_cast<const u8*>(from), count};
    checksum_ = crc32(part, checksum_);
    ok_ = ok_ && (count == 0 || sink_.write(sink_.context, part));
  }
  void word(u32 value) { bytes(&value, sizeof value); }
  u32 checksum() const { return checksum_; }
  bool ok() const { return ok_; }

 private:
  const CodeSink& sink_;
  u32 checksum_ = 0;
  bool ok_ = true;
};

u32 own_tables(const InstanceImpl& instance) {
  return static_cast<u32>(instance.module->tables.size()) - instance.module->imported_tables;
}
u32 segments(const InstanceImpl& instance) {
  return static_cast<u32>(instance.module->elements.size() + instance.module->data.size());
}

/// The next run of memory from `at` that is not all zeros.
Bytes next_run(const MemoryInst& memory, usize at) {
  while (at < memory.bytes && memory.base[at] == 0) ++at;
  usize end = at, zeros = 0;
  for (usize i = at; i < memory.bytes && zeros < kRunGap; ++i) {
    zeros = memory.base[i] == 0 ? zeros + 1 : 0;
    if (zeros == 0) end = i + 1;
  }
  return {memory.base + at, end - at};
}

void write_memory(Writer& out, const MemoryInst& memory) {
  for (usize at = 0;;) {
    const Bytes run = next_run(memory, at);
    const usize start = static_cast<usize>(run.data() - memory.base);
    out.word(static_cast<u32>(run.empty() ? 0 : start));
    out.word(static_cast<u32>(run.size()));
    if (run.empty()) return;
    out.bytes(run.data(), run.size());
    at = start + run.size();
  }
}

/// The frames, outermost first, from what the machine holds: callers from the stack's end, then the running
/// function.
struct Frames {
  const Machine& machine;
  const InstanceImpl& instance;

  u32 count() const { return static_cast<u32>(bottom() - machine.frame); }
  const Frame* bottom() const {
    return reinterpret_cast<const Frame*>(machine.stack + instance.stack_bytes / sizeof(Value));
  }
  CheckpointFrame at(u32 index) const {
    // Where function `index` goes on is in the frame it pushed for its callee, or in the machine.
    const bool is_top = index + 1 == count();
    const Frame& caller = bottom()[-1 - static_cast<i32>(index) - 1];
    const u8* const pc = is_top ? machine.pc : caller.pc;
    const Value* const fp = is_top ? machine.fp : caller.fp;
    const RegisterCode& image = *machine.image;
    const u32 offset = static_cast<u32>(pc - image.code);
    const u32 func = function_at(image, offset);
    return {func, offset - image.entries[func], static_cast<u32>(fp - machine.stack)};
  }
};

u32 frame_slots(const RegisterCode& image, u32 func) { return read_u16(image.code + image.entries[func]); }

u32 boot_position(const Machine& machine, const Frames& frames) {
  const u8* const pc = frames.count() == 0 ? machine.pc : frames.bottom()[-1].pc;
  return static_cast<u32>(pc - reinterpret_cast<const u8*>(machine.boot)) / 2;
}

CheckpointHeader describe(InstanceImpl& instance, const Frames& frames) {
  const Machine& machine = frames.machine;
  CheckpointHeader header{};
  header.magic = CheckpointHeader::kMagic;
  header.version = CheckpointHeader::kVersion;
  header.state = static_cast<u8>(machine.state);
  header.flags = static_cast<u8>((machine.owes ? kOwes : 0) | (instance.module_started ? kModuleStarted : 0) |
                                 (machine.boot[1] != machine.boot[2] ? kRunsEntry : 0));
  header.module_bytes = static_cast<u32>(instance.module->code.size());
  std::ranges::copy(sha256(instance.module->code), header.digest);
  header.shape = machine.image->shape;
  header.entry = machine.entry;
  header.boot_position = boot_position(machine, frames);
  header.frames = frames.count();
  header.slots = machine.entry_slots;
  if (header.frames != 0) {
    const CheckpointFrame top = frames.at(header.frames - 1);
    header.slots = top.base + frame_slots(*machine.image, top.func);
  }
  header.pages = instance.memory->pages;
  header.memory_bytes = static_cast<u32>(std::min<usize>(instance.memory->bytes, ~u32{0}));
  header.exit_code = instance.exit_code;
  header.fuel_used[0] = static_cast<u32>(instance.fuel_used);
  header.fuel_used[1] = static_cast<u32>(instance.fuel_used >> 32);
  return header;
}

bool is_alone(const InstanceImpl& instance) {
  const ModuleImpl& module = *instance.module;
  return instance.peers == &instance.self && module.imported_tables == 0 && module.imported_globals == 0 &&
         !module.imported_memory && instance.memory->bytes <= ~u32{0};
}

// Restoring.

/// Reads the bytes; what it reads goes nowhere unless `apply`.
class Restorer {
 public:
  Restorer(InstanceImpl& instance, Bytes bytes, Arena& scratch)
      : instance_(instance),
        machine_(machine_of(instance)),
        module_(*instance.module),
        bytes_(bytes),
        scratch_(scratch) {}

  Status run() {
    TRY(read_header());
    apply_ = false;
    TRY(body());
    TRY(make_room());
    apply_ = true;
    at_ = sizeof header_;
    return body();
  }

 private:
  Error malformed(const char* message) const { return {Code::malformed, message, static_cast<u32>(at_)}; }
  Result<Bytes> take(usize count) {
    if (count > bytes_.size() - at_) return malformed("checkpoint ends too early");
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  Result<u32> word() {
    const Bytes part = TRY(take(4));
    return read<u32>(part.data());
  }

  Status read_header();
  Status body();
  Status make_room();
  Status frames();
  Status frame(u32 index, const CheckpointFrame& caller, CheckpointFrame& out);
  Status globals();
  Status tables();
  Status memory();

  InstanceImpl& instance_;
  Machine& machine_;
  const ModuleImpl& module_;
  Bytes bytes_;  ///< without the checksum
  Arena& scratch_;
  usize at_ = 0;
  CheckpointHeader header_{};
  bool apply_ = false;
  CheckpointFrame known_{};
  ResumePoint known_call_;
};

Status Restorer::read_header() {
  constexpr usize kLeast = sizeof(CheckpointHeader) + 4;
  if (bytes_.size() < kLeast) return malformed("checkpoint is too short");
  const Bytes all = bytes_;
  bytes_ = all.first(all.size() - 4);
  if (read<u32>(all.data() + bytes_.size()) != crc32(bytes_)) return malformed("checkpoint is damaged");
  std::memcpy(&header_, bytes_.data(), sizeof header_);
  if (header_.magic != CheckpointHeader::kMagic) return malformed("not a checkpoint");
  if (header_.version != CheckpointHeader::kVersion)
    return Error{Code::invalid_argument, "checkpoint of another version", header_.version};
  if (header_.module_bytes != module_.code.size() ||
      !std::ranges::equal(header_.digest, sha256(module_.code)))
    return Error{Code::invalid_argument, "checkpoint of another module"};
  if (header_.shape != machine_.image->shape)
    return Error{Code::invalid_argument, "checkpoint of another translator's code"};
  const RunState state = static_cast<RunState>(header_.state);
  if ((state != RunState::paused && state != RunState::pending) || (header_.flags & ~7) != 0 ||
      header_.boot_position > 3 || header_.entry >= module_.funcs.size())
    return malformed("checkpoint has an impossible state");
  if ((header_.flags & kOwes) != 0 && state != RunState::paused)
    return malformed("checkpoint has an impossible state");
  at_ = sizeof header_;
  return {};
}

Status Restorer::body() {
  TRY(frames());
  TRY(globals());
  TRY(tables());
  const Bytes dropped = TRY(take((segments(instance_) + 7) / 8));
  if (apply_) std::ranges::copy(dropped, instance_.dropped);
  TRY(memory());
  if (at_ != bytes_.size()) return malformed("checkpoint goes on behind its end");
  if (!apply_) return {};
  machine_.state = static_cast<RunState>(header_.state);
  machine_.owes = (header_.flags & kOwes) != 0;
  instance_.module_started = (header_.flags & kModuleStarted) != 0;
  instance_.exit_code = header_.exit_code;
  instance_.fuel_used = u64{header_.fuel_used[1]} << 32 | header_.fuel_used[0];
  return {};
}

/// Whether the instance can be as large; memory and tables grow, which does not show until they are filled.
Status Restorer::make_room() {
  MemoryInst& memory = *instance_.memory;
  if (header_.pages < memory.pages)
    return malformed("checkpoint has less memory than the module begins with");
  if (header_.pages > memory.pages && memory.grow(header_.pages - memory.pages) == ~u32{0})
    return Error{Code::out_of_memory, "instance has no room for the checkpoint's memory", header_.pages};
  if (memory.bytes != header_.memory_bytes)
    return Error{Code::out_of_memory, "instance has another memory_bytes than the checkpoint",
                 header_.memory_bytes};
  return {};
}

Status Restorer::frame(u32 index, const CheckpointFrame& caller, CheckpointFrame& out) {
  const Bytes part = TRY(take(sizeof out));
  std::memcpy(&out, part.data(), sizeof out);
  if (apply_) return {};
  const RegisterCode& image = *machine_.image;
  if (out.func >= image.function_count) return malformed("checkpoint names no function");
  const u32 func = module_.imported_funcs + out.func;
  u32 expected_base = header_.boot_position == 1 ? machine_.entry_slots : 0;
  if (index != 0) {
    // In a recursion it is the same call again and again.
    if (index == 1 || caller.func != known_.func || caller.position != known_.position) {
      known_ = caller;
      if (!find_resume_point(module_, module_.imported_funcs + caller.func, caller.position, true, scratch_,
                             known_call_))
        return Error{Code::out_of_memory, "scratch memory too small"};
    }
    const ResumePoint& call = known_call_;
    if (call.kind != ResumePoint::Kind::after_call)
      return malformed("checkpoint returns to where no call is");
    expected_base = caller.base + call.callee_base;
    const TypeEntry& wanted = module_.types[call.callee_type];
    if (module_.type_of(func).result_slots != wanted.result_slots)
      return malformed("checkpoint's callee returns something else");
  }
  if (out.base != expected_base) return malformed("checkpoint's frame is not where its caller put it");
  const u64 end = u64{out.base} + frame_slots(image, out.func);
  if (end * sizeof(Value) + u64{header_.frames} * sizeof(Frame) > instance_.stack_bytes)
    return Error{Code::out_of_memory, "instance has no room for the checkpoint's stack", out.base};
  if (index + 1 < header_.frames) return {};
  if (end > header_.slots) return malformed("checkpoint's frame is not in its stack");
  ResumePoint here;
  if (!find_resume_point(module_, func, out.position, false, scratch_, here))
    return Error{Code::out_of_memory, "scratch memory too small"};
  const auto wanted = static_cast<RunState>(header_.state) == RunState::pending
                          ? ResumePoint::Kind::host_call
                          : ResumePoint::Kind::loop_or_entry;
  // Behind a call of the host's, whose unit of fuel is still owed, a run can pause as well.
  if (here.kind == wanted) return {};
  if (wanted == ResumePoint::Kind::host_call) return malformed("checkpoint waits where nothing is called");
  if (!find_resume_point(module_, func, out.position, true, scratch_, here))
    return Error{Code::out_of_memory, "scratch memory too small"};
  return here.kind == ResumePoint::Kind::after_call ? Status{}
                                                    : malformed("checkpoint goes on where nothing pauses");
}

Status Restorer::frames() {
  const TypeEntry& entry = module_.type_of(header_.entry);
  const bool runs_entry = (header_.flags & kRunsEntry) != 0;
  if (!apply_) {
    // Laid out as boot() does, for what the first frame's place depends on.
    machine_.entry_slots = runs_entry ? entry.param_slots : 0;
    if (header_.boot_position == 0 && (header_.frames != 0 || module_.start == kNone))
      return malformed("checkpoint has an impossible beginning");
    if (u64{header_.frames} * sizeof(Frame) + u64{header_.slots} * sizeof(Value) > instance_.stack_bytes ||
        header_.slots < machine_.entry_slots)
      return Error{Code::out_of_memory, "instance has no room for the checkpoint's stack", header_.slots};
  } else {
    machine_.entry = header_.entry;
    kRegisterEngine.boot(instance_, true, runs_entry, runs_entry ? entry.param_slots : 0);
    machine_.pc = reinterpret_cast<const u8*>(machine_.boot + header_.boot_position);
  }
  CheckpointFrame caller{}, current{};
  for (u32 i = 0; i < header_.frames; ++i, caller = current) {
    TRY(frame(i, caller, current));
    if (!apply_) continue;
    *--machine_.frame = {machine_.pc, machine_.fp, &instance_};
    machine_.pc = machine_.image->code + machine_.image->entries[current.func] + current.position;
    machine_.fp = machine_.stack + current.base;
  }
  const Bytes slots = TRY(take(usize{header_.slots} * sizeof(Value)));
  if (apply_) std::memcpy(static_cast<void*>(machine_.stack), slots.data(), slots.size());
  return {};
}

Status Restorer::globals() {
  for (usize i = module_.imported_globals; i < module_.globals.size(); ++i) {
    const Bytes part = TRY(take(slots_of(module_.globals[i].type) * sizeof(Value)));
    if (apply_) std::memcpy(static_cast<void*>(instance_.globals[i]), part.data(), part.size());
  }
  return {};
}

Status Restorer::tables() {
  for (u32 i = 0; i < own_tables(instance_); ++i) {
    TableInst& table = *instance_.tables[module_.imported_tables + i];
    const u32 size = TRY(word());
    if (size < table.type.limits.min) return malformed("checkpoint has a table smaller than declared");
    if (size > table.capacity)
      return Error{Code::out_of_memory, "instance has no room for the checkpoint's table", size};
    const Bytes elements = TRY(take(usize{size} * sizeof(Ref)));
    if (!apply_) continue;
    std::memcpy(table.elements, elements.data(), elements.size());
    table.size = size;
  }
  return {};
}

Status Restorer::memory() {
  MemoryInst& memory = *instance_.memory;
  if (apply_ && memory.bytes != 0) std::memset(memory.base, 0, memory.bytes);
  u32 end = 0;
  for (;;) {
    const u32 start = TRY(word()), length = TRY(word());
    if (length == 0) return {};
    if (start < end || start > header_.memory_bytes || length > header_.memory_bytes - start)
      return malformed("checkpoint's memory is out of bounds");
    const Bytes run = TRY(take(length));
    if (apply_) std::ranges::copy(run, memory.base + start);
    end = start + length;
  }
}

}  // namespace
}  // namespace reg

static Status check_engine(const InstanceImpl& instance) {
  if (instance.engine != &kRegisterEngine)
    return Error{Code::unsupported, "only the register engine's instances can be written as checkpoints"};
  if (!reg::is_alone(instance))
    return Error{Code::unsupported,
                 "instances that import from one another cannot be written as checkpoints"};
  return {};
}

Status checkpoint(Instance& handle, const CodeSink& sink) {
  InstanceImpl& instance = handle.impl();
  TRY(check_engine(instance));
  const RunState state = handle.state();
  if (state != RunState::paused && state != RunState::pending)
    return Error{Code::invalid_argument, "only a paused instance can be written as a checkpoint"};
  const reg::Machine& machine = reg::machine_of(instance);
  const reg::Frames frames{machine, instance};
  const reg::CheckpointHeader header = reg::describe(instance, frames);
  reg::Writer out(sink);
  out.bytes(&header, sizeof header);
  for (u32 i = 0; i < header.frames; ++i) {
    const reg::CheckpointFrame frame = frames.at(i);
    out.bytes(&frame, sizeof frame);
  }
  out.bytes(machine.stack, header.slots * sizeof(Value));
  const ModuleImpl& module = *instance.module;
  for (usize i = module.imported_globals; i < module.globals.size(); ++i)
    out.bytes(instance.globals[i], slots_of(module.globals[i].type) * sizeof(Value));
  for (u32 i = 0; i < reg::own_tables(instance); ++i) {
    const TableInst& table = *instance.tables[module.imported_tables + i];
    out.word(table.size);
    out.bytes(table.elements, table.size * sizeof(Ref));
  }
  out.bytes(instance.dropped, (reg::segments(instance) + 7) / 8);
  reg::write_memory(out, *instance.memory);
  out.word(out.checksum());
  return out.ok() ? Status{} : Error{Code::out_of_memory, "no room for the checkpoint"};
}

Status restore(Instance& handle, Bytes bytes, Arena& scratch) {
  InstanceImpl& instance = handle.impl();
  TRY(check_engine(instance));
  if (handle.state() != RunState::idle)
    return Error{Code::invalid_argument, "a checkpoint can be restored into a fresh instance only"};
  return reg::Restorer(instance, bytes, scratch).run();
}

}  // namespace pipit::wasm
