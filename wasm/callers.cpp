#include "wasm/callers.h"

#include "wasm/instruction.h"
#include "wasm/interpreter.h"

namespace pipit::wasm {

u32 instruction_before(const ModuleImpl& module, u32 func, u32 end) {
  Reader reader(module.code, module.funcs[func].body);
  reader.leb_u32();                                                          // the body's size
  for (u32 groups = reader.leb_u32(); groups != 0 && reader.ok(); --groups)  // of locals
    reader.leb_u32(), reader.byte();
  Instruction instruction;
  while (reader.ok() && reader.offset() < end) {
    read_instruction(reader, instruction);
    if (instruction.op != static_cast<u16>(Op::br_table)) continue;
    for (u32 label = 0; label <= instruction.a && reader.ok(); ++label) reader.leb_u32();
  }
  return instruction.at;
}

void visit_callers_in_place(const InstanceImpl& instance, CallVisitor visitor) {
  const auto& machine = static_cast<const Machine&>(*instance.run);
  const auto* end = reinterpret_cast<const Frame*>(machine.stack + instance.stack_bytes / sizeof(Value));
  u32 last = 0;  // behind the call before, which recursion makes again and again
  CallFrame call{};
  for (const Frame* frame = machine.frame; frame < end; ++frame) {
    if (frame->func == nullptr || frame->instance != &instance) continue;
    const u32 behind = static_cast<u32>(frame->pc - instance.module->code.data());
    if (behind != last) {
      const u32 func = instance.module->func_at(behind - 1);
      call = {func, instruction_before(*instance.module, func, behind)};
      last = behind;
    }
    visitor.visit(visitor.context, call);
  }
}

}  // namespace pipit::wasm
