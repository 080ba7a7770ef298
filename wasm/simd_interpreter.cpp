// SIMD in the in-place interpreter. What each instruction computes is in simd_semantics.h; here is where its
// operands come from, and what differs for instructions that move operands of any type, of which a v128 takes
// two slots.
#include "wasm/simd_interpreter.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "wasm/simd_semantics.h"

namespace pipit::wasm {

namespace {

using simd::V128;

template <class T>
constexpr u32 kSlots = sizeof(T) == 16 ? 2 : 1;

template <class T>
T read_slots(const Value* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
void write_slots(Value* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

/// The next argument from operands in a row.
template <class T>
T take(const Value*& at) {
  const T value = read_slots<T>(at);
  at += kSlots<T>;
  return value;
}

/// Handler<immediate, bytes, F>::run takes F's operands from the stack and its immediate from the code.
template <Immediate kind, u32 bytes, auto F>
struct SimdHandler;

template <u32 bytes, class R, class... A, R (*F)(A...)>
struct SimdHandler<Immediate::none, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= (kSlots<A> + ...);
    const Value* at = sp;
    write_slots(sp, std::apply(F, std::tuple<A...>{take<A>(at)...}));
    PIPIT_NEXT(pc, sp + kSlots<R>);
  }
};

template <u32 bytes, class R, R (*F)(V128, u32)>
struct SimdHandler<Immediate::lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= 2;
    write_slots(sp, F(read_slots<V128>(sp), *pc));
    PIPIT_NEXT(pc + 1, sp + 1);
  }
};

template <u32 bytes, class T, V128 (*F)(V128, T, u32)>
struct SimdHandler<Immediate::lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= 3;
    write_slots(sp, F(read_slots<V128>(sp), read_slots<T>(sp + 2), *pc));
    PIPIT_NEXT(pc + 1, sp + 2);
  }
};

template <u32 bytes, V128 (*F)(V128, V128, const u8*)>
struct SimdHandler<Immediate::shuffle, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    sp -= 4;
    write_slots(sp, F(read_slots<V128>(sp), read_slots<V128>(sp + 2), pc));
    PIPIT_NEXT(pc + 16, sp + 2);
  }
};

template <u32 bytes, V128 (*F)(const u8*)>
struct SimdHandler<Immediate::v128, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    write_slots(sp, F(pc));
    PIPIT_NEXT(pc + 16, sp + 2);
  }
};

// A call that keeps every register its caller holds, where there is a convention for it: handlers then save
// none on the way that does not call.
#if defined(__x86_64__) || defined(__aarch64__)
#define PIPIT_KEEPS_REGISTERS [[clang::preserve_most, gnu::noinline]]
#else
#define PIPIT_KEEPS_REGISTERS [[gnu::noinline]]
#endif

/// trusted_long_u32() as such a call.
PIPIT_KEEPS_REGISTERS u64 long_u32(const u8* at) { return trusted_long_u32(at); }

[[gnu::always_inline]] inline u32 read_u32(const u8*& at) {
  const u32 first = *at;
  if (first >= 0x80) [[unlikely]] {
    const u64 value_and_length = long_u32(at);
    at += static_cast<u32>(value_and_length >> 32);
    return static_cast<u32>(value_and_length);
  }
  ++at;
  return first;
}

/// An access whose alignment and offset ended at `pc`.
struct Access {
  u8* at;  ///< null when it must trap
  const u8* pc;
};

/// Reads alignment and offset of an access with base address `base`.
inline Access access(Machine* m, const u8* pc, u32 base, u32 bytes) {
  read_u32(pc);
  const u32 offset = read_u32(pc);
  u8* at;
  if (!reach(m, base, offset, bytes, at)) [[unlikely]]
    return {};
  if (at == nullptr) __builtin_unreachable();
  return {at, pc};
}

#define PIPIT_SIMD_ACCESS(base)                        \
  const Access to = access(m, pc, (base).u32_, bytes); \
  if (to.at == nullptr) [[unlikely]]                   \
  return stop_with_trap(m, m->at, TrapKind::out_of_bounds_memory_access)

template <u32 bytes, V128 (*F)(const u8*)>
struct SimdHandler<Immediate::memarg, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-1]);
    write_slots(sp - 1, F(to.at));
    PIPIT_NEXT(to.pc, sp + 1);
  }
};

template <u32 bytes, void (*F)(u8*, V128)>
struct SimdHandler<Immediate::memarg, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-3]);
    F(to.at, read_slots<V128>(sp - 2));
    PIPIT_NEXT(to.pc, sp - 3);
  }
};

template <u32 bytes, V128 (*F)(const u8*, V128, u32)>
struct SimdHandler<Immediate::memarg_lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-3]);
    write_slots(sp - 3, F(to.at, read_slots<V128>(sp - 2), *to.pc));
    PIPIT_NEXT(to.pc + 1, sp - 1);
  }
};

