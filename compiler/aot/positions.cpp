#include "compiler/aot/positions.h"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/CodeGen/MachineFunction.h>
#include <llvm/CodeGen/MachineInstr.h>
#include <llvm/CodeGen/TargetLowering.h>
#include <llvm/CodeGen/TargetSubtargetInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDwarf.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSectionELF.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/Support/DataExtractor.h>
#include <llvm/Target/TargetMachine.h>

#include <algorithm>
#include <map>

namespace pipit::aot {

using namespace llvm;
namespace native = wasm::native;
using native::InlineRow;
using native::Position;

namespace {

/// The frame as LLVM's call frame information has it at one place: how far the caller's is from the stack
/// pointer, and where from there the return address is kept.
class Frame {
 public:
  Frame() = default;
  Frame(const MachineFunction& function, u32 pointer_bytes) : pointer_bytes_(pointer_bytes) {
    const MCRegisterInfo& registers = *function.getContext().getRegisterInfo();
    const auto* lowering = function.getSubtarget().getTargetLowering();
    const auto number = [&](MCRegister which) {
      return static_cast<u32>(registers.getDwarfRegNum(which, false));
    };
    stack_register_ = number(lowering->getStackPointerRegisterToSaveRestore());
    link_register_ = number(registers.getRARegister());
    state_.in_stack_pointer = true;
    if (function.getTarget().getTargetTriple().isX86()) state_.size = state_.link = pointer_bytes;
    first_ = state_;
  }

  void apply(const MCCFIInstruction& what) {
    switch (what.getOperation()) {
      case MCCFIInstruction::OpDefCfa:
        state_.size = what.getOffset();
        state_.in_stack_pointer = what.getRegister() == stack_register_;
        break;
      case MCCFIInstruction::OpDefCfaRegister:
        state_.in_stack_pointer = what.getRegister() == stack_register_;
        break;
      case MCCFIInstruction::OpDefCfaOffset: state_.size = what.getOffset(); break;
      case MCCFIInstruction::OpAdjustCfaOffset: state_.size += what.getOffset(); break;
      case MCCFIInstruction::OpOffset:
        if (what.getRegister() == link_register_) state_.link = -what.getOffset();
        break;
      case MCCFIInstruction::OpRestore:
        if (what.getRegister() == link_register_) state_.link = first_.link;
        break;
      case MCCFIInstruction::OpRememberState: remembered_.push_back(state_); break;
      case MCCFIInstruction::OpRestoreState:
        if (!remembered_.empty()) state_ = remembered_.back(), remembered_.pop_back();
        break;
      default: break;
    }
  }

  void describe(Position& out) const {
    const bool is_known = state_.in_stack_pointer && state_.size >= 0 && state_.size % pointer_bytes_ == 0;
    out.frame_words = is_known ? static_cast<u32>(state_.size / pointer_bytes_) : 0;
    out.link_words = is_known ? static_cast<u32>(state_.link / pointer_bytes_) : 0;
  }

 private:
  struct State {
    i64 size = 0, link = 0;
    bool in_stack_pointer = true;
  };
  i64 pointer_bytes_ = 1;
  u32 stack_register_ = 0, link_register_ = 0;
  State state_, first_;
  std::vector<State> remembered_;
};

class Noter : public AsmPrinterHandler {
 public:
  Noter(AsmPrinter& printer, const Options& options, CodePositions& positions)
      : printer_(printer),
        loads_trap_(options.target.checks == Checks::guard_pages),
        pointer_bytes_(options.target.row->pointer_bytes),
        positions_(positions) {}

  void beginFunction(const MachineFunction* function) override {
    frame_ = Frame(*function, pointer_bytes_);
    function_ = function;
    functions_.push_back({label(), {}});
  }
  void endFunction(const MachineFunction*) override { function_ = nullptr; }

  void beginInstruction(const MachineInstr* instruction) override {
    current_ = instruction;
    if (function_ != nullptr && loads_trap_ && may_fault(*instruction) && instruction->getDebugLoc())
      note(false);
  }
  void endInstruction() override {
    if (function_ == nullptr || current_ == nullptr) return;
    if (current_->isCFIInstruction())
      frame_.apply(function_->getFrameInstructions()[current_->getOperand(0).getCFIIndex()]);
    // A call in another's place never returns here.
    if (current_->isCall() && !current_->isReturn()) note(true);
    current_ = nullptr;
  }

  /// A function's address, how many entries it has, and their distances from it.
  void endModule() override {
    MCStreamer& out = *printer_.OutStreamer;
    out.switchSection(printer_.OutContext.getELFSection(".pna_positions", ELF::SHT_PROGBITS, 0));
    for (const Function& function : functions_) {
      if (function.labels.empty()) continue;
      out.emitSymbolValue(function.begin, pointer_bytes_);
      out.emitInt32(function.labels.size());
      for (const MCSymbol* label : function.labels) out.emitAbsoluteSymbolDiff(label, function.begin, 4);
    }
  }

 private:
  struct Function {
    MCSymbol* begin;
    std::vector<MCSymbol*> labels;
  };

  MCSymbol* label() {
    MCSymbol* const symbol = printer_.OutContext.createTempSymbol();
    printer_.OutStreamer->emitLabel(symbol);
    return symbol;
  }

  void note(bool is_call) {
    Position position;
    position.is_call = is_call;
    frame_.describe(position);
    if (const DILocation* location = current_->getDebugLoc().get()) {
      position.offset = offset_of(*location);
      position.inlined = row_of(location->getInlinedAt());
    }
    positions_.entries.push_back(position);
    functions_.back().labels.push_back(label());
  }

