#include "mewz/files/memory_files.h"

#include <algorithm>
#include <cstring>

#include "mewz/files/archive.h"
#include "mewz/files/path.h"

namespace pipit::mewz {
namespace {

// WASI preview 1 errno, filetype, oflags, fdflags, lookupflags, fstflags.
constexpr u16 kBadHandle = 8, kExists = 20, kTooLarge = 22, kInvalid = 28, kIsDirectory = 31, kLoop = 32,
              kTooManyOpen = 33, kNameTooLong = 37, kNoEntry = 44, kNoSpace = 51, kNotDirectory = 54,
              kNotEmpty = 55, kNotPermitted = 63, kNotCapable = 76;
constexpr u8 kDirectory = 3, kRegular = 4, kSymbolicLink = 7;
constexpr u16 kCreate = 1, kMustBeDirectory = 2, kExclusive = 4, kTruncate = 8;
constexpr u16 kAppend = 1;
constexpr u32 kFollow = 1;

}  // namespace

MemoryFiles::MemoryFiles(PageAllocator& pages, ports::Clock& clock, std::string_view path)
    : pages_(pages), clock_(clock), path_(path), inodes_(pages), names_(pages) {
  root_.number = 1;
  root_.filetype = kDirectory;
  root_.links = 2;
  root_.parent = &root_;
  open_[0].inode = &root_;
}

void MemoryFiles::date_root() { root_.accessed_ns = root_.modified_ns = root_.changed_ns = now(); }

MemoryFiles::Open* MemoryFiles::opened(u32 handle) {
  return handle < kMaxOpen && open_[handle].inode != nullptr ? &open_[handle] : nullptr;
}

/// Walks component by component. Links are expanded in a buffer of our own; neither they nor ".." lead above
/// the directory that the walk began in.
u16 MemoryFiles::place(u32 dir, bool follow, std::string_view path, Place& out) {
  const Open* const start = opened(dir);
  if (start == nullptr) return kBadHandle;
  if (start->inode->filetype != kDirectory) return kNotDirectory;
  if (path.empty()) return kNoEntry;
  if (path.starts_with('/')) return kNotCapable;
  if (path.size() > kMaxPath || path.find('\0') != path.npos)
    return path.size() > kMaxPath ? kNameTooLong : kInvalid;
  Inode* at = start->inode;
  char buffer[2 * kMaxPath];
  std::string_view rest = path;
  out = {};
  for (u32 links = 0;;) {
    const std::string_view component = next_component(rest);
    const bool last = only_slashes(rest);
    if (component == "..") {
      if (at == start->inode || at->parent == nullptr) return kNotCapable;
      at = at->parent;
    } else if (!component.empty() && component != ".") {
      if (component.size() > DirectoryEntry::kMaxName) return kNameTooLong;
      DirectoryEntry* const entry = at->find(component);
      Inode* const found = entry != nullptr ? entry->inode : nullptr;
      const bool link = found != nullptr && found->filetype == kSymbolicLink;
      if (link && (!last || follow || !rest.empty())) {
        if (++links > kMaxLinks) return kLoop;
        // The target goes in front of what is left, both of which end at the buffer's end.
        const usize target = static_cast<usize>(found->data.size());
        if (target + rest.size() > kMaxPath) return kNameTooLong;
        std::memmove(buffer + kMaxPath + kMaxPath - rest.size(), rest.data(), rest.size());
        char* const begin = buffer + 2 * kMaxPath - rest.size() - target;
        (void)found->data.read(0, {reinterpret_cast<u8*>(begin), target});
        rest = {begin, target + rest.size()};
        if (rest.empty()) return kNoEntry;
        if (rest.starts_with('/')) return kNotCapable;
        continue;
      }
      if (last) {
        out.directory = at;
        std::memcpy(out.name_text, component.data(), component.size());
        out.name_bytes = static_cast<u8>(component.size());
        out.entry = entry;
        out.inode = found;
        out.must_be_directory = !rest.empty();
        return at->parent == nullptr && found == nullptr ? kNoEntry : u16{0};
      }
      if (found == nullptr) return kNoEntry;
      if (found->filetype != kDirectory) return kNotDirectory;
      at = found;
    }
    if (last) {  // ended in "." or "..": the directory itself
      out.inode = at;
      out.must_be_directory = true;
      return 0;
    }
  }
}

Inode* MemoryFiles::make_inode(u8 filetype) {
  Inode* const inode = inodes_.take();
  if (inode == nullptr) return nullptr;
  inode->number = next_number_++;
  inode->filetype = filetype;
  inode->accessed_ns = inode->modified_ns = inode->changed_ns = now();
  return inode;
}

u16 MemoryFiles::enter(Inode& directory, std::string_view name, Inode& inode) {
  DirectoryEntry* const entry = names_.take();
  if (entry == nullptr) return kNoSpace;
  entry->inode = &inode;
  entry->name_bytes = static_cast<u8>(name.size());
  std::memcpy(entry->name, name.data(), name.size());
  DirectoryEntry** end = &directory.entries;
  while (*end != nullptr) end = &(*end)->next;
  *end = entry;
  ++inode.links;
  if (inode.filetype == kDirectory) {
    inode.parent = &directory;
    ++directory.links;
  }
  directory.modified_ns = directory.changed_ns = inode.changed_ns = now();
  return 0;
}

void MemoryFiles::remove_entry(Inode& directory, DirectoryEntry& entry) {
  DirectoryEntry** at = &directory.entries;
  while (*at != &entry) at = &(*at)->next;
  *at = entry.next;
  Inode& inode = *entry.inode;
  names_.give_back(&entry);
  --inode.links;
  if (inode.filetype == kDirectory) {
    inode.parent = nullptr;
    --directory.links;
  }
  directory.modified_ns = directory.changed_ns = inode.changed_ns = now();
  drop_if_unused(inode);
}

void MemoryFiles::drop_if_unused(Inode& inode) {
  const u32 own_links = inode.filetype == kDirectory ? 1 : 0;  // "."
  if (inode.opens != 0 || inode.links > own_links || &inode == &root_) return;
  inode.data.release(pages_);
  inodes_.give_back(&inode);
}

u16 MemoryFiles::create(const Place& at, u8 filetype, Inode*& out) {
  if (at.inode != nullptr) return kExists;
  out = make_inode(filetype);
  if (out == nullptr) return kNoSpace;
  if (filetype == kDirectory) out->links = 1;
  const u16 error = enter(*at.directory, at.name(), *out);
  if (error != 0) inodes_.give_back(out);
  return error;
}

u16 MemoryFiles::open_inode(Inode& inode, u16 fdflags, bool writable, u32& handle) {
  for (handle = 1; handle < kMaxOpen; ++handle) {
    Open& free = open_[handle];
    if (free.inode != nullptr) continue;
    free = {.inode = &inode, .append = (fdflags & kAppend) != 0, .writable = writable};
    ++inode.opens;
    return 0;
  }
  return kTooManyOpen;
}

bool MemoryFiles::preopen(u32 index, std::string_view& guest_path) {
  guest_path = path_;
  return index == 0;
}

u16 MemoryFiles::open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
                      u32& handle) {
  constexpr u64 kRightWrite = u64{1} << 6;
  constexpr u16 kExclusiveCreate = kCreate | kExclusive;
  const bool exclusive = (oflags & kExclusiveCreate) == kExclusiveCreate;
  Place at;
  const u16 error = place(dir, (lookup_flags & kFollow) != 0 && !exclusive, path, at);
  if (error != 0) return error;
  if ((oflags & kCreate) != 0 && (oflags & kMustBeDirectory) != 0) return kInvalid;
  if (exclusive && at.inode != nullptr) return kExists;
  Inode* inode = at.inode;
  if (inode == nullptr) {
    if ((oflags & kCreate) == 0) return kNoEntry;
    if (at.must_be_directory) return kIsDirectory;
    if (const u16 failed = create(at, kRegular, inode); failed != 0) return failed;
  }
  if (inode->filetype == kSymbolicLink) return kLoop;
  const bool directory = inode->filetype == kDirectory;
  if (!directory && ((oflags & kMustBeDirectory) != 0 || at.must_be_directory)) return kNotDirectory;
  if (directory && ((rights & kRightWrite) != 0 || (oflags & (kTruncate | kCreate)) != 0))
    return kIsDirectory;
  if ((oflags & kTruncate) != 0) {
    if (!inode->data.set_size(0, pages_)) return kNoSpace;
    inode->modified_ns = inode->changed_ns = now();
  }
  return open_inode(*inode, fdflags, (rights & kRightWrite) != 0, handle);
}

