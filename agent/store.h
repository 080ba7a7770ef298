#pragma once
#include "base/result.h"
#include "base/sha256.h"
#include "link/messages.h"
#include "ports/flash.h"

namespace pipit::agent {

constexpr u32 kSlots = 2;
constexpr u8 kNoSlot = 0xFF;

/// Where in flash the agent keeps things; everything is a multiple of the sector size.
struct StoreLayout {
  u32 state_offset = 0;  ///< two sectors of records
  u32 slots_offset = 0;  ///< the first slot; the second follows it
  u32 slot_bytes = 0;
};
/// Sector 0 is the device's configuration, two sectors of records, two equal slots of what remains.
StoreLayout default_layout(const ports::Flash& flash);

/// What survives a restart.
struct StoredState {
  u32 boot_count = 0;
  u8 active_slot = kNoSlot;  ///< what to start without being told
  Bytes launch;              ///< how: an encoded link::Desired without manifest; in flash
};

/// The device's flash: an append-only log of records over two sectors, and two slots for packages. A cut of
/// power at any program or erase leaves the state before it or the state after it, because a record counts
/// only when its checksum is right, and a slot only when its header, which is written last, is.
class Store {
 public:
  /// Blobs begin this far into a slot; before them lie header and manifest.
  static constexpr u32 kSlotHeaderBytes = 4096;
  static constexpr u32 kMaxLaunchBytes = 1024;

  /// Finds the newest record. Errors: invalid_argument when the layout does not fit the flash.
  /// `native_target`: of packages, what the device keeps besides the module; 0: nothing.
  static Result<Store> open(ports::Flash& flash, const StoreLayout& layout, u8 native_target = 0);

  const StoredState& state() const { return state_; }
  /// Appends a record. `launch` must not lie in this flash: it cannot be read while it is written.
  Status save(u32 boot_count, u8 active_slot, Bytes launch);

  /// Decodes a manifest; its blobs are then those that this device keeps.
  Status decode(Bytes encoded, link::Manifest& out) const;
  /// Bytes of blobs that fit one slot.
  u32 slot_capacity() const { return layout_.slot_bytes - kSlotHeaderBytes; }
  /// Bytes that the blobs of `manifest` take in a slot, each aligned; ~0 when over 32 bits.
  static u32 blobs_bytes(const link::Manifest& manifest);
  /// Flash offset of blob `index` in `slot`.
  u32 blob_offset(u32 slot, const link::Manifest& manifest, u32 index) const;
  Bytes blob(u32 slot, const link::Manifest& manifest, u32 index) const;

  /// The encoded manifest of a complete slot, in flash; empty when the slot holds none.
  Bytes manifest(u32 slot) const;
  /// Erases the next sector of a slot, header first; true when `bytes` of blobs have room. `progress` starts
  /// at 0.
  Result<bool> erase_step(u32 slot, u32 bytes, u32& progress);
  /// Makes a slot whose blobs are in place complete.
  Status seal(u32 slot, Bytes manifest);

  ports::Flash& flash() { return *flash_; }

 private:
  Store(ports::Flash& flash, const StoreLayout& layout, u8 native_target)
      : flash_(&flash), layout_(layout), native_target_(native_target) {}
  void scan(u32 sector);
  bool erased(u32 offset, u32 size) const;
  u32 sector_offset(u32 sector) const { return layout_.state_offset + sector * flash_->sector_bytes(); }
  u32 slot_offset(u32 slot) const { return layout_.slots_offset + slot * layout_.slot_bytes; }

  ports::Flash* flash_;
  StoreLayout layout_;
  u8 native_target_;
  StoredState state_;
  u32 sequence_ = 0;  ///< of the newest record; 0 when there is none
  u32 sector_ = 0;    ///< the sector it lies in
  u32 append_ = 0;    ///< where in that sector the next one goes
};

/// Checks the digests of a slot's blobs, a piece at each step, so that the rest of the device goes on.
class SlotCheck {
 public:
  enum class Result : u8 { busy, good, bad };
  void start(u32 slot) { *this = SlotCheck(), slot_ = slot; }
  Result step(const Store& store, const link::Manifest& manifest);

 private:
  static constexpr u32 kStepBytes = 4096;
  u32 slot_ = 0, blob_ = 0, offset_ = 0;
  Sha256 hash_;
};

}  // namespace pipit::agent
