#include "mewz/app/mounts.h"

#include <algorithm>
#include <new>

#include "mewz/clock.h"
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

/// A file system in pages of its own, so that what is written there takes nothing from anybody else.
struct ScratchFiles {
  explicit ScratchFiles(std::string_view path) : files(pages, clock(), path) {}
  PageAllocator pages;
  MemoryFiles files;
};

Status attach(const Scratch& scratch, MountedFiles& all) {
  constexpr usize kPage = PageAllocator::block_bytes(0);
  const usize bytes = (static_cast<usize>(scratch.bytes) + kPage - 1) / kPage * kPage;
  const usize facts = (sizeof(ScratchFiles) + 15) / 16 * 16;
  Reservation* const memory = TRY(Reservation::create(bytes + facts + PageAllocator::state_bytes(0, bytes)));
  const usize start = reinterpret_cast<usize>(memory->base());
  auto* const made = new (memory->base() + bytes) ScratchFiles(scratch.path);
  made->pages.init(start, start + bytes, memory->base() + bytes + facts);
  made->pages.add(start, start + bytes);
  made->files.date_root();
  if (!all.add(made->files)) return Error{Code::out_of_range, "more directories than 16"};
  return {};
}

/// So that a listing of what is above shows it, where it can.
void show(MemoryFiles* root, std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  if (root != nullptr && !path.empty()) (void)root->create_directory(0, path);
}

}  // namespace

Status attach_mounts(const CommandLine& command, MemoryFiles* root, MountedFiles& all) {
  const std::span<const Mount> mounts{command.mounts, command.mount_count};
  if (root != nullptr && std::ranges::none_of(mounts, [](const Mount& mount) { return mount.path == "/"; }))
    (void)all.add(*root);  // the first has room
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
    show(root, mount.path);
  }
  for (const Scratch& scratch : std::span(command.scratch, command.scratch_count)) {
    TRY(attach(scratch, all));
    show(root, scratch.path);
  }
  return {};
}

}  // namespace pipit::mewz
