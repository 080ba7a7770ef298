#include "compiler/aot/compile.h"

#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <cstring>

#include "base/sha256.h"
#include "compiler/aot/emit.h"
#include "compiler/aot/module_lowering.h"
#include "compiler/aot/optimise.h"

namespace pipit::aot {

namespace native = wasm::native;

namespace {

/// What the validated module needs in memory grows with its size; this is more than validation ever takes.
usize arena_bytes(usize module_bytes) { return (usize{16} << 20) + module_bytes * 64; }

support::Status check_supported(const wasm::ModuleImpl& module, const Target& target) {
  if (module.code.size() > native::kMaxWhereOffset)
    return support::Error(Code::unsupported, "module is larger than 256 MB");
  if (module.uses_v128 && target.lacks(kNoSimd))
    return support::Error(Code::unsupported, std::string("SIMD is not supported on ") + target.row->name);
  return {};
}

native::Header make_header(const wasm::ModuleImpl& module, const Options& options) {
  native::Header header{};
  header.magic = native::kMagic;
  header.abi_version = native::kAbiVersion;
  header.target = options.target.row->id;
  header.cpu_features = options.target.cpu_features;
  header.flags = (options.target.checks == Checks::guard_pages ? u32{native::kGuardPages} : 0u) |
                 (options.metering ? u32{native::kMetered} : 0u);
  const Sha256::Digest digest = sha256(module.code);
  std::memcpy(header.module_digest, digest.data(), digest.size());
  header.image_at = options.target.row->page_bytes;  // its alignment, until it is laid out
  header.function_count = static_cast<u32>(module.funcs.size());
  header.type_count = static_cast<u32>(module.types.size());
  header.memory_limit = options.memory_limit;
  for (const wasm::GlobalType& global : module.globals.subspan(module.imported_globals))
    header.global_slots += wasm::slots_of(global.type);
  for (const wasm::TypeEntry& type : module.types)
    header.result_slots = std::max<u32>(header.result_slots, type.result_slots);
  return header;
}

void leave_ir(const llvm::Module& module, const std::string& path) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error) module.print(out, nullptr);
}

}  // namespace

support::Result<std::vector<u8>> compile(Bytes bytes, const Options& options) {
  std::vector<u8> space(arena_bytes(bytes.size()));
  Arena arena(space);
  wasm::Limits limits;
  limits.constants_read_own_globals = true;  // whoever runs the module says whether it may
  const wasm::ValidModule valid = TRY(wasm::ValidModule::load(bytes, arena, limits));
  const wasm::ModuleImpl& module = valid.impl();
  TRY(check_supported(module, options.target));
  const auto stage = [&](const char* name) {
    if (options.progress) options.progress(name, 0);
  };
  auto machine = TRY(make_machine(options));
  llvm::LLVMContext context;
  ModuleLowering lowering(module, options, context);
  lowering.llvm_module().setTargetTriple(machine->getTargetTriple());
  lowering.llvm_module().setDataLayout(machine->createDataLayout());
  const std::unique_ptr<llvm::Module> llvm_module = lowering.run();
  if (!lowering.refusal().empty()) return support::Error(Code::unsupported, lowering.refusal());
  std::string problem;
  llvm::raw_string_ostream text(problem);
  if (llvm::verifyModule(*llvm_module, &text)) return support::Error(Code::internal, "lowering: " + problem);
  stage("optimise");
  optimise(*llvm_module, *machine, options);
  if (options.metering) TRY(add_metering(*llvm_module, options));
  TRY(add_stack_checks(*llvm_module, options));
  if (!options.ir_file.empty()) leave_ir(*llvm_module, options.ir_file);
  stage("emit");
  const auto object = TRY(emit_object(*llvm_module, *machine));
  const Image image = TRY(link_image(object, options.target));
  return write_native_module(make_header(module, options), image);
}

}  // namespace pipit::aot
