#pragma once
#include <string>

namespace pipit::rig {

/// What runs a machine's processor, and why.
struct Accelerator {
  std::string name;    ///< "kvm" or "tcg", for QEMU's -accel
  std::string reason;  ///< a line for a person
};

/// KVM only when a guest's ring-0 code was seen to run at native speed by it: /dev/kvm may open on machines
/// whose KVM emulates instruction by instruction. The probe takes a few milliseconds, 250 at most.
Accelerator choose_accelerator();

}  // namespace pipit::rig