u16 MemoryFiles::close(u32 handle) {
  Open* const open = opened(handle);
  if (open == nullptr || handle == 0) return kBadHandle;
  Inode& inode = *open->inode;
  *open = {};
  --inode.opens;
  drop_if_unused(inode);
  return 0;
}

u16 MemoryFiles::pread(u32 handle, MutBytes out, u64 offset, usize& count) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->inode->filetype == kDirectory) return kIsDirectory;
  if (static_cast<i64>(offset) < 0) return kInvalid;
  count = open->inode->data.read(offset, out);
  return 0;
}

u16 MemoryFiles::read(u32 handle, MutBytes out, usize& count) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  const u16 error = pread(handle, out, open->position, count);
  if (error == 0) open->position += count;
  return error;
}

u16 MemoryFiles::pwrite(u32 handle, Bytes data, u64 offset, usize& count) {
  const Open* const open = opened(handle);
  if (open == nullptr || !open->writable) return kBadHandle;
  if (static_cast<i64>(offset) < 0) return kInvalid;
  if (offset >= FileData::kMostBytes && !data.empty()) return kTooLarge;
  count = open->inode->data.write(offset, data, pages_);
  if (count != 0) open->inode->modified_ns = open->inode->changed_ns = now();
  return count == 0 && !data.empty() ? kNoSpace : u16{0};
}

