#include "wasm/register/translate.h"

#include <algorithm>

#include "base/crc32.h"
#include "wasm/register/function.h"
#include "wasm/register/machine.h"
#include "wasm/register/simd.h"

// NOLINTNEXTLINE(readability-redundant-declaration): weak here, where it may be missing
extern "C" [[gnu::weak]] const pipit::wasm::reg::RegisterSimd pipit_wasm_register_simd;

namespace pipit::wasm {

namespace reg {

// Read where it is used: the compiler must not take a weak symbol's address for something.
static const RegisterSimd* const volatile kLinkedSimd = &pipit_wasm_register_simd;

const RegisterSimd* register_simd() { return kLinkedSimd; }

u16 handler_code(Code code) {
  const u32 number = static_cast<u32>(code);
  const Handler handler = number < kCodes ? handler_of(code) : register_simd()->handler(number - kCodes - 1);
  const usize address = reinterpret_cast<usize>(handler), base = reinterpret_cast<usize>(handler_base());
#if defined(__arm__)
  PIPIT_CHECK(address >> 16 == base >> 16);  // the linker's script sees to it
  return static_cast<u16>(address);
#else
  const isize distance = static_cast<isize>(address - base);
  const isize units = distance / static_cast<isize>(kHandlerScale);
  PIPIT_CHECK(distance % static_cast<isize>(kHandlerScale) == 0 && units == static_cast<i16>(units));
  return static_cast<u16>(units);
#endif
}

namespace {

/// What translated code ends with: functions' beginnings stand before it, and their code before those.
struct Trailer {
  u32 code_bytes;
  u32 function_count;
  u32 module_bytes;
  u32 module_checksum;
  u32 shape;     ///< Emitter::shape()
  u32 layout;    ///< checksum of the engine's handler codes: code fits the build that has the same
  u32 checksum;  ///< of everything before this field
  u32 magic;
};
constexpr u32 kMagic = 0x3143'5250;  // "PRC1"
/// A branch of 16 bits reaches ± 64 KiB.
constexpr u32 kNearBytes = 0xFFF0;

u32 layout() {
  u32 checksum = 0;
  const u32 codes = kCodes + (register_simd() == nullptr ? 0 : 1 + kWideCodes);
  for (u32 i = 0; i < codes; ++i) {
    if (i == kCodes) continue;
    const u16 code = handler_code(static_cast<Code>(i));
    const u8 bytes[] = {static_cast<u8>(code), static_cast<u8>(code >> 8)};
    checksum = crc32(bytes, checksum);
  }
  return checksum;
}

/// Passes on to the caller's sink and keeps the checksum.
struct Checked {
  const CodeSink& sink;
  u32 checksum = 0;