template <u32 bytes, void (*F)(u8*, V128, u32)>
struct SimdHandler<Immediate::memarg_lane, bytes, F> {
  static void run(PIPIT_HANDLER_ARGS) {
    PIPIT_SIMD_ACCESS(sp[-3]);
    F(to.at, read_slots<V128>(sp - 2), *to.pc);
    PIPIT_NEXT(to.pc + 1, sp - 3);
  }
};

constexpr std::array<Handler, kSimdCount> make_table() {
  std::array<Handler, kSimdCount> table{};
  for (Handler& entry : table) entry = not_an_instruction;
#define OP(code, id, name, immediate, signature, alignment) \
  table[code - kFirstSimd] = SimdHandler<Immediate::immediate, 1u << (alignment), simd::id>::run;
#include "wasm/opcodes_simd.def"
#undef OP
  return table;
}

constexpr std::array<Handler, kSimdCount> kTable = make_table();

[[gnu::noinline]] void prefix_long(PIPIT_HANDLER_ARGS) {
  const u32 number = read_u32(pc);
  [[clang::musttail]] return kTable[number](pc, sp, fp, m);
}
void prefix_simd(PIPIT_HANDLER_ARGS) {
  m->at = pc - 1;
  const u32 number = *pc;
  if (number < 0x80) [[clang::musttail]]
    return kTable[number](pc + 1, sp, fp, m);
  // With 1 behind it, a LEB128's first byte is its value.
  if (pc[1] == 1) [[likely]]
    [[clang::musttail]] return kTable[number](pc + 2, sp, fp, m);
  PIPIT_TAIL(prefix_long);
}

// Operands of any type.

// A frame begins with a Head. Then come the locals before the first v128, a Place for each from there to the
// last v128, and all other locals. So what is neither between v128s nor one is found as fast, or nearly so,
// as in modules without v128: most of what compilers' loops use.
struct Head {
  u8 first;       ///< so many locals lie right behind the head
  u8 last_bias;   ///< minus the first local behind the last v128
  u8 last_count;  ///< how many there are
  u32 last;       ///< where they lie, in slots from the head's end
};
static_assert(sizeof(Head) == sizeof(Value));
/// What a LEB128 of one byte can name.
constexpr u32 kNearLocals = 0x80;

/// Where one of the locals in the middle lies: bytes from the frame's beginning, odd for a v128.
using Place = u32;

Head& head(Value* fp) { return *reinterpret_cast<Head*>(fp); }
/// Those of the locals from Head::first on.
Place* places(Value* fp) { return reinterpret_cast<Place*>(fp + 1 + head(fp).first); }
constexpr Place place_of(u32 slot, bool wide) { return slot * sizeof(Value) + wide; }
bool is_wide(Place place) { return (place & 1) != 0; }
Value* at(Value* fp, Place place) {
  return reinterpret_cast<Value*>(reinterpret_cast<u8*>(fp) + (place & ~1u));
}
Place place_at(Value* fp, u32 index) {
  const Head& in = head(fp);
  if (index < in.first) return place_of(1 + index, false);
  const u32 behind = index - static_cast<u8>(-in.last_bias);
  return behind < in.last_count ? place_of(1 + in.last + behind, false) : places(fp)[index - in.first];
}

void copy(Value* to, const Value* from, bool wide) {
  if (wide)
    write_slots(to, read_slots<V128>(from));
  else
    *to = *from;
}

/// local.get, local.set or local.tee of a local in the middle, or one whose index is written in two bytes or
/// more.
[[gnu::noinline]] void middle_local(PIPIT_HANDLER_ARGS) {
  const Op op = static_cast<Op>(pc[-1]);
  const Place place = place_at(fp, read_u32(pc));
  Value* const local = at(fp, place);
  const u32 slots = 1 + is_wide(place);
  if (op == Op::local_get) {
    copy(sp, local, is_wide(place));
    PIPIT_NEXT(pc, sp + slots);
  }
  copy(local, sp - slots, is_wide(place));
  if (op == Op::local_set) sp -= slots;
  PIPIT_NEXT(pc, sp);
}

#define LOCAL(id, effect, top)                             \
  void id(PIPIT_HANDLER_ARGS) {                            \
    usize index = *pc;                                     \
    if (index >= head(fp).first) [[unlikely]] {            \
      index = static_cast<u8>(index + head(fp).last_bias); \
      if (index >= head(fp).last_count) [[unlikely]]       \
        PIPIT_TAIL(middle_local);                          \
      index += head(fp).last;                              \
    }                                                      \
    effect;                                                \
    PIPIT_NEXT(pc + 1, top);                               \
  }