u16 MemoryFiles::write(u32 handle, Bytes data, usize& count) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->append) open->position = open->inode->data.size();
  const u16 error = pwrite(handle, data, open->position, count);
  if (error == 0) open->position += count;
  return error;
}

u16 MemoryFiles::seek(u32 handle, i64 offset, u8 whence, u64& position) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (whence > 2) return kInvalid;
  const u64 bases[] = {0, open->position, open->inode->data.size()};
  i64 to;
  if (__builtin_add_overflow(static_cast<i64>(bases[whence]), offset, &to) || to < 0) return kInvalid;
  position = open->position = static_cast<u64>(to);
  return 0;
}

u16 MemoryFiles::sync(u32 handle) { return opened(handle) == nullptr ? kBadHandle : u16{0}; }

u16 MemoryFiles::set_flags(u32 handle, u16 fdflags) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  open->append = (fdflags & kAppend) != 0;
  return 0;
}

void MemoryFiles::fill(const Inode& inode, Stat& out) {
  out = {.device = 1,
         .inode = inode.number,
         .links = inode.links,
         .size = inode.data.size(),
         .accessed_ns = inode.accessed_ns,
         .modified_ns = inode.modified_ns,
         .changed_ns = inode.changed_ns,
         .filetype = inode.filetype};
}

u16 MemoryFiles::stat(u32 handle, Stat& out) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  fill(*open->inode, out);
  return 0;
}

u16 MemoryFiles::path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) {
  Place at;
  if (const u16 error = place(dir, (lookup_flags & kFollow) != 0, path, at); error != 0) return error;
  if (at.inode == nullptr) return kNoEntry;
  if (at.must_be_directory && at.inode->filetype != kDirectory) return kNotDirectory;
  fill(*at.inode, out);
  return 0;
}

u16 MemoryFiles::set_size(u32 handle, u64 size) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (!open->writable || static_cast<i64>(size) < 0) return kInvalid;
  if (size > FileData::kMostBytes) return kTooLarge;
  if (!open->inode->data.set_size(size, pages_)) return kNoSpace;
  open->inode->modified_ns = open->inode->changed_ns = now();
  return 0;
}

