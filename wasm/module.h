#pragma once
#include "base/arena.h"
#include "base/result.h"
#include "base/types.h"

/// Decoding and validation: hostile bytes become a ValidModule, once, or an Error with the byte offset.
namespace pipit::wasm {

enum class ValType : u8 {
  i32 = 0x7F,
  i64 = 0x7E,
  f32 = 0x7D,
  f64 = 0x7C,
  v128 = 0x7B,
  funcref = 0x70,
  externref = 0x6F,
};

enum class ExternKind : u8 { func = 0, table = 1, memory = 2, global = 3 };

/// Bounds on what a module may ask for, checked while decoding. The defaults suit Linux.
struct Limits {
  u32 max_module_bytes = 64u << 20;
  u32 max_functions = 1u << 20;
  u32 max_function_bytes = 8u << 20;
  u32 max_locals = 50'000;
  u32 max_memory_pages = 65'536;
  u32 max_table_elements = 10'000'000;
  /// Constant expressions may read every immutable global before them, as WebAssembly 3.0 has it; 2.0 allows
  /// imported ones only.
  bool constants_read_own_globals = false;
};

/// More than ValidModule::load ever takes of an arena for a module of this size, whatever the bytes are: 24
/// for each of them, and what one function's locals and operands may need.
constexpr usize load_arena_bytes(usize module_bytes, const Limits& limits = {}) {
  return 24 * module_bytes + limits.max_locals + 68 * 1024;
}

struct ModuleImpl;
namespace native {
class NativeModule;
}

/// A module that passed validation (Wasm 2.0 §3). It keeps pointers into `code`: the bytes stay where they
/// are (flash, a mapped file) and are executed in place. What validation computes (types, function index,
/// branch side table) lies in the arena given to load(). Both must outlive the module. Trivially copyable
/// handle.
class ValidModule {
 public:
  /// Decodes and validates. On an error nothing of the arena stays used. Errors: malformed, unsupported (a
  /// feature that is not linked in), out_of_range (limits), out_of_memory (arena; never one of
  /// load_arena_bytes()); Error::where is the offset in `code`.
  static Result<ValidModule> load(Bytes code, Arena& arena, const Limits& limits = {});
  /// For bytes of which the caller knows, by their digest, that load() accepted them: function bodies are not
  /// looked at again. Only for engines that execute something else than the bytes, because the side table of
  /// branches is not there.
  static Result<ValidModule> load_known(Bytes code, Arena& arena, const Limits& limits = {});

  struct Import {
    std::string_view module, name;
    ExternKind kind;
    u32 type_index;  ///< for functions
  };
  u32 import_count() const;
  Import import(u32 index) const;

  /// Index of an exported function, or not_found.
  Result<u32> exported_function(std::string_view name) const;
  /// Name from the name section, else its export name; empty when it has none. Points into the module's
  /// bytes.
  std::string_view function_name(u32 func_index) const;
  Bytes code() const;
  const ModuleImpl& impl() const { return *impl_; }

 private:
  friend class native::NativeModule;  // whose compiler has validated the module
  explicit ValidModule(const ModuleImpl* impl) : impl_(impl) {}
  const ModuleImpl* impl_;
};

}  // namespace pipit::wasm
