#pragma once
#include "waiot/entropy.h"
#include "waiot/net/network.h"

namespace pipit::waiot {

/// What start-up leaves behind for the firmware's main(): one network, one pool, and who this device is.
struct Platform {
  LwipNetwork network;
  Pool entropy;
  char device[17] = {};  ///< link::device_name() of the controller's address, terminated

  /// Says once on the console when there is an address.
  void announce_address();

 private:
  bool announced_ = false;
};

/// Brings up board, random numbers and network, and prints the boot line. A board without a working network
/// controller can do nothing for anybody: it says so and stays there.
Platform& start_platform(std::string_view image);

}  // namespace pipit::waiot
