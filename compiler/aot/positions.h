#pragma once
#include <llvm/CodeGen/AsmPrinter.h>
#include <llvm/CodeGen/AsmPrinterHandler.h>

#include <memory>
#include <span>
#include <vector>

#include "compiler/aot/compile.h"
#include "wasm/native/positions.h"

/// Where code came from, from LLVM's debug locations (lines are offsets in the module) to the table of
/// wasm/native/positions.h. No debug information is written: only what a trap needs is noted as code is
/// printed, and the linker says at which addresses.
namespace pipit::aot {

/// Of an object's code, in the order of it. Of entries all is known but the pc.
struct CodePositions {
  std::vector<wasm::native::Position> entries;
  std::vector<wasm::native::InlineRow> inlines;
};

/// Whether it may access linear memory, and so fault where that is what checks are.
bool may_fault(const llvm::MachineInstr& instruction);

/// Notes positions of calls, and of accesses that may fault, while `printer` prints. It fills `positions`,
/// and the object's section .pna_positions with their addresses.
std::unique_ptr<llvm::AsmPrinterHandler> note_positions(llvm::AsmPrinter& printer, const Options& options,
                                                        CodePositions& positions);

/// The table of a module of `module_bytes`, from the linked sections' contents and what was noted of each
/// object. Errors: internal, when they do not fit together.
support::Result<std::vector<u8>> encode_positions(llvm::StringRef addresses, u32 pointer_bytes,
                                                  std::span<const CodePositions* const> parts,
                                                  u32 module_bytes);

}  // namespace pipit::aot