void MemoryFiles::set_times(Inode& inode, u64 accessed_ns, u64 modified_ns, u16 fst_flags) {
  constexpr u16 kAccessed = 1, kAccessedNow = 2, kModified = 4, kModifiedNow = 8;
  if ((fst_flags & kAccessed) != 0) inode.accessed_ns = accessed_ns;
  if ((fst_flags & kAccessedNow) != 0) inode.accessed_ns = now();
  if ((fst_flags & kModified) != 0) inode.modified_ns = modified_ns;
  if ((fst_flags & kModifiedNow) != 0) inode.modified_ns = now();
  inode.changed_ns = now();
}

u16 MemoryFiles::set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  set_times(*open->inode, accessed_ns, modified_ns, fst_flags);
  return 0;
}

u16 MemoryFiles::path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns,
                                u64 modified_ns, u16 fst_flags) {
  Place at;
  if (const u16 error = place(dir, (lookup_flags & kFollow) != 0, path, at); error != 0) return error;
  if (at.inode == nullptr) return kNoEntry;
  set_times(*at.inode, accessed_ns, modified_ns, fst_flags);
  return 0;
}

u16 MemoryFiles::create_directory(u32 dir, std::string_view path) {
  Place at;
  Inode* made = nullptr;
  if (const u16 error = place(dir, false, path, at); error != 0) return error;
  return create(at, kDirectory, made);
}

u16 MemoryFiles::remove_directory(u32 dir, std::string_view path) {
  Place at;
  if (const u16 error = place(dir, false, path, at); error != 0) return error;
  if (at.inode == nullptr) return kNoEntry;
  if (at.entry == nullptr) return kInvalid;  // "." or ".."
  if (at.inode->filetype != kDirectory) return kNotDirectory;
  if (at.inode->entries != nullptr) return kNotEmpty;
  remove_entry(*at.directory, *at.entry);
  return 0;
}

u16 MemoryFiles::unlink_file(u32 dir, std::string_view path) {
  Place at;
  if (const u16 error = place(dir, false, path, at); error != 0) return error;
  if (at.inode == nullptr) return kNoEntry;
  if (at.inode->filetype == kDirectory) return kIsDirectory;
  if (at.must_be_directory) return kNotDirectory;
  remove_entry(*at.directory, *at.entry);
  return 0;
}

u16 MemoryFiles::rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) {
  Place source, target;
  if (const u16 error = place(from_dir, false, from, source); error != 0) return error;
  if (const u16 error = place(to_dir, false, to, target); error != 0) return error;
  constexpr u16 kBusy = 10;
  if ((source.inode != nullptr && source.entry == nullptr) ||
      (target.inode != nullptr && target.entry == nullptr))
    return kBusy;  // "." and ".."
  if (source.inode == nullptr) return kNoEntry;
  const bool directory = source.inode->filetype == kDirectory;
  if (!directory && (source.must_be_directory || target.must_be_directory)) return kNotDirectory;
  if (source.inode == target.inode) return 0;
  for (const Inode* above = target.directory; directory; above = above->parent) {
    if (above == source.inode) return kInvalid;  // into itself
    if (above == nullptr || above == &root_) break;
  }
  if (target.inode != nullptr) {
    const bool over_directory = target.inode->filetype == kDirectory;
    if (over_directory && !directory) return kIsDirectory;
    if (!over_directory && directory) return kNotDirectory;
    if (over_directory && target.inode->entries != nullptr) return kNotEmpty;
  }
  // The new name first: when there is no memory for it, nothing has changed.
  Inode& moved = *source.inode;
  if (target.entry != nullptr) remove_entry(*target.directory, *target.entry);
  if (const u16 error = enter(*target.directory, target.name(), moved); error != 0) return error;
  Inode* const parent = moved.parent;
  remove_entry(*source.directory, *source.entry);
  if (directory) moved.parent = parent;
  return 0;
}

