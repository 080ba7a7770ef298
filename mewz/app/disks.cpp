#include "mewz/app/disks.h"

#include <algorithm>

#include "mewz/memory/kernel_map.h"
#include "mewz/virtio/block_device.h"

namespace pipit::mewz {
namespace {

constexpr u32 kMaxDisks = 4;
constexpr u64 kMostBytes = u64{64} << 30;

constinit BlockDevice g_disks[kMaxDisks];

Result<Bytes> as_memory(BlockDevice& disk) {
  if (disk.bytes() == 0 || disk.bytes() > kMostBytes)
    return Error{Code::unsupported, "a disk is empty or larger than 64 GB"};
  Reservation* const memory = TRY(Reservation::create(static_cast<usize>(disk.bytes())));
  memory->fill_from([](void* context, u64 offset,
                       MutBytes out) { return static_cast<BlockDevice*>(context)->read(offset, out); },
                    &disk);
  return Bytes(memory->memory());
}

}  // namespace

Status attach_disks(Sources& sources, CommandLine& command) {
  for (u32 i = 0;; ++i) {
    static constinit BlockDevice further;
    BlockDevice& disk = i < kMaxDisks ? g_disks[i] : further;
    if (const Status opened = disk.open(); !opened.ok()) {
      if (opened.error().code == Code::unavailable) return {};
      return opened.error();
    }
    if (i == kMaxDisks || sources.count == Sources::kMost)
      return Error{Code::out_of_range, "the machine has more disks than 4"};
    const Bytes contents = TRY(as_memory(disk));
    const std::string_view text =
        as_text(contents.first(std::min<usize>(contents.size(), kMaxConfigBytes + 1)));
    if (text.starts_with(kConfigMagic))
      TRY(parse_config(text, command));
    else
      sources.all[sources.count++] = without_padding(contents);
  }
}

}  // namespace pipit::mewz
