#pragma once
#include "base/endian.h"
#include "wasi/context.h"
#include "wasi/errno.h"

/// How the host functions of this room are written: they see a Call, and answer an errno.
namespace pipit::wasi {

/// One call from the guest: its arguments, its memory, and the application's context. Every guest address
/// passes through here and is bounds-checked against the memory the application really has.
class Call {
 public:
  Call(void* context, wasm::Instance& instance, const wasm::Value* values)
      : context(*static_cast<Context*>(context)), instance_(instance), values_(values) {}

  u32 arg(u32 index) const { return values_[index].u32_; }
  u64 arg64(u32 index) const { return values_[index].u64_; }

  /// `size` bytes at `address`; false when any lies outside. Valid until the guest runs again.
  bool bytes(u32 address, u32 size, MutBytes& out) {
    const MutBytes all = instance_.memory();
    if (u64{address} + size > all.size()) return false;
    out = all.subspan(address, size);
    return true;
  }
  bool text(u32 address, u32 size, std::string_view& out) {
    MutBytes view;
    if (!bytes(address, size, view)) return false;
    out = as_text(view);
    return true;
  }
  template <class T>
  bool load(u32 address, T& out) {
    MutBytes view;
    if (!bytes(address, sizeof(T), view)) return false;
    out = load_le<T>(view.data());
    return true;
  }
  template <class T>
  bool store(u32 address, T value) {
    MutBytes view;
    if (!bytes(address, sizeof(T), view)) return false;
    store_le(view.data(), value);
    return true;
  }
  /// Element `index` of a guest array of pairs of u32: iovecs, graph builders. `first` and `second` are
  /// hostile.
  bool load_pair(u32 array, u32 index, u32& first, u32& second) {
    const u64 at = u64{array} + u64{index} * 8;
    MutBytes view;
    if (at > 0xFFFF'FFFF || !bytes(static_cast<u32>(at), 8, view)) return false;
    first = load_le<u32>(view.data());
    second = load_le<u32>(view.data() + 4);
    return true;
  }

  Context& context;

 private:
  wasm::Instance& instance_;
  const wasm::Value* values_;
};

/// What tables with other functions, or the same in another order, do not have (FNV-1a of 64 bits over
/// modules, names and signatures).
constexpr u64 fingerprint(std::span<const wasm::HostFunction> functions) {
  u64 hash = 0xCBF2'9CE4'8422'2325;
  for (const wasm::HostFunction& function : functions)
    for (const char* text : {function.module, function.name, function.signature}) do
        hash = (hash ^ static_cast<u8>(*text)) * 0x100'0000'01B3;
      while (*text++ != 0);
  return hash;
}

/// Makes a wasm::HostFunction's entry of a function that answers an errno.
template <auto function>
wasm::HostAction entry(void* context, wasm::Instance& instance, wasm::Value* values) {
  Call call(context, instance, values);
  const auto answer = function(call);
  if (answer == decltype(answer)::pending) return wasm::HostAction::pending;
  values[0].bits = static_cast<u16>(answer);
  return wasm::HostAction::done;
}

}  // namespace pipit::wasi
