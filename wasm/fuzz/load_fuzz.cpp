// The loader of native modules on any bytes whose digests are right: nothing is read outside them, and what
// it accepts leads nowhere else. Nothing of them runs.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/sha256.h"
#include "wasm/module_impl.h"
#include "wasm/native/native.h"

namespace pipit::wasm::native {

static void expect(bool holds) {
  if (!holds) std::abort();
}

/// (module (import "a" "b" (func (param i32))) (memory 1) (func (export "f") (result i32) i32.const 7)
///   (data (i32.const 0) "x"))
constexpr u8 kModule[] = {0, 'a',  's',  'm',  1,  0, 0, 0,   1,    9,   2,    0x60, 1,  0x7F, 0, 0x60,
                          0, 1,    0x7F, 2,    7,  1, 1, 'a', 1,    'b', 0,    0,    3,  2,    1, 1,
                          5, 3,    1,    0,    1,  7, 5, 1,   1,    'f', 0,    1,    10, 6,    1, 4,
                          0, 0x41, 7,    0x0B, 11, 7, 1, 0,   0x41, 0,   0x0B, 1,    'x'};

/// As a compiler that is wrong in everything else would have written it.
static void seal(MutBytes file) {
  Header header;
  std::memcpy(&header, file.data(), sizeof header);
  header.magic = kMagic, header.abi_version = kAbiVersion, header.target = Target::x86_64_linux;
  header.file_bytes = static_cast<u32>(file.size());
  std::memcpy(header.module_digest, sha256(kModule).data(), sizeof header.module_digest);
  std::memset(header.digest, 0, sizeof header.digest);
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(header.digest, sha256(file).data(), sizeof header.digest);
  std::memcpy(file.data(), &header, sizeof header);
}

static void look(const NativeModule& native, const ValidModule& module) {
  const ModuleImpl& parts = module.impl();
  for (u32 i = 0; i < parts.funcs.size(); ++i) {
    const u8* code = native.function(i);
    expect(code == nullptr || native.contains(code));
    expect(code == nullptr || native.contains(native.entry(parts.type_of(i).canonical)));
    (void)module.function_name(i);
  }
  for (u32 at = 0; at < native.header().code_bytes && at < 4096; ++at)
    expect(native.offset_at(native.image() + at) < module.code().size());
  (void)module.exported_function("f");
}

static void check(MutBytes file) {
  constexpr Machine kMachine{Target::x86_64_linux, ~u32{0}};
  if (file.size() >= sizeof(Header)) seal(file);
  const usize bytes = load_arena_bytes(sizeof kModule) + 4096;
  const auto memory = std::make_unique<u8[]>(bytes);
  Arena arena({memory.get(), bytes});
  const auto module = ValidModule::load(kModule, arena);
  expect(module.ok());
  if (const auto loaded = NativeModule::load(file, *module, kMachine); loaded.ok()) look(*loaded, *module);
  const auto alone = NativeModule::load_alone(file, kModule, kMachine, arena);
  if (alone.ok())
    look(alone->native, alone->module);
  else
    expect(alone.error().message != nullptr);
}

}  // namespace pipit::wasm::native

extern "C" int LLVMFuzzerTestOneInput(const pipit::u8* data, pipit::usize size) {
  // A copy of just these bytes, so that the sanitizer sees their end; new aligns it as a mapping would.
  const auto copy = std::make_unique<pipit::u8[]>(size);
  std::copy_n(data, size, copy.get());
  pipit::wasm::native::check({copy.get(), size});
  return 0;
}
