// Which places of a function's code an instance may stand at.
#include "wasm/register/checkpoint.h"

namespace pipit::wasm::reg {

namespace {

struct Search {
  const ModuleImpl& module;
  u32 position;
  bool has_callee;
  ResumePoint& out;
};

/// The type of what a call instruction calls, and whether it can be the host's.
bool describe_call(const ModuleImpl& module, const RegisterInstruction& in, u32& type, bool& may_be_host) {
  const u32 operand = static_cast<u32>(in.imm >> 16);
  may_be_host = true;
  switch (in.code) {
    case Code::call:
      type = module.funcs[module.imported_funcs + operand].type;
      may_be_host = false;
      return true;
    case Code::call_any:
    case Code::return_call: type = module.funcs[operand].type; return true;
    case Code::call_indirect:
    case Code::return_call_indirect: type = operand & 0xFFFF; return true;
    default: return false;
  }
}

void visit(void* context, const RegisterInstruction& in, u32 at, u32 end) {
  Search& search = *static_cast<Search*>(context);
  u32 type;
  bool may_be_host;
  if ((at != search.position && end != search.position) ||
      !describe_call(search.module, in, type, may_be_host))
    return;
  const u32 base = static_cast<u32>(in.imm & 0xFFFF);
  if (search.has_callee && end == search.position)
    search.out = {ResumePoint::Kind::after_call, base, type};
  else if (!search.has_callee && at == search.position && may_be_host)
    search.out = {ResumePoint::Kind::host_call, base, type};
}

void visit_loop(void* context, u32 at) {
  Search& search = *static_cast<Search*>(context);
  if (!search.has_callee && at == search.position) search.out = {ResumePoint::Kind::loop_or_entry, 0, 0};
}

}  // namespace

bool find_resume_point(const ModuleImpl& module, u32 func, u32 position, bool has_callee, Arena& scratch,
                       ResumePoint& out) {
  out = {};
  if (!has_callee && position == kHeadBytes) {
    out.kind = ResumePoint::Kind::loop_or_entry;
    return true;
  }
  Search search{module, position, has_callee, out};
  return walk(module, func, {visit, visit_loop, &search}, scratch);
}

}  // namespace pipit::wasm::reg
