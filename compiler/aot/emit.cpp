#include "compiler/aot/emit.h"

#include <llvm/CodeGen/AsmPrinter.h>
#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "wasm/native/digest.h"

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;

void initialise_llvm() {
  static const bool kOnce = [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
    return true;
  }();
  (void)kOnce;
}

static CodeGenOptLevel codegen_level(Effort effort, Tier tier) {
  if (tier == Tier::quick) return CodeGenOptLevel::None;
  if (tier == Tier::light || effort == Effort::o1) return CodeGenOptLevel::Less;
  return effort == Effort::o2 ? CodeGenOptLevel::Default : CodeGenOptLevel::Aggressive;
}

support::Result<std::unique_ptr<TargetMachine>> make_machine(const Options& options, Tier tier) {
  const Target& row = options.target;
  const Triple triple(row.row->triple);
  std::string error;
  const llvm::Target* target = TargetRegistry::lookupTarget(triple, error);
  if (target == nullptr) return support::Error(Code::unsupported, "this LLVM lacks the target: " + error);
  TargetOptions settings;
  settings.EmitStackSizeSection = true;
  settings.ForceDwarfFrameSection = true;  // so that frames are told (positions.cpp)
  settings.FloatABIType = row.row->float_registers ? FloatABI::Hard : FloatABI::Soft;
  settings.MCOptions.ABIName = row.row->abi;
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(triple, row.cpu, row.features, settings,
                                                                    Reloc::PIC_, CodeModel::Small,
                                                                    codegen_level(options.effort, tier)));
}

/// Passes that have nothing to do here: there are no variables to describe, no garbage, exceptions or atomic
/// accesses, nothing to instrument or to harden, and no reports. By name, since most cannot be disabled: one
/// that LLVM renames just runs.
constexpr StringRef kIdlePasses[] = {
    "Argument Stack Rebase",
    "Assignment Tracking Analysis",
    "Contiguously Lay Out Funclets",
    "Exception handling preparation",
    "Expand Atomic instructions",
    "Expand indirectbr instructions",
    "Fast Tile Register Configure",
    "Fast Tile Register Preconfigure",
    "Fixup Statepoint Caller Saved",
    "Implement the 'patchable-function' attribute",
    "Insert KCFI indirect call checks",
    "Insert XRay ops",
    "Insert fentry calls",
    "Instrument function entry/exit with calls to e.g. mcount() (post inlining)",
    "Live DEBUG_VALUE analysis",
    "Lower AMX intrinsics",
    "Lower AMX type for load/store",
    "Lower Garbage Collection Instructions",
    "Machine Sanitizer Binary Metadata",
    "Prepare callbr",
    "Pseudo Probe Inserter",
    "Remove Loads Into Fake Uses",
    "Remove Redundant DEBUG_VALUE analysis",
    "Safe Stack instrumentation pass",
    "Shadow Stack GC Lowering",
    "Stack Frame Layout Analysis",
    "StackMap Liveness Analysis",
    "X86 FP Stackifier",
    "X86 Indirect Branch Tracking",
    "X86 Indirect Thunks",
    "X86 Load Value Injection (LVI) Ret-Hardening",
    "X86 Lower Tile Copy",
    "X86 Return Thunks",
    "X86 Speculative Execution Side Effect Suppression",
    "X86 Suppress APX features for relocation",
    "X86 insert wait instruction",
    "X86 speculative load hardening",
};

/// Runs all passes but those.
class BusyPasses : public legacy::PassManager {
 public:
  void add(Pass* pass) override {
    if (is_contained(kIdlePasses, pass->getPassName()))
      delete pass;
    else
      legacy::PassManager::add(pass);
  }
};

/// Accesses that stay in order are those of the block in LLVM's language, in the same order. Their positions
/// count: an instruction that a load was folded into may have another's, since sums are rearranged.
static bool take_positions(MachineBasicBlock& block) {
  if (block.getBasicBlock() == nullptr) return false;
  SmallVector<const DebugLoc*> positions;
  for (const Instruction& instruction : *block.getBasicBlock())
    if (instruction.isVolatile()) positions.push_back(&instruction.getDebugLoc());
  SmallVector<MachineInstr*> accesses;
  for (MachineInstr& instruction : block)
    for (const MachineMemOperand* memory : instruction.memoperands())
      if (memory->isVolatile()) accesses.push_back(&instruction);
  if (accesses.size() != positions.size()) return false;
  // Backwards: what loads and stores is named by its load.
  for (usize i = accesses.size(); i-- != 0;)
    if (*positions[i]) accesses[i]->setDebugLoc(*positions[i]);
  return !accesses.empty();
}

