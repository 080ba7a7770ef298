// Modules and calls from a seed.
#include <random>

#include "support/files.h"
#include "support/process.h"
#include "tests/differential/differential.h"
#include "wasm/module_impl.h"

namespace pipit::differential {

using support::Json;

namespace {

constexpr usize kMinBytes = 200, kMaxBytes = 8'000;

/// Arguments that arithmetic goes wrong at, and others.
u64 argument_bits(std::mt19937& random) {
  static constexpr u64 kTelling[] = {0,
                                     1,
                                     0xFFFF'FFFF'FFFF'FFFF,
                                     0x7FFF'FFFF,
                                     0x8000'0000,
                                     0x7FFF'FFFF'FFFF'FFFF,
                                     0x8000'0000'0000'0000,
                                     65'536,
                                     0x3F80'0000,             // 1.0f
                                     0x4F00'0000,             // 2^31 as an f32
                                     0x3FF0'0000'0000'0000,   // 1.0
                                     0x41E0'0000'0000'0000,   // 2^31
                                     0xC3E0'0000'0000'0001};  // below -2^63
  const u32 pick = random() % 20;
  return pick < std::size(kTelling) ? kTelling[pick] : u64{random()} << 32 | random();
}

const char* type_name(u8 type) {
  static constexpr const char* kNames[] = {"f64", "f32", "i64", "i32"};
  return wasm::is_number(type) ? kNames[type - 0x7C] : nullptr;
}

}  // namespace

support::Result<std::string> generate(u32 seed, const std::string& folder) {
  std::mt19937 random(seed);
  std::vector<u8> input(kMinBytes + random() % (kMaxBytes - kMinBytes));
  for (u8& byte : input) byte = static_cast<u8>(random());
  const std::string base = folder + "/" + std::to_string(seed), path = base + ".wasm";
  TRY(support::write_file(base + ".seed", input));
  std::vector<std::string> command = {"wasm-opt", base + ".seed", "-ttf", "--denan", "-o", path};
  // Not reference-types: this version of wasm-opt then writes typed references, which are of 3.0.
  for (const char* feature : {"bulk-memory", "multivalue", "sign-ext", "nontrapping-float-to-int",
                              "mutable-globals", "tail-call", "extended-const"})
    command.push_back(std::string("--enable-") + feature);
  if (seed % 2 == 0) command.push_back("--enable-simd");
  const auto output = TRY(support::run(command));
  if (output.exit_code != 0) return support::Error(Code::internal, "wasm-opt: " + output.err);
  return path;
}

support::Result<Json> plan(const std::string& path, u32 seed) {
  const auto code = TRY(support::read_file(path));
  std::vector<u8> memory(code.size() * 24 + (1u << 20));
  Arena arena(memory);
  const auto module = TRY(wasm::ValidModule::load(code, arena));
  const wasm::ModuleImpl& impl = module.impl();
  std::mt19937 random(seed);
  Json calls = Json::array();
  wasm::Reader reader(impl.code, impl.exports_at);
  for (u32 i = 0; i < impl.export_count; ++i) {
    const wasm::ExportEntry entry = wasm::read_export(reader);
    if (entry.kind != wasm::ExternKind::func) continue;
    const u32 type = impl.funcs[entry.index].type;
    Json args = Json::array(), results = Json::array();
    bool known = true;
    for (const u8 param : impl.params(type)) {
      known = known && type_name(param) != nullptr;
      if (known)
        args.push_back({{"type", type_name(param)}, {"bits", std::to_string(argument_bits(random))}});
    }
    for (const u8 result : impl.results(type)) {
      known = known && type_name(result) != nullptr;
      if (known) results.push_back(type_name(result));
    }
    if (known) calls.push_back({{"name", entry.name}, {"args", args}, {"results", results}});
  }
  return Json{{"path", path}, {"calls", calls}};
}

}  // namespace pipit::differential
