#pragma once
#include "base/types.h"

/// A test script as a board takes it: what wast2json wrote, with every module compiled and every name
/// resolved, so that a board needs neither files nor a parser. Everything is little-endian and lies on
/// multiples of 16 bytes from the package's start: PackageHead, then commands, each a CommandHead and what
/// its kind says.
namespace pipit::boards {

constexpr u32 kPackageMagic = 0x54'53'41'57;  ///< "WAST"
constexpr u32 kSlots = 1'024;                 ///< modules of a script at most
constexpr u32 kStackBytes = 24 * 1024;        ///< of each instance

/// Where an emulated board finds its package and has memory for instances beside the firmware's.
struct BoardMemory {
  usize package_at;
  usize package_bytes;
  usize arena_at;
  usize arena_bytes;
  u32 growth_pages;  ///< that a memory which grows gets beyond its minimum, if it may have them
};
constexpr BoardMemory kMps2Memory{0x2100'0000, 7u << 20, 0x2170'0000, 9u << 20, 16};
constexpr BoardMemory kVirtMemory{0x8100'0000, 16u << 20, 0x8200'0000, 448u << 20, 1'024};

enum class Kind : u32 {
  load,         ///< LoadHead, native module, module, text
  register_as,  ///< u32 length, name
  invoke,       ///< ActionHead, arguments, patterns, field, text
  get,          ///< the same
};

/// What a command must come to. Refusals are by Code, the others by the beginning of a text.
enum class Expectation : u32 { success, trap, malformed, unlinkable, uninstantiable };

struct PackageHead {
  u32 magic, commands, bytes;
  u32 constants_read_own_globals;  ///< wasm::Limits
};

struct CommandHead {
  Kind kind;
  u32 line;   ///< in the script
  u32 bytes;  ///< of all that follows, a multiple of 16
  u32 slot;   ///< module it is about
};

struct LoadHead {
  Expectation expectation;
  u32 memory_bytes;  ///< InstanceConfig
  u32 native_bytes, module_bytes, text_bytes;
  u32 forgets;  ///< nothing refers to the modules before it any more, but to the first
  u32 reserved[2];
};

struct ActionHead {
  Expectation expectation;
  u32 arguments;     ///< slots
  u32 alternatives;  ///< sets of results that are allowed; 0: whatever it returns
  u32 results;       ///< patterns of each
  u32 field_bytes, text_bytes;
  u32 reserved[2];
};

/// A slot of results matches where its bits under `mask` are `value`, or are not.
struct Pattern {
  u64 mask, value;
  u64 differs;
  u64 reserved;
};

constexpr u32 padded(u32 bytes) { return (bytes + 15) & ~15u; }

}  // namespace pipit::boards
