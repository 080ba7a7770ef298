#include "compiler/aot/compile.h"

#include <llvm/Support/raw_ostream.h>
#include <sched.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "compiler/aot/check.h"
#include "compiler/aot/emit.h"
#include "compiler/aot/module_lowering.h"
#include "compiler/aot/optimise.h"
#include "wasm/native/digest.h"

namespace pipit::aot {

namespace native = wasm::native;

namespace {

/// What the validated module needs in memory grows with its size; this is more than validation ever takes.
usize arena_bytes(usize module_bytes) { return (usize{16} << 20) + module_bytes * 64; }

support::Status check_supported(const wasm::ModuleImpl& module) {
  if (module.code.size() > native::kMaxWhereOffset)
    return support::Error(Code::unsupported, "module is larger than 256 MB");
  return {};
}

native::Header make_header(const wasm::ModuleImpl& module, const Partition& partition,
                           const Options& options) {
  native::Header header{
      .magic = native::kMagic, .abi_version = native::kAbiVersion, .target = options.target.row->id};
  header.cpu_features = options.target.cpu_features;
  header.flags = (options.target.checks == Checks::guard_pages ? u32{native::kGuardPages} : 0u) |
                 (options.metering ? u32{native::kMetered} : 0u) |
                 (header.target == native::Target::x86_64_mewz ? u32{native::kInEight} : 0u);
  const Sha256::Digest digest = native::digest_of_module(module.code, header.flags);
  std::memcpy(header.module_digest, digest.data(), digest.size());
  header.image_at = options.target.row->page_bytes;  // its alignment, until it is laid out
  header.function_count = static_cast<u32>(module.funcs.size());
  header.type_count = static_cast<u32>(module.types.size());
  header.memory_limit = options.memory_limit;
  for (const wasm::GlobalType& global : module.globals.subspan(module.imported_globals))
    header.global_slots += wasm::slots_of(global.type);
  header.result_slots = cells_of_calls(module, partition, options);
  return header;
}

void leave_ir(const llvm::Module& module, const std::string& path) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error) module.print(out, nullptr);
}

support::Result<Object> compile_part(const wasm::ModuleImpl& module, const Partition& partition, u32 number,
                                     const Options& options, std::atomic<bool>& uses_arithmetic) {
  const Part& part = partition.parts[number];
  auto machine = TRY(make_machine(options, part.tier));
  llvm::LLVMContext context;
  ModuleLowering lowering(module, options, partition, part, context);
  lowering.llvm_module().setTargetTriple(machine->getTargetTriple());
  lowering.llvm_module().setDataLayout(machine->createDataLayout());
  const std::unique_ptr<llvm::Module> llvm_module = lowering.run();
  if (lowering.uses_arithmetic()) uses_arithmetic = true;
  optimise(*llvm_module, *machine, options, part.tier);
  if (const u32 bits = options.target.row->compared_bits; bits != 0 && part.tier == Tier::full)
    round_limits(*llvm_module, bits);
  if (options.metering) TRY(add_metering(*llvm_module, options));
  TRY(add_stack_checks(*llvm_module, options));
  if (!options.ir_file.empty())
    leave_ir(*llvm_module, options.ir_file + (number == 0 ? "" : "." + std::to_string(number)));
  return emit_object(*llvm_module, *machine, options, part.tier);
}

/// Processors this process may use.
u32 processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<u32>(CPU_COUNT(&set)) : 1;
}

/// Each part in a context of its own, by as many threads as there are processors; the order of the objects
/// is that of the parts.
support::Result<std::vector<Object>> compile_parts(const wasm::ModuleImpl& module, const Partition& partition,
                                                   const Options& options,
                                                   std::atomic<bool>& uses_arithmetic) {
  initialise_llvm();
  leave_accesses_apart();
  const u32 count = static_cast<u32>(partition.parts.size());
  u64 total = 0, done = 0;
  for (const Part& part : partition.parts) total += part.code_bytes;
  std::vector<Object> objects(count);
  std::vector<support::Status> outcomes(count);
  std::atomic<u32> next = 0;
  std::mutex reporting;
  const auto work = [&] {
    for (u32 i = next++; i < count; i = next++) {
      if (auto result = compile_part(module, partition, i, options, uses_arithmetic); result.ok())
        objects[i] = std::move(*result);
      else
        outcomes[i] = result.take_error();
      const std::lock_guard lock(reporting);
      done += partition.parts[i].code_bytes;
      if (options.progress)
        options.progress("compile", static_cast<double>(done) / static_cast<double>(std::max<u64>(total, 1)));
    }
  };
  std::vector<std::thread> others;
  const u32 threads = std::min(options.threads != 0 ? options.threads : processors(), count);
  for (u32 i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  for (support::Status& outcome : outcomes) TRY(std::move(outcome));
  return objects;
}

}  // namespace

support::Result<std::vector<u8>> compile(Bytes bytes, const Options& options) {
  // Zeroes come with the pages that are touched; clearing all of it would take longer than validation.
  const usize space_bytes = arena_bytes(bytes.size());
  const std::unique_ptr<void, decltype(&std::free)> space(std::calloc(space_bytes, 1), std::free);
  if (space == nullptr) return support::Error(Code::out_of_memory, "no memory to validate the module in");
  Arena arena(MutBytes(static_cast<u8*>(space.get()), space_bytes));
  wasm::Limits limits;
  limits.constants_read_own_globals = true;  // whoever runs the module says whether it may
  const wasm::ValidModule valid = TRY(wasm::ValidModule::load(bytes, arena, limits));
  const wasm::ModuleImpl& module = valid.impl();
  TRY(check_supported(module));
  const Partition partition = divide(module, options);
  std::atomic<bool> uses_arithmetic = false;
  const std::vector<Object> objects = TRY(compile_parts(module, partition, options, uses_arithmetic));
  if (options.progress) options.progress("link", 1);
  const Image image = TRY(link_image(objects, options.target, static_cast<u32>(module.code.size())));
  native::Header header = make_header(module, partition, options);
  if (uses_arithmetic) header.flags |= native::kArithmetic;
  // Where a kernel is started by an emulator more often than not.
  std::vector<u8> instance;
  if (header.target == native::Target::x86_64_mewz) instance = make_instance_record(valid, arena);
  return write_native_module(header, make_record(module), instance, image);
}

}  // namespace pipit::aot
