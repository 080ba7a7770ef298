#include "wasm/native/callers.h"

#include "wasm/native/context.h"

namespace pipit::wasm::native {
namespace {

#if defined(__x86_64__)
constexpr bool kCallsPush = true;  // the return address: it lies right below the caller's frame
#else
constexpr bool kCallsPush = false;
#endif

/// Goes up a stack of native code, call by call.
class Walk {
 public:
  Walk(const InstanceImpl& instance, const NativeRun& run)
      : peers_(instance.peers),
        count_(instance.peers == &instance.self ? 1 : kMaxPeers),
        top_(reinterpret_cast<usize>(run.stack) + run.instance->stack_bytes),
        sp_(reinterpret_cast<usize>(run.trap_site.sp)) {
    const TrapSite& site = run.trap_site;
    known_ = site.is_call ? take_call(site.pc) : take_instruction(site);
  }

  /// Whether there is a frame, of code of module().
  bool known() const { return known_; }
  const NativeModule& module() const { return *module_; }
  const Position& position() const { return position_; }

  /// On to the caller's.
  void next() {
    known_ = climb();
    if (!known_ && kCallsPush) scan(sp_);
  }

 private:
  /// Of a word of the stack, which may be an address.
  static const u8* at(usize address) { return reinterpret_cast<const u8*>(address); }
  usize word(usize address) const {
    return address + sizeof(usize) <= top_ ? *reinterpret_cast<const usize*>(address) : 0;
  }
  const NativeModule* module_of(const u8* pc) const {
    for (u32 i = 0; i < count_ && peers_[i] != nullptr; ++i)
      if (const NativeModule& module = *run_of(*peers_[i]).module; module.contains(pc)) return &module;
    return nullptr;
  }
  /// Over a frame of which the table knows the size; false where that is not all there is to it.
  bool climb() {
    const usize end = sp_ + usize{position_.frame_words} * sizeof(usize);
    const usize slot = end - usize{position_.link_words} * sizeof(usize);
    if (position_.frame_words == 0 && link_ == 0) return false;
    if (end > top_ || slot < sp_) return false;
    const usize back = position_.link_words == 0 ? link_ : word(slot);
    sp_ = end;
    link_ = 0;
    return take_call(at(back));
  }
  bool take_call(const void* back) {
    const NativeModule* const module = module_of(static_cast<const u8*>(back) - 1);
    if (module == nullptr || !module->positions().find_call(module->place_of(back), position_)) return false;
    module_ = module;
    return true;
  }
  bool take_instruction(const TrapSite& site) {
    module_ = module_of(static_cast<const u8*>(site.pc));
    link_ = reinterpret_cast<usize>(site.link);
    return module_ != nullptr && module_->positions().find_instruction(module_->place_of(site.pc), position_);
  }
  /// For the next return address above frames that are not known.
  void scan(usize from) {
    for (; from + sizeof(usize) <= top_; from += sizeof(usize)) {
      if (!take_call(at(word(from)))) continue;
      sp_ = from + sizeof(usize);
      known_ = true;
      return;
    }
  }

  InstanceImpl* const* peers_;
  u32 count_;
  usize top_, sp_;
  usize link_ = 0;
  bool known_ = false;
  const NativeModule* module_ = nullptr;
  Position position_;
};

}  // namespace

void visit_callers(const InstanceImpl& instance, const NativeModule& module, CallVisitor visitor) {
  const NativeRun& run = run_of(instance);
  const auto visit = [&](u32 offset) {
    if (offset != 0) visitor.visit(visitor.context, {instance.module->func_at(offset), offset});
  };
  bool is_trap = run.trap.kind != TrapKind::host;  // whose function the trap itself names
  for (Walk walk(instance, run); walk.known(); walk.next()) {
    const bool is_own = &walk.module() == &module;
    const Position& position = walk.position();
    if (is_own && !is_trap) visit(position.offset);
    is_trap = false;
    if (!is_own) continue;
    const PositionTable table = module.positions();
    for (u32 outer = position.inlined; outer != 0;) {
      const InlineRow row = table.inlined(outer);
      visit(row.offset);
      outer = row.outer;
    }
  }
}

}  // namespace pipit::wasm::native
