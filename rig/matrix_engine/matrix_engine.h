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
  MatrixEngine();
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
  void compute();
  u32 get(u32 number) const;
  void set(u32 number, u32 value);
  template <class T>
  T* address(u32 number) const;

  alignas(64) volatile u32 registers_[64] = {};
  std::atomic<bool> off_ = false;
  std::atomic<u32> layers_ = 0;
  std::thread thread_;
};

}  // namespace pipit::rig
