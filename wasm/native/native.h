#pragma once
#include "base/sha256.h"
#include "wasm/instance.h"
#include "wasm/native/format.h"
#include "wasm/native/positions.h"

/// Running ahead-of-time compiled modules: the loader, and the engine for InstanceConfig::engine.
namespace pipit::wasm {

namespace native {

struct NativeRun;

/// What this build can run.
struct Machine {
  Target target;
  u32 cpu_features;
};

/// A native module that was verified. It keeps pointers into the file's bytes, which stay where they are;
/// those of the image must be executable before anything runs.
class NativeModule {
 public:
  /// Verifies every field of the file against itself, `machine` and `module`; nothing of it has run before.
  /// Errors: malformed, digest_mismatch (damaged, or compiled from another module), unsupported (another
  /// target, ABI or processor); Error::where is the byte offset in the file. Neither a signature nor a proof:
  /// code is trusted as far as who made the file is.
  static Result<NativeModule> load(Bytes file, const ValidModule& module, const Machine& machine);
  /// The same for who knows already what SHA-256 of the module's bytes is, unless null: making it takes as
  /// long as everything else here. Not for files with Flag::kInEight.
  static Result<NativeModule> load(Bytes file, const ValidModule& module, const Machine& machine,
                                   const Sha256::Digest* module_digest);

  /// The same for an image that decodes no modules: what decoding comes to is taken from the file, and used
  /// in place. `code` is the module that it was compiled from. Only a few words lie in `arena`.
  struct Loaded;
  static Result<Loaded> load_alone(Bytes file, Bytes code, const Machine& machine, Arena& arena);

  /// The file's InstanceRecord, null without; malformed when it or one of its arrays ends outside the file.
  /// What they say is not looked at: create_recorded() does.
  Result<const InstanceRecord*> instance_record() const;

  const Header& header() const { return *header_; }
  const u8* image() const { return file_.data() + header_->image_at; }
  /// Address of a function's code, null for one that cannot be named from outside the module.
  const u8* function(u32 index) const;
  /// Address of the stub that calls functions of a type.
  const u8* entry(u32 type) const;
  /// Offset in the Wasm module of the instruction at `pc`, 0 when unknown; `pc` may be anything.
  u32 offset_at(const void* pc) const;
  bool contains(const void* pc) const;
  /// Distance of `pc` from the image's start; of addresses outside it means nothing.
  u32 place_of(const void* pc) const { return static_cast<u32>(static_cast<const u8*>(pc) - image()); }
  PositionTable positions() const;

 private:
  explicit NativeModule(Bytes file) : file_(file), header_(reinterpret_cast<const Header*>(file.data())) {}
  Status verify_file(const Machine& machine) const;
  Status verify_origin(const Sha256::Digest& module) const;
  Status verify_record(const ModuleImpl& module) const;
  Status read_record(ModuleImpl& module) const;
  Status verify_tables(const ModuleImpl& module) const;

  Bytes file_;
  const Header* header_;
};

struct NativeModule::Loaded {
  ValidModule module;
  NativeModule native;
};

/// What a system with guard pages is told: which run is on this thread's processor now, null for none. Its
/// fault handler asks take_fault().
struct FaultPort {
  void (*running)(NativeRun* run);
};

/// What InstanceConfig::code points at for kNativeEngine.
struct NativeCode {
  NativeModule module;
  const FaultPort* faults = nullptr;
};

/// Host tables with what identifies their functions' names, signatures and order.
struct HostOffer {
  std::span<const HostTable> tables;
  u64 id;
};

/// An instance and the function exported as "_start" (kNone without).
struct Recorded {
  Instance* instance = nullptr;
  u32 entry = ~u32{0};
};

/// What Instance::create() makes of a native module (config.code), by the file's InstanceRecord: copies and
/// hardly a branch, for machines whose emulator takes longer over code that runs once than over anything
/// else. No instance, and the arena as it was, where Instance::create() is the way: the file has no such
/// record or one for other tables, the module's memory comes from the arena or is of one size, there is a
/// linker, something does not fit. Errors: malformed, for a record that leads outside of what there is.
Result<Recorded> create_recorded(const ValidModule& module, const HostOffer& host,
                                 const InstanceConfig& config, Arena& arena);

/// What the processor was at when code trapped.
struct TrapSite {
  const void* pc = nullptr;    ///< the instruction, or where the call that trapped returns to
  const void* sp = nullptr;    ///< there; of a call before it was made
  const void* link = nullptr;  ///< of an instruction: the register that return addresses come in, if any
  bool is_call = false;
};

/// A fault at `site` while `run` was on: if it is an access outside of linear memory by native code, records
/// the trap and yields what to pass to pipit_native_abandon(); else null.
void* take_fault(NativeRun& run, const TrapSite& site);

}  // namespace native

/// Runs native modules. Pauses only where code was compiled with metering; a checkpoint cannot be taken.
extern const Engine kNativeEngine;

}  // namespace pipit::wasm