LOCAL(local_get, *sp = fp[index + 1], sp + 1)
LOCAL(local_set, fp[index + 1] = sp[-1], sp - 1)
LOCAL(local_tee, fp[index + 1] = sp[-1], sp)
#undef LOCAL

void global_get(PIPIT_HANDLER_ARGS) {
  const u32 index = read_u32(pc);
  const bool wide = m->instance->module->globals[index].type == kV128;
  copy(sp, m->globals[index], wide);
  PIPIT_NEXT(pc, sp + 1 + wide);
}
void global_set(PIPIT_HANDLER_ARGS) {
  const u32 index = read_u32(pc);
  const bool wide = m->instance->module->globals[index].type == kV128;
  sp -= 1 + wide;
  copy(m->globals[index], sp, wide);
  PIPIT_NEXT(pc, sp);
}

void drop(PIPIT_HANDLER_ARGS) {
  sp -= m->side++->drop();
  PIPIT_NEXT(pc, sp);
}

/// The operands' top after choosing one of two that take `slots`.
Value* choose(Value* sp, u32 slots) {
  sp -= 1 + slots;
  if (sp[slots].u32_ == 0) copy(sp - slots, sp, slots == 2);
  return sp;
}
void select(PIPIT_HANDLER_ARGS) {
  sp = choose(sp, m->side++->drop());
  PIPIT_NEXT(pc, sp);
}
void select_t(PIPIT_HANDLER_ARGS) {
  sp = choose(sp, slots_of(pc[1]));
  PIPIT_NEXT(pc + 2, sp);
}

/// The types of a function's parameters and then of its other locals.
struct Declared {
  const u8 *param, *params_end, *pc;
  u32 groups;

  Declared(TypeList params, const u8* declarations)
      : param(params.data()), params_end(param + params.size()), pc(declarations), groups(trusted_u32(pc)) {}
  /// The next `count` of them are of `type`; false, with pc behind the declarations, when there are no more.
  [[gnu::noinline]] bool next(u8& type, u32& count) {
    if (param != params_end) {
      type = *param++;
      count = 1;
      return true;
    }
    if (groups == 0) return false;
    --groups;
    count = trusted_u32(pc);
    type = *pc++;
    return true;
  }
};

constexpr HandlerTable make_simd_handlers() {
  HandlerTable table = make_handlers();
  const auto set = [&](Op op, Handler handler) { table.entries[static_cast<u16>(op)] = handler; };
  table.entries[kPrefixSimd] = prefix_simd;
  set(Op::local_get, local_get);
  set(Op::local_set, local_set);
  set(Op::local_tee, local_tee);
  set(Op::global_get, global_get);
  set(Op::global_set, global_set);
  set(Op::drop, drop);
  set(Op::select, select);
  set(Op::select_t, select_t);
  return table;
}

}  // namespace

extern constinit const HandlerTable kSimdHandlers = make_simd_handlers();

void simd_open_locals(PIPIT_HANDLER_ARGS) {
  const TypeList params = m->instance->module->params(m->func->type);
  Declared all(params, pc), again = all;
  u32 count = 0, slots = 0, begin = ~0u, end = 0;  // from the first v128 to the last
  u8 type;
  u32 more;
  while (all.next(type, more)) {
    if (type == kV128 && more != 0) {
      begin = std::min(begin, count);
      end = count + more;
    }
    count += more;
    slots += more * slots_of(type);
  }
  pc = all.pc;
  begin = std::min(std::min(begin, count), kNearLocals);
  end = count > kNearLocals ? count : std::max(begin, end);
  const u32 first_params = std::min(begin, static_cast<u32>(params.size()));
  const u32 other_params = static_cast<u32>(sp - fp) - first_params;
  const u32 others = 1 + begin + (end - begin + 1) / 2;
  std::memmove(fp + others, fp + first_params, other_params * sizeof(Value));
  std::memmove(fp + 1, fp, first_params * sizeof(Value));
  // Clears the places, too, unless parameters lie behind them.
  Value* const cleared = fp + (begin > first_params ? 1 + first_params : others + other_params);
  sp = fp + others + slots - begin;
  std::memset(cleared, 0, static_cast<usize>(sp - cleared) * sizeof(Value));
  head(fp) = {static_cast<u8>(begin), static_cast<u8>(-end), static_cast<u8>(count - end),
              others + slots - begin - (count - end) - 1};
  Place* place = places(fp);
  u32 index = 0, slot = others;
  while (begin != end && again.next(type, more)) {
    for (; more != 0; --more, ++index) {
      if (index < begin || index >= end) continue;
      *place++ = place_of(slot, type == kV128);
      slot += slots_of(type);
    }
  }
  PIPIT_SPEND_AND_NEXT();
}

}  // namespace pipit::wasm
