#pragma once
#include <optional>

#include "agent/platform.h"
#include "mewz/app/native_code.h"
#include "mewz/net/sockets.h"

namespace pipit::mewz {

/// What an application of the device agent's has here beyond what a board gives: files, sockets, native code
/// in memory of its own, a clean passing on of the ports it serves.
class NodePlatform final : public agent::Platform {
 public:
  /// Both outlive it; `files` are granted to every application, each with handles of its own.
  void init(const CpuFeatures& cpu, ports::Files& files) {
    cpu_ = &cpu;
    files_ = &files;
  }

  Status equip(u32 index, const wasm::ValidModule& module, Bytes native, wasi::Context& context,
               wasm::InstanceConfig& config) override;
  void retire(u32 index, bool failed) override;
  Trial trial(u32 index) override;
  void take_over(u32 index) override;
  bool leaving(u32 index) override;

 private:
  static constexpr u32 kDescriptors = 256;
  static constexpr u64 kAnswerMs = 5'000;   ///< a connection on trial is answered within
  static constexpr u64 kQuietMs = 5'000;    ///< a trial that nobody connects in ends after
  static constexpr u64 kSettleMs = 250;     ///< and no trial ends before
  static constexpr u64 kFinishMs = 10'000;  ///< who was replaced may finish for

  struct App {
    wasi::Descriptor descriptors[kDescriptors];
    std::optional<wasm::native::NativeCode> code;
    GuardedMemory memory;
    bool trial = false;
    u64 trial_ms = 0;    ///< when it began
    u64 waiting_ms = 0;  ///< since when somebody waits for an answer (+1); 0: nobody does
    u64 leaving_ms = 0;  ///< when it was replaced
  };
  static Owner owner(u32 index) { return index == 0 ? Owner::first : Owner::second; }

  const CpuFeatures* cpu_ = nullptr;
  ports::Files* files_ = nullptr;
  App apps_[2];
};

}  // namespace pipit::mewz
