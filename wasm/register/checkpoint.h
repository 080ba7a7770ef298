#pragma once
#include "wasm/register/function.h"
#include "wasm/register/machine.h"

/// What a checkpoint is made of.
namespace pipit::wasm::reg {

/// The beginning of a checkpoint; all fields little-endian. Behind it: `frames` times CheckpointFrame,
/// `slots` slots of the stack, the module's own globals, for each own table its size and elements, the bits
/// of dropped segments, runs of memory (offset, length, bytes; ended by length 0), and a CRC-32 of
/// everything.
struct CheckpointHeader {
  static constexpr u32 kMagic = 0x504B'4350;  // "PCKP"
  static constexpr u16 kVersion = 1;

  u32 magic;
  u16 version;
  u8 state;           ///< RunState: paused or pending
  u8 flags;           ///< bits below
  u32 module_bytes;   ///< of the module
  u8 digest[32];      ///< its SHA-256
  u32 shape;          ///< RegisterCode::shape
  u32 entry;          ///< function that start() named
  u32 boot_position;  ///< the boot code's next instruction
  u32 frames;
  u32 slots;
  u32 pages;  ///< of memory
  u32 memory_bytes;
  u32 exit_code;
  u32 fuel_used[2];  ///< low half first
};
static_assert(sizeof(CheckpointHeader) == 84);
constexpr u8 kOwes = 1, kModuleStarted = 2, kRunsEntry = 4;

/// An active function, the outermost first.
struct CheckpointFrame {
  u32 func;      ///< among the defined ones
  u32 position;  ///< in its code, where it goes on
  u32 base;      ///< slot of its first parameter
};

/// A place in a function's code where an instance may stand, as walking over the code finds it.
struct ResumePoint {
  enum class Kind : u8 { none, loop_or_entry, host_call, after_call } kind = Kind::none;
  u32 callee_base = 0;  ///< after_call: slot of the callee's first parameter, from this frame's
  u32 callee_type = 0;
};

/// What stands at `position` of a function; false when `scratch` is too small. Kind::after_call is looked for
/// only if `has_callee`.
bool find_resume_point(const ModuleImpl& module, u32 func, u32 position, bool has_callee, Arena& scratch,
                       ResumePoint& out);

}  // namespace pipit::wasm::reg
