// Reading over constant expressions that were validated where the module was compiled: by the size of what
// follows an opcode, without the table of all instructions.
#include "wasm/module_impl.h"
#include "wasm/opcode.h"

namespace pipit::wasm {

void skip_constant(Reader& reader) {
  while (reader.ok()) {
    const u8 op = reader.byte();
    switch (static_cast<Op>(op)) {
      case Op::end: return;
      case Op::i32_const:
      case Op::i64_const:
      case Op::ref_func:
      case Op::global_get: reader.leb_s64(); break;
      case Op::ref_null: reader.byte(); break;
      case Op::f32_const: reader.bytes(4); break;
      case Op::f64_const: reader.bytes(8); break;
      default:
        if (op == kPrefixSimd)
          reader.leb_u32(), reader.bytes(16);  // v128.const; what is left has no operands
    }
  }
}

}  // namespace pipit::wasm
