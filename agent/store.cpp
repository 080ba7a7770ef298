#include "agent/store.h"

#include <algorithm>
#include <cstring>

#include "base/crc32.h"
#include "base/endian.h"

namespace pipit::agent {
namespace {

/// A record: u32 magic, u32 sequence, u32 boot count, u16 bytes of launch, u8 slot, u8 0, u32 CRC-32 of the
/// sixteen bytes before and of the launch that follows.
constexpr u32 kRecordMagic = 0x52504950;  // "PIPR"
constexpr u32 kRecordBytes = 20;
constexpr u32 kRecordCheckedBytes = 16;

/// A slot's header: u32 magic, u32 bytes of manifest, u32 CRC-32 of the manifest; the manifest follows.
constexpr u32 kSlotMagic = 0x53504950;  // "PIPS"
constexpr u32 kSlotMarkBytes = 12;
static_assert(kSlotMarkBytes + link::kMaxManifestBytes <= Store::kSlotHeaderBytes);

constexpr u32 kBlobAlign = 16;  // models are read in place

constexpr u32 align_up(u32 value, u32 align) { return (value + align - 1) & ~(align - 1); }

}  // namespace

StoreLayout default_layout(const ports::Flash& flash) {
  const u32 sector = flash.sector_bytes();
  StoreLayout layout = {.state_offset = sector, .slots_offset = 3 * sector};
  if (flash.size_bytes() > layout.slots_offset)
    layout.slot_bytes = (flash.size_bytes() - layout.slots_offset) / kSlots / sector * sector;
  return layout;
}

Result<Store> Store::open(ports::Flash& flash, const StoreLayout& layout, u8 native_target) {
  const u32 sector = flash.sector_bytes();
  const u64 slots_end = u64{layout.slots_offset} + u64{layout.slot_bytes} * kSlots;
  const u64 state_end = u64{layout.state_offset} + 2 * u64{sector};
  if (((layout.state_offset | layout.slots_offset | layout.slot_bytes) & (sector - 1)) != 0)
    return Error{Code::invalid_argument, "flash layout is not a multiple of the sector size", sector};
  if (layout.slot_bytes <= kSlotHeaderBytes || slots_end > flash.size_bytes() ||
      state_end > flash.size_bytes() || sector < kRecordBytes + kMaxLaunchBytes)
    return Error{Code::invalid_argument, "flash is too small for its layout", flash.size_bytes()};
  if (state_end > layout.slots_offset && slots_end > layout.state_offset)
    return Error{Code::invalid_argument, "flash layout overlaps itself", layout.slots_offset};
  Store store(flash, layout, native_target);
  store.append_ = sector;  // nothing known yet: the first record goes into a fresh sector
  store.scan(0);
  store.scan(1);
  return store;
}

bool Store::erased(u32 offset, u32 size) const {
  for (const u8 byte : flash_->view(offset, size))
    if (byte != 0xFF) return false;
  return true;
}

void Store::scan(u32 sector) {
  const u32 size = flash_->sector_bytes();
  const Bytes bytes = flash_->view(sector_offset(sector), size);
  u32 at = 0, newest = 0;
  while (at + kRecordBytes <= size && load_le<u32>(&bytes[at]) == kRecordMagic) {
    const u32 launch_bytes = load_le<u16>(&bytes[at + 12]);
    const u32 record = align_up(kRecordBytes + launch_bytes, 4);
    if (launch_bytes > kMaxLaunchBytes || record > size - at) break;
    const Bytes launch = bytes.subspan(at + kRecordBytes, launch_bytes);
    const u32 crc = crc32(launch, crc32(bytes.subspan(at, kRecordCheckedBytes)));
    if (crc != load_le<u32>(&bytes[at + 16])) break;
    newest = load_le<u32>(&bytes[at + 4]);
    if (newest > sequence_) {
      const u8 slot = bytes[at + 14];
      sequence_ = newest;
      sector_ = sector;
      state_ = {load_le<u32>(&bytes[at + 8]), slot < kSlots ? slot : kNoSlot, launch};
    }
    at += record;
  }
  // What follows the last good record is erased, or was cut off while it was written: then nothing more goes
  // there.
  if (newest == sequence_ && newest != 0) append_ = erased(sector_offset(sector) + at, size - at) ? at : size;
}

Status Store::save(u32 boot_count, u8 active_slot, Bytes launch) {
  if (launch.size() > kMaxLaunchBytes)
    return Error{Code::out_of_memory, "launch record too long", static_cast<u32>(launch.size())};
  const u32 bytes = static_cast<u32>(kRecordBytes + launch.size());
  u8 head[kRecordBytes] = {};
  store_le(&head[0], kRecordMagic);
  store_le(&head[4], sequence_ + 1);
  store_le(&head[8], boot_count);
  store_le(&head[12], static_cast<u16>(launch.size()));
  head[14] = active_slot;
  store_le(&head[16], crc32(launch, crc32(Bytes(head).first(kRecordCheckedBytes))));
  u32 sector = sector_, at = append_;
  if (at > flash_->sector_bytes() || bytes > flash_->sector_bytes() - at) {
    // The other sector holds only older records; the newest stays in this one until its successor is written.
    sector = 1 - sector_, at = 0;
    TRY(flash_->erase(sector_offset(sector), flash_->sector_bytes()));
  }
  const u32 offset = sector_offset(sector) + at;
  const auto written = [&]() -> Status {
    TRY(flash_->program(offset + kRecordBytes, launch));
    return flash_->program(offset, head);
  }();
  sector_ = sector;
  if (!written.ok()) {
    append_ = flash_->sector_bytes();  // what is there now is unknown
    if (sequence_ != 0 && at == 0) sector_ = 1 - sector;
    return written.error();
  }
  append_ = at + align_up(bytes, 4);
  ++sequence_;
  state_ = {boot_count, active_slot, flash_->view(offset + kRecordBytes, static_cast<u32>(launch.size()))};
  return {};
}

Status Store::decode(Bytes encoded, link::Manifest& out) const {
  TRY(link::decode(encoded, out));
  link::take_native(out, native_target_);
  return {};
}

u32 Store::blobs_bytes(const link::Manifest& manifest) {
  u64 total = 0;
  for (u32 i = 0; i < manifest.blob_count; ++i)
    total += (u64{manifest.blobs[i].size} + kBlobAlign - 1) & ~u64{kBlobAlign - 1};
  return total > 0xFFFF'FFFF ? ~u32{0} : static_cast<u32>(total);
}

u32 Store::blob_offset(u32 slot, const link::Manifest& manifest, u32 index) const {
  u32 offset = slot_offset(slot) + kSlotHeaderBytes;
  for (u32 i = 0; i < index; ++i) offset += align_up(manifest.blobs[i].size, kBlobAlign);
  return offset;
}

Bytes Store::blob(u32 slot, const link::Manifest& manifest, u32 index) const {
  return flash_->view(blob_offset(slot, manifest, index), manifest.blobs[index].size);
}

Bytes Store::manifest(u32 slot) const {
  const Bytes header = flash_->view(slot_offset(slot), kSlotHeaderBytes);
  if (load_le<u32>(&header[0]) != kSlotMagic) return {};
  const u32 size = load_le<u32>(&header[4]);
  if (size > link::kMaxManifestBytes) return {};
  const Bytes manifest = header.subspan(kSlotMarkBytes, size);
  return crc32(manifest) == load_le<u32>(&header[8]) ? manifest : Bytes{};
}

Result<bool> Store::erase_step(u32 slot, u32 bytes, u32& progress) {
  if (bytes > slot_capacity()) return Error{Code::out_of_range, "package does not fit the slot", bytes};
  const u32 sector = flash_->sector_bytes();
  if (progress < kSlotHeaderBytes + bytes) {
    const u32 offset = slot_offset(slot) + progress;
    if (!erased(offset, sector)) TRY(flash_->erase(offset, sector));
    progress += sector;
  }
  return progress >= kSlotHeaderBytes + bytes;
}

Status Store::seal(u32 slot, Bytes manifest) {
  if (manifest.size() > link::kMaxManifestBytes)
    return Error{Code::out_of_range, "manifest too long", static_cast<u32>(manifest.size())};
  u8 mark[kSlotMarkBytes];
  store_le(&mark[0], kSlotMagic);
  store_le(&mark[4], static_cast<u32>(manifest.size()));
  store_le(&mark[8], crc32(manifest));
  TRY(flash_->program(slot_offset(slot) + kSlotMarkBytes, manifest));
  return flash_->program(slot_offset(slot), mark);
}

SlotCheck::Result SlotCheck::step(const Store& store, const link::Manifest& manifest) {
  if (blob_ == manifest.blob_count) return Result::good;
  const link::Blob& blob = manifest.blobs[blob_];
  const u32 part = std::min(blob.size - offset_, kStepBytes);
  hash_.update(store.blob(slot_, manifest, blob_).subspan(offset_, part));
  offset_ += part;
  if (offset_ < blob.size) return Result::busy;
  if (hash_.finish() != blob.digest) return Result::bad;
  offset_ = 0;
  return ++blob_ == manifest.blob_count ? Result::good : Result::busy;
}

}  // namespace pipit::agent
