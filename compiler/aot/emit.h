#pragma once
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/aot/partition.h"
#include "compiler/aot/positions.h"
#include "wasm/module_impl.h"

/// From an optimised LLVM module to the parts of a native module.
namespace pipit::aot {

/// One contiguous piece that refers to itself by distance only.
struct Image {
  std::vector<u8> bytes;
  u32 code_bytes = 0;
  u32 functions_at = 0, entries_at = 0;
  u32 max_frame_bytes = 0;
  std::vector<u8> positions;  ///< wasm/native/positions.h
};

/// Once, before threads make machines.
void initialise_llvm();
support::Result<std::unique_ptr<llvm::TargetMachine>> make_machine(const Options& options, Tier tier);
/// An object file, and where its code came from.
struct Object {
  std::vector<u8> bytes;
  CodePositions positions;
};
support::Result<Object> emit_object(llvm::Module& module, llvm::TargetMachine& machine,
                                    const Options& options, Tier tier);
/// Links objects into an image; internal if anything is left to relocate or missing.
support::Result<Image> link_image(std::span<const Object> objects, const Target& target, u32 module_bytes);
/// What an image that decodes no modules takes the module's parts from.
std::vector<u8> make_record(const wasm::ModuleImpl& module);
/// What an image that does not instantiate step by step copies (Flag::kInstance):
/// wasm::native::InstanceRecord with its arrays. Empty where one cannot say it: something is imported that is
/// no function of wasi's, or instantiating fails. Works in `arena`.
std::vector<u8> make_instance_record(const wasm::ValidModule& module, Arena& arena);
/// The native module's bytes; `instance` may be empty.
std::vector<u8> write_native_module(const wasm::native::Header& header, Bytes record, Bytes instance,
                                    const Image& image);

}  // namespace pipit::aot
