#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/gateway/device.h"

namespace pipit::gateway {

/// One admitted device.
struct Device {
  DeviceIdentity identity;
  bool alive = false;
  bool kept = false;                   ///< Devices::keep()
  i64 last_seen_ms = 0;                ///< Unix time of its last own word
  i64 changed_ms = 0;                  ///< when `alive` changed last
  std::optional<DeviceReport> report;  ///< of the admitted boot
};

/// Who holds which name, and who is alive. Pure: time comes as an argument, nothing is sent.
/// A name belongs to the boot that was admitted under it for as long as that boot lives; another claimant is
/// refused, and what it says (its last will above all) is not heard.
class Devices {
 public:
  static constexpr i64 kSilenceMs = 30'000;  ///< three missed reports
  static constexpr usize kMaxDevices = 100'000;

  explicit Devices(std::string token) : token_(std::move(token)) {}

  struct Verdict {
    bool admitted = false;
    bool new_boot = false;  ///< first admission, or the device was restarted
    std::string reason;     ///< why not
  };
  /// `topic_name` is the <device> of the topic the hello came by.
  Verdict hello(std::string_view topic_name, const link::Hello& hello, i64 now_ms);

  enum class Effect {
    ignored,  ///< not from the admitted boot
    unknown,  ///< nobody was admitted under that name: ask for a hello
    updated,  ///< as alive as before
    came_online,
    went_offline,
  };
  /// `retained`: the broker's copy, kept from an earlier time. It counts as life only when nothing else is
  /// known since the gateway started, because the broker would have replaced it by the last will.
  Effect status(std::string_view topic_name, DeviceReport report, bool retained, i64 now_ms);

  /// Marks devices that were silent for kSilenceMs as offline; returns their names.
  std::vector<std::string> expire(i64 now_ms);

  /// Takes up a device that was admitted before the gateway restarted: not alive until it is heard of.
  void restore(const DeviceIdentity& identity, i64 now_ms);

  /// A device that has a token of its own: it is admitted by that alone, and that admits nobody else.
  void expect(const std::string& name, std::string token) { own_tokens_[name] = std::move(token); }

  /// A machine that has ended with its Pods, which are still to be seen: it counts as alive, whatever is
  /// heard.
  void keep(std::string_view name);

  /// A device that will not come back; its own token is no longer valid either.
  void forget(std::string_view name);

  const Device* find(std::string_view name) const;
  const std::map<std::string, Device, std::less<>>& all() const { return devices_; }

 private:
  std::string token_;                                           ///< of everybody else
  std::map<std::string, std::string, std::less<>> own_tokens_;  ///< by name
  std::map<std::string, Device, std::less<>> devices_;
};

}  // namespace pipit::gateway