  /// What several instructions became one of is known by its function alone.
  static u32 offset_of(const DILocation& location) {
    if (location.getLine() != 0) return location.getLine();
    const DISubprogram* function = location.getScope()->getSubprogram();
    return function == nullptr ? 0 : function->getLine();
  }

  u32 row_of(const DILocation* call) {
    if (call == nullptr) return 0;
    const u32 outer = row_of(call->getInlinedAt());
    const auto [row, is_new] =
        rows_.try_emplace({offset_of(*call), outer}, static_cast<u32>(positions_.inlines.size()) + 1);
    if (is_new) positions_.inlines.push_back({row->first.first, outer});
    return row->second;
  }

  AsmPrinter& printer_;
  const bool loads_trap_;
  const u32 pointer_bytes_;
  CodePositions& positions_;
  const MachineFunction* function_ = nullptr;
  const MachineInstr* current_ = nullptr;
  Frame frame_;
  std::vector<Function> functions_;
  std::map<std::pair<u32, u32>, u32> rows_;
};

/// Writes the entries, each as what is new about it.
class Encoder {
 public:
  void add(const Position& position) {
    if (count_ >= native::kPositionsOfBlock && position.pc != last_.pc) count_ = 0;
    if (count_++ == 0) {
      blocks_.push_back({position.pc, static_cast<u32>(entries_.size())});
      last_ = {.pc = position.pc};
    }
    const bool has_frame =
        position.frame_words != last_.frame_words || position.link_words != last_.link_words;
    const bool has_inline = position.inlined != last_.inlined;
    number((position.pc - last_.pc) << 3 | (position.is_call ? native::kIsCall : 0u) |
           (has_frame ? native::kHasFrame : 0u) | (has_inline ? native::kHasInline : 0u));
    const u32 distance = position.offset - last_.offset;
    number(distance << 1 ^ (0u - (distance >> 31)));
    if (has_frame) number(position.frame_words), number(position.link_words);
    if (has_inline) number(position.inlined);
    last_ = position;
  }

  std::vector<u8> finish(std::span<const InlineRow> inlines, u32 module_bytes) const {
    const native::PositionsHeader header = {.module_bytes = module_bytes,
                                            .block_count = static_cast<u32>(blocks_.size()),
                                            .inline_count = static_cast<u32>(inlines.size()),
                                            .entry_bytes = static_cast<u32>(entries_.size())};
    std::vector<u8> table;
    const auto append = [&](const void* from, usize bytes) {
      const u8* const begin = static_cast<const u8*>(from);
      table.insert(table.end(), begin, begin + bytes);
    };
    append(&header, sizeof header);
    append(blocks_.data(), blocks_.size() * sizeof(native::PositionBlock));
    append(inlines.data(), inlines.size_bytes());
    append(entries_.data(), entries_.size());
    return table;
  }

 private:
  void number(u32 value) {
    for (; value >= 0x80; value >>= 7) entries_.push_back(static_cast<u8>(value | 0x80));
    entries_.push_back(static_cast<u8>(value));
  }

  std::vector<native::PositionBlock> blocks_;
  std::vector<u8> entries_;
  Position last_;
  u32 count_ = 0;
};

}  // namespace

/// Linear memory alone promises no alignment.
bool may_fault(const MachineInstr& instruction) {
  const MCInstrDesc& kind = instruction.getDesc();  // no bundles yet, nor any assembly that accesses memory
  if (!(kind.mayLoad() || kind.mayStore()) || instruction.isCall() || instruction.isReturn() ||
      instruction.isMetaInstruction() || instruction.getFlag(MachineInstr::FrameSetup) ||
      instruction.getFlag(MachineInstr::FrameDestroy))
    return false;
  if (instruction.memoperands_empty()) return true;
  return any_of(instruction.memoperands(), [](const MachineMemOperand* memory) {
    return memory->getPseudoValue() == nullptr && memory->getAlign() == Align(1);
  });
}

std::unique_ptr<AsmPrinterHandler> note_positions(AsmPrinter& printer, const Options& options,
                                                  CodePositions& positions) {
  return std::make_unique<Noter>(printer, options, positions);
}

support::Result<std::vector<u8>> encode_positions(StringRef addresses, u32 pointer_bytes,
                                                  std::span<const CodePositions* const> parts,
                                                  u32 module_bytes) {
  const auto misfit = [] { return support::Error(Code::internal, "positions of code without code"); };
  const DataExtractor data(addresses, true, static_cast<u8>(pointer_bytes));
  std::vector<Position> all;
  std::vector<InlineRow> inlines;
  u64 at = 0;
  for (const CodePositions* part : parts) {
    const u32 first_row = static_cast<u32>(inlines.size());
    for (const InlineRow& row : part->inlines)
      inlines.push_back({row.offset, row.outer == 0 ? 0 : row.outer + first_row});
    for (usize taken = 0; taken < part->entries.size();) {
      const u64 begin = data.getAddress(&at);
      const u32 count = data.getU32(&at);
      if (at + u64{count} * 4 > addresses.size() || count > part->entries.size() - taken) return misfit();
      for (u32 i = 0; i < count; ++i) {
        Position position = part->entries[taken++];
        position.pc = static_cast<u32>(begin) + data.getU32(&at);
        if (position.inlined != 0) position.inlined += first_row;
        all.push_back(position);
      }
    }
  }
  // Of one pc the call that returns to it comes first.
  const auto before = [](const Position& a, const Position& b) {
    return std::pair(a.pc, b.is_call) < std::pair(b.pc, a.is_call);
  };
  if (!std::ranges::is_sorted(all, before)) std::ranges::sort(all, before);
  if (all.empty()) return std::vector<u8>();
  Encoder encoder;
  for (const Position& position : all) encoder.add(position);
  return encoder.finish(inlines, module_bytes);
}

}  // namespace pipit::aot
