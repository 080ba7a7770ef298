// Blocks, branches, returns, select (Wasm 2.0 §4.4.8).
#include <llvm/IR/CFG.h>

#include "compiler/aot/function_lowering.h"

namespace pipit::aot {

using namespace llvm;
using wasm::Op;
using wasm::TrapKind;
using wasm::TypeList;
namespace native = wasm::native;

/// A br_table up to this size is a chain of comparisons in quickly compiled code.
constexpr u32 kChainedCases = 4;

TypeList FunctionLowering::block_params(const wasm::Instruction& in) const {
  return in.block >= 0 ? wasm_.params(static_cast<u32>(in.block)) : TypeList{};
}

TypeList FunctionLowering::block_results(const wasm::Instruction& in) const {
  if (in.block >= 0) return wasm_.results(static_cast<u32>(in.block));
  return in.block == wasm::kBlockSingle ? wasm_.code.subspan(in.operands, 1) : TypeList{};
}

void FunctionLowering::open(const wasm::Instruction& in) {
  Label label{.op = static_cast<Op>(in.op), .params = block_params(in), .results = block_results(in)};
  Value* condition = label.op == Op::if_ ? pop_bool() : nullptr;
  label.height = stack_.size() - label.params.size();
  label.end = new_block();
  for (const u8 result : label.results)
    label.end_phis.push_back(PHINode::Create(m_.type(result), 2, "", label.end));
  if (label.op == Op::loop) {
    has_loops_ = true;
    label.start = new_block("loop");
    for (usize i = 0; i < label.params.size(); ++i) {
      PHINode* phi = PHINode::Create(m_.type(label.params[i]), 2, "", label.start);
      phi->addIncoming(stack_[label.height + i], b_.GetInsertBlock());
      stack_[label.height + i] = phi;
      label.start_phis.push_back(phi);
    }
    b_.CreateBr(label.start);
    b_.SetInsertPoint(label.start);
  } else if (label.op == Op::if_) {
    label.if_params.assign(stack_.begin() + static_cast<std::ptrdiff_t>(label.height), stack_.end());
    BasicBlock* then = new_block();
    label.other = new_block();
    b_.CreateCondBr(condition, then, label.other);
    b_.SetInsertPoint(then);
  }
  labels_.push_back(std::move(label));
}

/// Goes to the end of the innermost label with its results on top of the operands.
static void flow_to_end(Builder& builder, std::vector<PHINode*>& phis, BasicBlock* end,
                        ArrayRef<Value*> results) {
  for (usize i = 0; i < phis.size(); ++i) phis[i]->addIncoming(results[i], builder.GetInsertBlock());
  builder.CreateBr(end);
}

void FunctionLowering::otherwise() {
  Label& label = labels_.back();
  if (reachable_)
    flow_to_end(b_, label.end_phis, label.end, ArrayRef(stack_).take_back(label.results.size()));
  b_.SetInsertPoint(label.other);
  label.other = nullptr;
  stack_.resize(label.height);
  stack_.insert(stack_.end(), label.if_params.begin(), label.if_params.end());
  reachable_ = true;
}

void FunctionLowering::close() {
  Label label = std::move(labels_.back());
  labels_.pop_back();
  if (reachable_)
    flow_to_end(b_, label.end_phis, label.end, ArrayRef(stack_).take_back(label.results.size()));
  if (label.other != nullptr) {
    b_.SetInsertPoint(label.other);
    flow_to_end(b_, label.end_phis, label.end, label.if_params);
  }
  stack_.resize(label.height);
  reachable_ = !pred_empty(label.end);
  if (!reachable_) {
    label.end->eraseFromParent();
    return;
  }
  b_.SetInsertPoint(label.end);
  stack_.insert(stack_.end(), label.end_phis.begin(), label.end_phis.end());
  if (labels_.empty()) return_results(stack_);
}

BasicBlock* FunctionLowering::label_block(u32 depth) {
  Label& label = labels_[labels_.size() - 1 - depth];
  return label.op == Op::loop ? label.start : label.end;
}

void FunctionLowering::add_incoming(u32 depth, BasicBlock* from) {
  Label& label = labels_[labels_.size() - 1 - depth];
  auto& phis = label.op == Op::loop ? label.start_phis : label.end_phis;
  const auto values = ArrayRef(stack_).take_back(phis.size());
  for (usize i = 0; i < phis.size(); ++i) phis[i]->addIncoming(values[i], from);
}

void FunctionLowering::branch_to(u32 depth) {
  add_incoming(depth, b_.GetInsertBlock());
  b_.CreateBr(label_block(depth));
  stop();
}

void FunctionLowering::branch_if(const wasm::Instruction& in) {
  Value* condition = pop_bool();
  add_incoming(in.a, b_.GetInsertBlock());
  BasicBlock* next = new_block();
  b_.CreateCondBr(condition, label_block(in.a), next);
  b_.SetInsertPoint(next);
}

/// What instruction selection for speed has no switch for.
void FunctionLowering::branch_chain(Value* index, const std::vector<u32>& depths) {
  for (u32 i = 0; i + 1 < depths.size(); ++i) {
    Value* is_it = b_.CreateICmpEQ(index, b_.getInt32(i));
    add_incoming(depths[i], b_.GetInsertBlock());
    BasicBlock* next = new_block();
    b_.CreateCondBr(is_it, label_block(depths[i]), next);
    b_.SetInsertPoint(next);
  }
  branch_to(depths.back());
}

void FunctionLowering::branch_table(const wasm::Instruction& in) {
  Value* index = pop();
  std::vector<u32> depths;
  for (u32 i = 0; i <= in.a; ++i) depths.push_back(reader_.leb_u32());
  if (m_.part().tier == Tier::quick && in.a <= kChainedCases) return branch_chain(index, depths);
  BasicBlock* from = b_.GetInsertBlock();
  SwitchInst* choice = b_.CreateSwitch(index, label_block(depths.back()), in.a);
  // A phi has one entry for every edge, also where several lead to the same block.
  for (const u32 depth : depths) add_incoming(depth, from);
  for (u32 i = 0; i < in.a; ++i) choice->addCase(b_.getInt32(i), label_block(depths[i]));
  stop();
}

void FunctionLowering::return_results(ArrayRef<Value*> values) {
  if (m_.returns_value(wasm_.funcs[func_].type)) {
    b_.CreateRet(values[0]);
    return;
  }
  if (!values.empty()) {
    Value* results = m_.constant_word(b_, context_, native::Word::results);
    u64 at = 0;
    for (Value* value : values) {
      m_.tag(b_.CreateAlignedStore(value, m_.offset(b_, results, at), Align(8)),
             ModuleLowering::Kind::result);
      at += value->getType()->isVectorTy() ? 16 : 8;
    }
  }
  b_.CreateRetVoid();
}

/// What follows cannot be reached, up to the end of the innermost label.
void FunctionLowering::stop() {
  reachable_ = false;
  b_.ClearInsertionPoint();
}

void FunctionLowering::select() {
  Value* condition = pop_bool();
  Value* second = pop();
  Value* first = pop();
  push(b_.CreateSelect(condition, first, second));
}

void FunctionLowering::control(const wasm::Instruction& in) {
  switch (static_cast<Op>(in.op)) {
    case Op::nop: break;
    case Op::unreachable:
      add_trap_edge(b_.GetInsertBlock(), native::make_where(at_, TrapKind::unreachable));
      b_.CreateBr(trap_block_);
      stop();
      break;
    case Op::block:
    case Op::loop:
    case Op::if_: open(in); break;
    case Op::else_: otherwise(); break;
    case Op::end: close(); break;
    case Op::br: branch_to(in.a); break;
    case Op::br_if: branch_if(in); break;
    case Op::br_table: branch_table(in); break;
    case Op::return_:
      return_results(ArrayRef(stack_).take_back(labels_[0].results.size()));
      stop();
      break;
    case Op::call: call(in); break;
    case Op::call_indirect: call_indirect(in, false); break;
    case Op::return_call: tail_call(in); break;
    case Op::return_call_indirect: call_indirect(in, true); break;
    case Op::drop: pop(); break;
    case Op::select:
    case Op::select_t: select(); break;
    default: llvm_unreachable("validated code contains only known instructions");
  }
}

}  // namespace pipit::aot