u16 MemoryFiles::link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir,
                      std::string_view to) {
  Place source, target;
  if (const u16 error = place(from_dir, (lookup_flags & kFollow) != 0, from, source); error != 0)
    return error;
  if (source.inode == nullptr) return kNoEntry;
  if (const u16 error = place(to_dir, false, to, target); error != 0) return error;
  if (target.inode != nullptr) return kExists;
  if (source.inode->filetype == kDirectory) return kNotPermitted;
  if (source.must_be_directory) return kNotDirectory;
  if (target.must_be_directory) return kNoEntry;
  return enter(*target.directory, target.name(), *source.inode);
}

u16 MemoryFiles::symlink(std::string_view target, u32 dir, std::string_view path) {
  // Nothing would follow it; an archive may bring some all the same.
  return target.starts_with('/') ? kNotCapable : make_symlink(target, dir, path);
}

u16 MemoryFiles::make_symlink(std::string_view target, u32 dir, std::string_view path) {
  Place at;
  Inode* made = nullptr;
  if (target.empty()) return kNoEntry;
  if (target.size() > kMaxPath) return kNameTooLong;
  if (const u16 error = place(dir, false, path, at); error != 0) return error;
  if (at.inode == nullptr && at.must_be_directory) return kNoEntry;
  if (const u16 error = create(at, kSymbolicLink, made); error != 0) return error;
  if (made->data.write(0, as_bytes(target), pages_) == target.size()) return 0;
  remove_entry(*at.directory, *at.directory->find(at.name()));
  return kNoSpace;
}

u16 MemoryFiles::readlink(u32 dir, std::string_view path, MutBytes out, usize& count) {
  Place at;
  if (const u16 error = place(dir, false, path, at); error != 0) return error;
  if (at.inode == nullptr) return kNoEntry;
  if (at.inode->filetype != kSymbolicLink) return kInvalid;
  count = at.inode->data.read(0, out);
  return 0;
}

u16 MemoryFiles::read_directory(u32 handle, u64 cookie, Entry& out, bool& more) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->inode->filetype != kDirectory) return kNotDirectory;
  more = true;
  const Inode& directory = *open->inode;
  if (cookie == 0) {
    out = {directory.number, kDirectory, "."};
  } else if (cookie == 1) {
    const Inode* const parent =
        &directory == open_[0].inode || directory.parent == nullptr ? &directory : directory.parent;
    out = {parent->number, kDirectory, ".."};
  } else {
    const DirectoryEntry* entry = directory.entries;
    for (u64 skip = cookie - 2; entry != nullptr && skip > 0; --skip) entry = entry->next;
    more = entry != nullptr;
    if (more) out = {entry->inode->number, entry->inode->filetype, entry->text()};
  }
  return 0;
}

/// Archives may leave directories out.
u16 MemoryFiles::make_parents(std::string_view path) {
  for (usize slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const u16 error = create_directory(0, {path.data(), slash});
    if (error != 0 && error != kExists) return error;
  }
  return 0;
}

Status MemoryFiles::add_archive(Bytes archive) {
  ArchiveReader reader(archive);
  ArchiveMember member;
  for (;;) {
    const bool more = TRY(reader.next(member));
    if (!more) return {};
    u16 error = make_parents(member.name());
    u32 handle = 0;
    switch (member.kind) {
      case ArchiveMember::Kind::directory:
        if (error == 0) error = create_directory(0, member.name());
        if (error == kExists) error = 0;
        break;
      case ArchiveMember::Kind::symbolic_link:
        if (error == 0) error = make_symlink(member.target, 0, member.name());
        break;
      case ArchiveMember::Kind::file:
        if (error == 0) error = open(0, 0, member.name(), kCreate | kTruncate, 0, 0, handle);
        if (error != 0) break;
        open_[handle].inode->data.borrow(member.data);
        open_[handle].inode->modified_ns = member.modified_seconds * 1'000'000'000;
        (void)close(handle);
    }
    if (error == kNoSpace) return Error{Code::out_of_memory, "no memory for the archive's names"};
    if (error != 0) return Error{Code::malformed, "the archive has a member that cannot be made", error};
  }
}

}  // namespace pipit::mewz
