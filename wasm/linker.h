#pragma once
#include "wasm/instance_impl.h"

/// Instances importing from instances. Hosted tools and the conformance suite link this; devices need not.
namespace pipit::wasm {

/// Something an instance exports, by its index in that instance.
struct Extern {
  ExternKind kind;
  InstanceImpl* instance;
  u32 index;
};

/// Finds what the host's tables do not offer. One linker joins up to 4,095 instances, whose references then
/// are valid in one another.
class Linker {
 public:
  static constexpr u32 kMaxInstances = (1u << (32 - kRefIndexBits)) - 1;

  /// What `module.name` is; not_found where nothing is registered under it. create() checks kind and type.
  virtual Result<Extern> find(std::string_view module, std::string_view name) = 0;

  /// Numbers an instance; out_of_memory beyond kMaxInstances, invalid_argument for another engine than the
  /// first instance's.
  Status add(InstanceImpl& instance);
  /// Takes back the instance that was added last, so that its memory can go; false: it was not. Nobody may
  /// hold a reference of its.
  bool remove_last(const InstanceImpl& instance) {
    if (count_ == 0 || peers_[count_ - 1] != &instance) return false;
    peers_[--count_] = nullptr;
    return true;
  }

 protected:
  ~Linker() = default;

 private:
  InstanceImpl* peers_[kMaxInstances] = {};
  u32 count_ = 0;
};

/// An instance's export by name, or not_found.
Result<Extern> find_export(Instance& instance, std::string_view name);
/// The slots and the type of an exported global.
std::span<const Value> global_value(const Extern& global);
u8 global_type(const Extern& global);
/// Type of a function wherever it is defined.
TypeList function_params(InstanceImpl& instance, u32 index);
TypeList function_results(InstanceImpl& instance, u32 index);

}  // namespace pipit::wasm