  static bool write(void* context, Bytes bytes) {
    Checked& self = *static_cast<Checked*>(context);
    self.checksum = crc32(bytes, self.checksum);
    return self.sink.write(self.sink.context, bytes);
  }
};

Error no_room(const Arena& scratch) {
  return {pipit::Code::out_of_memory, "scratch memory too small to translate",
          static_cast<u32>(scratch.wanted())};
}

/// One function: where its labels are, then its code.
Status translate_function(const ModuleImpl& module, u32 func, Emitter& emitter, Arena& scratch) {
  const usize mark = scratch.mark();
  FunctionTranslator translator(module, emitter);
  const bool fits = translator.prepare(func, scratch);
  if (fits) {
    translator.run(false);
    if (emitter.position() > kNearBytes && translator.status().ok()) {
      translator.use_far_branches();
      translator.run(false);
    }
    if (translator.status().ok()) translator.run(true);
  }
  scratch.rewind(mark);
  return fits ? translator.status() : Status(no_room(scratch));
}

Status translate_all(const ModuleImpl& module, const CodeSink& out, Arena& scratch) {
  Checked checked{out};
  const CodeSink sink{Checked::write, &checked};
  Emitter emitter(sink);
  std::span<u32> entries;
  if (!make_zeroed(scratch, entries, module.funcs.size() - module.imported_funcs)) return no_room(scratch);
  for (u32 i = 0; i < entries.size(); ++i) {
    entries[i] = emitter.written();
    TRY(translate_function(module, module.imported_funcs + i, emitter, scratch));
  }
  emitter.begin(nullptr, true);
  if (emitter.written() % 4 != 0) emitter.raw16(0);
  Trailer trailer{emitter.written(),
                  static_cast<u32>(entries.size()),
                  static_cast<u32>(module.code.size()),
                  crc32(module.code),
                  emitter.shape(),
                  layout(),
                  0,
                  kMagic};
  for (const u32 entry : entries) emitter.raw32(entry);
  for (const u32 field : {trailer.code_bytes, trailer.function_count, trailer.module_bytes,
                          trailer.module_checksum, trailer.shape, trailer.layout})
    emitter.raw32(field);
  emitter.drain();
  emitter.raw32(checked.checksum);
  emitter.raw32(kMagic);
  emitter.drain();
  if (!emitter.ok()) return Error{pipit::Code::out_of_memory, "no room for the translated code"};
  return {};
}

}  // namespace

}  // namespace reg

Status translate(const ValidModule& module, const CodeSink& sink, Arena& scratch) {
  const usize mark = scratch.mark();
  Status status = reg::translate_all(module.impl(), sink, scratch);
  scratch.rewind(mark);
  return status;
}

Result<RegisterCode> RegisterCode::open(Bytes bytes, const ValidModule& valid) {
  using pipit::Code;
  const ModuleImpl& module = valid.impl();
  reg::Trailer trailer;
  if (bytes.size() < sizeof trailer || reinterpret_cast<usize>(bytes.data()) % 4 != 0)
    return Error{Code::malformed, "register code is too short or not aligned"};
  const usize head = bytes.size() - sizeof trailer;
  std::memcpy(&trailer, bytes.data() + head, sizeof trailer);
  if (trailer.magic != reg::kMagic || trailer.checksum != crc32(bytes.first(bytes.size() - 8)))
    return Error{Code::malformed, "register code is damaged"};
  if (trailer.layout != reg::layout())
    return Error{Code::invalid_argument, "register code of another build; translate the module again"};
  if (trailer.module_bytes != module.code.size() || trailer.module_checksum != crc32(module.code) ||
      trailer.function_count != module.funcs.size() - module.imported_funcs)
    return Error{Code::invalid_argument, "register code of another module"};
  if (trailer.code_bytes > head || (head - trailer.code_bytes) / 4 != trailer.function_count)
    return Error{Code::malformed, "register code is damaged"};
  RegisterCode result;
  result.code = bytes.data();
  result.entries = reinterpret_cast<const u32*>(bytes.data() + trailer.code_bytes);
  result.code_bytes = trailer.code_bytes;
  result.function_count = trailer.function_count;
  result.shape = trailer.shape;
  result.module = &module;
  return result;
}

Result<const RegisterCode*> translate_in(const ValidModule& module, Arena& arena) {
  usize size = 0;
  const auto count = [](void* context, Bytes bytes) {
    *static_cast<usize*>(context) += bytes.size();
    return true;
  };
  TRY(translate(module, {count, &size}, arena));
  RegisterCode* const result = TRY(arena.make<RegisterCode>());
  u8* const memory = static_cast<u8*>(arena.allocate(size, alignof(u32)));
  if (memory == nullptr) return reg::no_room(arena);
  u8* at = memory;
  const auto append = [](void* context, Bytes bytes) {
    u8*& to = *static_cast<u8**>(context);
    to = std::ranges::copy(bytes, to).out;
    return true;
  };
  TRY(translate(module, {append, static_cast<void*>(&at)}, arena));
  *result = TRY(RegisterCode::open({memory, size}, module));
  return result;
}

namespace reg {

bool walk(const ModuleImpl& module, u32 func, const CodeVisitor& visitor, Arena& scratch) {
  const CodeSink nowhere{[](void*, Bytes) { return true; }, nullptr};
  Emitter emitter(nowhere);
  FunctionTranslator translator(module, emitter);
  const usize mark = scratch.mark();
  const bool fits = translator.prepare(func, scratch);
  if (fits) {
    translator.run(false);
    if (emitter.position() > kNearBytes) translator.use_far_branches();
    emitter.show(visitor);
    translator.run(false);
  }
  scratch.rewind(mark);
  return fits;
}

}  // namespace reg

u32 wasm_offset(const ModuleImpl& module, u32 func, u32 position, Arena& scratch) {
  struct Search {
    u32 position, found;
  } search{position, 0};
  const auto look = [](void* context, const reg::RegisterInstruction& instruction, u32 at, u32) {
    Search& wanted = *static_cast<Search*>(context);
    if (at <= wanted.position) wanted.found = instruction.at;
  };
  return reg::walk(module, func, {look, nullptr, &search}, scratch) ? search.found : 0;
}

}  // namespace pipit::wasm
