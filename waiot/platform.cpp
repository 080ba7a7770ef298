#include "waiot/platform.h"

#include <cstring>

#include "link/device_name.h"
#include "waiot/board.h"
#include "waiot/log.h"
#include "waiot/memory.h"

#ifndef PIPIT_VERSION
#error "the build names the version"
#endif

namespace pipit::waiot {
namespace {

/// A reset without power loss finds the same seed again, but other survivors: they move on with every start.
void seed(Pool& pool, const ports::MacAddress& mac) {
  pool.feed(board::flash().view(board::kFlashMap.seed_offset, board::kSeedBytes));
  pool.feed(Bytes(mac));
  const u64 noise = board::noise();
  pool.feed({reinterpret_cast<const u8*>(&noise), sizeof noise});
  MutBytes survivors{reinterpret_cast<u8*>(memory::g_survivors), sizeof memory::g_survivors};
  pool.feed(survivors);
  pool.fill(survivors);
}

}  // namespace

Platform& start_platform(std::string_view image) {
  board::init();
  Line() << "waiot: " << image << " " PIPIT_VERSION " on " << board::kName << ", RAM " << memory::ram_bytes()
         << " static " << memory::static_bytes() << " stack " << memory::stack_bytes();
  Nic* nic = board::nic();
  if (nic == nullptr)
    for (;;) board::idle();
  static constinit Platform platform;
  const auto name = link::device_name(nic->mac());
  std::memcpy(platform.device, name.data, name.size);
  seed(platform.entropy, nic->mac());
  platform.network.init(*nic, board::clock(), platform.entropy, platform.device);
  return platform;
}

void Platform::announce_address() {
  if (announced_ || !network.up()) return;
  announced_ = true;
  const auto ip = network.address();
  Line() << "waiot: " << device << " has address " << u32{ip[0]} << "." << u32{ip[1]} << "." << u32{ip[2]}
         << "." << u32{ip[3]} << " after " << board::clock().uptime_ms() << " ms";
}

}  // namespace pipit::waiot
