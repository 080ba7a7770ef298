#pragma once
#include <atomic>
#include <thread>

#include "base/types.h"

/// A memory-mapped int8 matrix engine, modelled: what examples/accelerators/matrix-engine drives.
namespace pipit::rig {

/// The engine runs beside the processor, on a thread of its own that watches the registers. Its arithmetic is
/// written from the register map alone, so that it judges the driver and the compiler.
class MatrixEngine {
 public:
  /// A device of this process: registers of its own, addresses are this process's.
  MatrixEngine();
  /// A device on a board's bus: its registers lie at `registers_at` in `memory`, which the board shares
  /// (QEMU's memory-backend-file) and whose first byte the board finds at `bus_address`. An address that
  /// leaves the memory makes the status a fault.
  MatrixEngine(MutBytes memory, u64 bus_address, u32 registers_at);
  ~MatrixEngine();
  MatrixEngine(const MatrixEngine&) = delete;
  MatrixEngine& operator=(const MatrixEngine&) = delete;

  /// Where a driver finds the registers.
  volatile void* registers() { return registers_; }
  /// Since it was made.
  u64 macs() const;
  u32 layers() const { return layers_; }

 private:
  void work();
  /// False where an address is not of the device's memory.
  bool compute();
  u32 get(u32 number) const;
  void set(u32 number, u32 value);
  /// What the address in two registers points to, null where `count` elements from there on leave the memory.
  template <class T>
  T* address(u32 number, i64 count) const;

  alignas(64) volatile u32 own_registers_[64] = {};
  volatile u32* registers_ = own_registers_;
  MutBytes memory_;  ///< empty: all of this process's
  u64 bus_address_ = 0;
  std::atomic<bool> off_ = false;
  std::atomic<u32> layers_ = 0;
  std::thread thread_;
};

}  // namespace pipit::rig
