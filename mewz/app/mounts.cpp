#include "mewz/app/mounts.h"

#include <algorithm>
#include <new>

#include "mewz/memory/kernel_map.h"
#include "mewz/memory/late.h"
#include "mewz/virtio/plan9_device.h"

namespace pipit::mewz {
namespace {

constexpr u32 kMost = CommandLine::kMaxMounts;
constinit Late<Plan9Device> g_devices[kMost];
constinit u32 g_count = 0;

Plan9Device* find(std::string_view tag) {
  for (u32 i = 0; i < g_count; ++i)
    if (g_devices[i]->tag() == tag) return &*g_devices[i];
  return nullptr;
}

Status attach(Plan9Device& device, std::string_view path, MountedFiles& all) {
  constexpr u32 kBufferOrder = 3, kFilesOrder = 1;
  static_assert(PageAllocator::block_bytes(kBufferOrder) == Plan9Files::kMessageBytes);
  static_assert(sizeof(Plan9Files) <= PageAllocator::block_bytes(kFilesOrder));
  const usize request = pages().allocate(kBufferOrder), reply = pages().allocate(kBufferOrder);
  const usize place = pages().allocate(kFilesOrder);
  if (request == 0 || reply == 0 || place == 0)
    return Error{Code::out_of_memory, "no memory for a directory of the host's"};
  auto* const files = new (reinterpret_cast<void*>(place)) Plan9Files;
  TRY(files->attach(device, {reinterpret_cast<u8*>(request), Plan9Files::kMessageBytes},
                    {reinterpret_cast<u8*>(reply), Plan9Files::kMessageBytes}, path));
  if (!all.add(*files)) return Error{Code::out_of_range, "more directories of the host's than 8"};
  return {};
}

}  // namespace

Status attach_mounts(const CommandLine& command, MemoryFiles& root, MountedFiles& all) {
  const std::span<const Mount> mounts{command.mounts, command.mount_count};
  if (!command.no_files && std::ranges::none_of(mounts, [](const Mount& mount) { return mount.path == "/"; }))
    (void)all.add(root);  // the first has room
  while (!mounts.empty() && g_count < kMost) {
    const Status opened = g_devices[g_count].build().open();
    if (!opened.ok() && opened.error().code == Code::unavailable) break;
    if (!opened.ok()) return opened.error();
    ++g_count;
  }
  for (const Mount& mount : mounts) {
    Plan9Device* const device = find(mount.tag);
    if (device == nullptr)
      return Error{Code::not_found, "the machine has no directory of the host's with this tag",
                   static_cast<u32>(&mount - mounts.data())};
    TRY(attach(*device, mount.path, all));
    std::string_view below = mount.path;
    while (below.starts_with('/')) below.remove_prefix(1);
    if (!below.empty()) (void)root.create_directory(0, below);  // so that a listing shows it, where it can
  }
  return {};
}

}  // namespace pipit::mewz
