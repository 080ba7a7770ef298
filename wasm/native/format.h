#pragma once
#include "wasm/native/abi.h"

/// The native module (.pna): flat, little-endian, position independent. It holds no relocations, because its
/// image refers to itself only by distance and reaches everything else through the context: so it runs where
/// it lies, in a mapped file or in flash. In order: Header; positions; record; instance record; padding;
/// image.
namespace pipit::wasm::native {

constexpr u32 kMagic = 0x1A'41'4E'50;  ///< "PNA\x1A"

/// What the code was made for: instruction set, calling convention and operating environment.
enum class Target : u16 {
  x86_64_linux = 1,
  x86_64_mewz = 2,
  thumbv7em = 3,
  rv32imac = 4,
  aarch64_linux = 5,
};

/// Instructions beyond a target's baseline that code may use; the loader refuses what the processor lacks.
enum CpuFeature : u32 {
  kSse42 = 1u << 0,   ///< x86-64-v2
  kAvx2 = 1u << 1,    ///< x86-64-v3: AVX2, BMI, FMA, F16C, LZCNT, MOVBE
  kAvx512 = 1u << 2,  ///< x86-64-v4: AVX-512 F, BW, CD, DQ, VL
  kAvx512Vnni = 1u << 3,
  kAvxVnni = 1u << 4,
};

enum Flag : u32 {
  kGuardPages =
      1u << 0,  ///< relies on inaccessible memory behind linear memory: 8 GiB + kGuardSlack from its base
  kMetered = 1u << 1,     ///< counts fuel at loop heads and function entries, so that runs can be paused
  kArithmetic = 1u << 2,  ///< asks for helpers from kFirstArithmetic on, which not every image has
  kInEight = 1u << 3,     ///< its digests are by sha256_in_eight(), for loaders that an emulator runs
  kInstance = 1u << 4,    ///< an InstanceRecord follows the record
};
constexpr u64 kGuardedSpace = (u64{8} << 30) + (u64{64} << 10);

constexpr u32 kMaxCells = 2'000;  ///< Header::result_slots at most: validation limits what functions take

struct Header {
  u32 magic;
  u16 abi_version;
  Target target;
  u32 cpu_features;
  u32 flags;
  u8 module_digest[32];  ///< of the Wasm module it was made from (digest.h)
  u8 digest[32];         ///< of the whole file but this field (digest.h)
  u32 file_bytes;
  u32 image_at;  ///< multiple of 4,096 where the target has pages, else of 16
  u32 image_bytes;
  u32 code_bytes;    ///< the image's first part, which is executable; constants follow
  u32 functions_at;  ///< in the image: FunctionRow for every function, imported ones first
  u32 function_count;
  u32 entries_at;  ///< in the image: i32 distances from here to the entry stub of every type; 0: none
  u32 type_count;
  u32 positions_at;     ///< in the file: PositionsHeader and what follows it (positions.h)
  u32 positions_bytes;  ///< 0: nobody knows where code came from
  u32 max_frame_bytes;  ///< of any function
  u32 memory_limit;     ///< memory bytes the checks were compiled for; 0: whatever the instance has
  u32 global_slots;     ///< cells of the module's own globals
  u32 result_slots;     ///< cells of the most results of a function, or of arguments beyond registers
  u32 record_at;        ///< in the file: Record
  u32 record_bytes;
};
static_assert(sizeof(Header) == 144);

/// What decoding the module comes to, so that an image which only runs native code need not decode:
/// wasm::ModuleImpl with its arrays behind it, each on a multiple of 4 bytes and in the order of the counts.
/// Offsets are into the module.
struct Record {
  u32 types, funcs, tables, elements, data;  ///< TypeEntry, FuncEntry, TableType, u32, u32
  u32 globals;                               ///< GlobalType
  u32 declared_bytes;
  u32 imported_funcs, imported_tables, imported_globals, constant_globals, import_count;
  u32 imports_at, exports_at, globals_at, export_count;
  u32 names_at, names_size;
  u32 start;
  u32 memory_min, memory_max;
  u8 has_memory, imported_memory, has_data_count, uses_v128;
};
static_assert(sizeof(Record) == 88);

/// What instantiating the module comes to (Wasm 2.0 §4.5.4) where all its imports are functions of one set of
/// host tables, so that who instantiates it only copies (instantiate.cpp). It lies behind the record, with
/// these arrays behind it in the order of the counts.
struct InstanceRecord {
  u32 host[2];        ///< which set of host tables, lower half first (wasi::tables_id)
  u32 entry;          ///< the function exported as "_start", kNone (module_impl.h) without
  u32 links;          ///< u32: imported functions, table above 16 bits of position in it
  u32 cells;          ///< u64: what the globals hold, a v128 two
  u32 tables;         ///< TableStart
  u32 refs;           ///< u32: contents of tables, all one after another
  u32 data;           ///< DataStart, in the segments' order
  u32 dropped_bytes;  ///< a bit a segment: elements', then data
};
static_assert(sizeof(InstanceRecord) == 36);

/// Elements of a table that are not null, from the first such to the last.
struct TableStart {
  u32 first, count;
};

/// Bytes from `from` on in the module begin at `to` in memory.
struct DataStart {
  u32 to, from, bytes;
};

/// code: distance from the table's start, 0 for a function that nobody can name from outside; type:
/// canonical.
struct FunctionRow {
  i32 code;
  u32 type;
};

}  // namespace pipit::wasm::native
