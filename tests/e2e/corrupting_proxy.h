#pragma once
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/types.h"
#include "support/error.h"

namespace pipit::e2e {

/// A TCP relay on loopback that can damage what a server sends: the way a blob takes to a device.
class CorruptingProxy {
 public:
  explicit CorruptingProxy(u16 target) : target_(target) {}
  ~CorruptingProxy();
  CorruptingProxy(const CorruptingProxy&) = delete;

  /// Listens on 127.0.0.1; yields the port.
  support::Result<u16> start();
  /// While on, one bit of every piece of an answer's body is flipped.
  void corrupt(bool on) { corrupt_ = on; }
  u32 damaged() const { return damaged_; }

 private:
  void accept_all();
  void relay(int client);
  u16 target_;
  int listener_ = -1;
  std::atomic<bool> stop_{false}, corrupt_{false};
  std::atomic<u32> damaged_{0};
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::thread> relays_;
};

}  // namespace pipit::e2e
