#pragma once
#include <string>
#include <vector>

#include "rig/vm.h"

/// One virtual machine, measured from the start of QEMU to a mark.
namespace pipit::bench {

/// What is started, how far, and what was measured: one value a run.
struct Subject {
  std::string name;
  rig::VmOptions vm;
  std::string mark;      ///< on the console; empty: the first byte
  bool http = false;     ///< after the mark, until the first byte of an HTTP answer
  bool settles = false;  ///< the kernel says a second later when it was ready and what memory is free
  std::vector<double> cpu_ms{}, wall_ms{};  ///< of the whole QEMU process
  std::vector<double> ready_ms{};           ///< from main() to the application, as the kernel says
  long free_kb = 0;                         ///< of the machine's memory
  long rss_kb = 0;                          ///< of QEMU, at most
};

/// Starts the machine, adds what its way to the mark took, and ends it. False when the mark never came.
bool measure(Subject& subject);

/// The middle one, 0 of none.
double median(std::vector<double> values);

}  // namespace pipit::bench