/// A load that LLVM takes out of the instruction that it was part of has no position, but may trap: it gets
/// that of the instruction behind it. What may fault is not merged with others of its kind, which have
/// another position.
class NamePositions : public MachineFunctionPass {
 public:
  static char ID;
  explicit NamePositions(bool loads_trap) : MachineFunctionPass(ID), loads_trap_(loads_trap) {}
  bool runOnMachineFunction(MachineFunction& function) override {
    bool changed = false;
    for (MachineBasicBlock& block : function) {
      changed |= take_positions(block);
      const DebugLoc* next = nullptr;
      for (MachineInstr& instruction : reverse(block)) {
        if (instruction.getDebugLoc()) {
          next = &instruction.getDebugLoc();
        } else if (next != nullptr && instruction.mayLoad()) {
          instruction.setDebugLoc(*next);
          changed = true;
        }
        if (loads_trap_ && may_fault(instruction)) instruction.setFlag(MachineInstr::NoMerge);
      }
    }
    return changed;
  }
  void getAnalysisUsage(AnalysisUsage& usage) const override {
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

 private:
  const bool loads_trap_;
};
char NamePositions::ID = 0;

/// Adds the passes of code generation. Loop strength reduction and what it asks for are a third of them where
/// instructions are selected one by one; LLVM has but a switch for the whole process, read as passes are
/// added.
static bool add_passes(TargetPassConfig& config, Tier tier) {
  static std::mutex adding;
  const std::lock_guard lock(adding);
  const auto option = cl::getRegisteredOptions().find("disable-lsr");
  auto* disable_lsr =
      option == cl::getRegisteredOptions().end() ? nullptr : static_cast<cl::opt<bool>*>(option->second);
  if (disable_lsr != nullptr) disable_lsr->setValue(tier == Tier::light);
  if (config.addISelPasses()) return false;
  config.addMachinePasses();
  config.setInitialized();
  return true;
}

/// The last pass, which writes the object, and notes where code came from.
static AsmPrinter* make_printer(TargetMachine& machine, raw_pwrite_stream& out, MCContext& context,
                                const Options& options, CodePositions& positions) {
  auto streamer = machine.createMCStreamer(out, nullptr, CodeGenFileType::ObjectFile, context);
  if (!streamer) {
    consumeError(streamer.takeError());
    return nullptr;
  }
  AsmPrinter* const printer = machine.getTarget().createAsmPrinter(machine, std::move(*streamer));
  // Boards read no call stacks: flash is dear (wasm/native/positions_bare.cpp).
  if (printer != nullptr && options.target.is_64_bit())
    printer->addAsmPrinterHandler(note_positions(*printer, options, positions));
  return printer;
}

support::Result<Object> emit_object(llvm::Module& module, TargetMachine& machine, const Options& options,
                                    Tier tier) {
  SmallVector<char, 0> bytes;
  raw_svector_ostream out(bytes);
  Object object;
  BusyPasses passes;
  auto* information = new MachineModuleInfoWrapperPass(&machine);  // the pass manager owns what is added
  TargetPassConfig* config = machine.createPassConfig(passes);
  if (tier == Tier::light) config->disablePass(&MachineSchedulerID);
  config->setDisableVerify(true);
  config->insertPass(&TwoAddressInstructionPassID,
                     new NamePositions(options.target.checks == Checks::guard_pages));
  passes.add(config);
  passes.add(information);
  AsmPrinter* const printer =
      add_passes(*config, tier)
          ? make_printer(machine, out, information->getMMI().getContext(), options, object.positions)
          : nullptr;
  if (printer == nullptr) return support::Error(Code::internal, "LLVM cannot emit objects for this target");
  passes.add(printer);
  passes.add(createFreeMachineFunctionPass());
  if (tier == Tier::light) machine.setFastISel(true);
  passes.run(module);
  object.bytes.assign(bytes.begin(), bytes.end());
  return object;
}

std::vector<u8> write_native_module(const native::Header& prepared, Bytes record, Bytes instance,
                                    const Image& image) {
  native::Header header = prepared;
  const auto align_up = [](u32 value, u32 to) { return (value + to - 1) / to * to; };
  header.positions_at = sizeof header;
  header.positions_bytes = static_cast<u32>(image.positions.size());
  header.record_at = align_up(header.positions_at + header.positions_bytes, 4);
  header.record_bytes = static_cast<u32>(record.size());
  const u32 instance_at = align_up(header.record_at + header.record_bytes, 4);
  if (!instance.empty()) header.flags |= native::kInstance;
  header.image_at = align_up(instance_at + static_cast<u32>(instance.size()), header.image_at);
  header.image_bytes = static_cast<u32>(image.bytes.size());
  header.code_bytes = image.code_bytes;
  header.functions_at = image.functions_at;
  header.entries_at = image.entries_at;
  header.max_frame_bytes = image.max_frame_bytes;
  header.file_bytes = header.image_at + header.image_bytes;
  std::vector<u8> file(header.file_bytes);
  std::memcpy(file.data(), &header, sizeof header);
  std::ranges::copy(image.positions, file.begin() + header.positions_at);
  std::memcpy(file.data() + header.record_at, record.data(), record.size());
  if (!instance.empty()) std::memcpy(file.data() + instance_at, instance.data(), instance.size());
  std::memcpy(file.data() + header.image_at, image.bytes.data(), image.bytes.size());
  const Sha256::Digest digest = native::digest_of_file(file);
  std::memcpy(file.data() + offsetof(native::Header, digest), digest.data(), digest.size());
  return file;
}

}  // namespace pipit::aot
