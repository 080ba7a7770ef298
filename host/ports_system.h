#pragma once
#include "ports/clock.h"
#include "ports/console.h"
#include "ports/entropy.h"
#include "wasi/context.h"

/// Linux behind the small ports.
namespace pipit::host {

/// CLOCK_MONOTONIC since construction, CLOCK_REALTIME, and nanoseconds in place of guest instructions.
class SystemClock final : public ports::Clock {
 public:
  SystemClock();
  u64 uptime_ms() override;
  u64 uptime_ns() override;
  u64 cpu_ns(bool thread) override;
  u64 realtime_ns() override;
  u64 resolution_ns() override { return 1; }
  u64 instructions() override;

 private:
  u64 started_ns_;
};

/// getrandom(2).
class SystemEntropy final : public ports::Entropy {
 public:
  void fill(MutBytes out) override;
};

/// A file descriptor that somebody else owns; bytes it refuses are dropped, as on a terminal that went away.
class FdConsole final : public ports::Console {
 public:
  explicit FdConsole(int fd) : fd_(fd) {}
  void write(Bytes text) override;

 private:
  int fd_;
};

/// Standard input without blocking.
class FdInput final : public wasi::Input {
 public:
  explicit FdInput(int fd) : fd_(fd) {}
  Result<usize> read(MutBytes out) override;
  bool ready() override;

 private:
  int fd_;
};

}  // namespace pipit::host
