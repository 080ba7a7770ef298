#include "mewz/files/plan9_files.h"

#include <algorithm>
#include <cstring>

#include "mewz/files/plan9_walk.h"

namespace pipit::mewz {
namespace {

using plan9::Qid;
using plan9::Reply;
using plan9::Request;
using plan9::Type;

// WASI preview 1.
constexpr u16 kBadHandle = 8, kBusy = 10, kExists = 20, kInvalid = 28, kIo = 29, kIsDirectory = 31,
              kLoop = 32, kTooManyOpen = 33, kNameTooLong = 37, kNoEntry = 44, kNotDirectory = 54,
              kNotCapable = 76;
constexpr u16 kCreate = 1, kMustBeDirectory = 2, kExclusive = 4, kTruncate = 8;
constexpr u16 kAppend = 1;
constexpr u32 kFollow = 1;
constexpr u64 kRightRead = u64{1} << 1, kRightWrite = u64{1} << 6;

// 9P2000.L has Linux' numbers.
constexpr u32 kOpenWrite = 1, kOpenReadWrite = 2, kOpenCreate = 0100, kOpenExclusive = 0200,
              kOpenTruncate = 01000, kOpenDirectory = 0200000, kRemoveDirectory = 0x200;
constexpr u32 kFileMode = 0644, kDirectoryMode = 0755;
constexpr u32 kSetSize = 8, kSetAccessed = 0x10, kSetModified = 0x20, kAccessedGiven = 0x80,
              kModifiedGiven = 0x100;
constexpr u64 kBasicAttributes = 0x7FF;
constexpr u16 kTag = 0, kVersionTag = 0xFFFF;
constexpr u32 kReadHeader = plan9::kHeaderBytes + 4, kWriteHeader = plan9::kHeaderBytes + 16;
constexpr u64 kNsPerSecond = 1'000'000'000;

u8 filetype_of_mode(u32 mode) {
  switch (mode & 0170000) {
    case 0060000: return 1;
    case 0020000: return 2;
    case 0040000: return 3;
    case 0100000: return 4;
    case 0140000: return 6;
    case 0120000: return 7;
    default: return 0;
  }
}

/// Of a directory's entry: DT_* of readdir(3), which are those of the mode.
u8 filetype_of_entry(u8 type) { return filetype_of_mode(u32{type} << 12); }

}  // namespace

Request Plan9Files::request(Type type) {
  asked_ = type;
  return {request_, type, type == Type::version ? kVersionTag : kTag};
}

u16 Plan9Files::broken() {
  broken_ = true;
  return kIo;
}

u16 Plan9Files::ask(Request& request, Reply& reply) {
  if (broken_) return kIo;
  if (!request.ok()) return kNameTooLong;
  usize got = 0;
  if (!channel_->exchange(request.finish(), reply_.first(message_bytes_), got).ok()) return broken();
  auto parsed = Reply::parse(Bytes(reply_).first(std::min<usize>(got, message_bytes_)), asked_,
                             asked_ == Type::version ? kVersionTag : kTag);
  if (!parsed.ok()) return broken();
  reply = *parsed;
  return reply.error() == 0 ? u16{0} : plan9::wasi_errno(reply.error());
}

Status Plan9Files::attach(Channel& channel, MutBytes request_memory, MutBytes reply_memory,
                          std::string_view guest_path) {
  constexpr std::string_view kDialect = "9P2000.L";
  constexpr u32 kLeastBytes = 4096, kNoUser = ~u32{0};
  channel_ = &channel;
  request_ = request_memory;
  reply_ = reply_memory;
  guest_path_ = guest_path;
  message_bytes_ = static_cast<u32>(std::min({request_.size(), reply_.size(), usize{kMessageBytes}}));
  broken_ = false;
  Reply reply;
  Request version = request(Type::version).number32(message_bytes_).text(kDialect);
  if (ask(version, reply) != 0) return Error{Code::unavailable, "9P: the host does not answer"};
  const u32 bytes = reply.number32();
  const std::string_view dialect = reply.text();
  if (!reply.ok() || dialect != kDialect || bytes < kLeastBytes || bytes > message_bytes_) {
    broken_ = true;
    return Error{Code::unsupported, "9P: the host speaks another dialect than 9P2000.L"};
  }
  message_bytes_ = bytes;
  Request root =
      request(Type::attach).number32(0).number32(plan9::kNoFid).text("root").text("").number32(kNoUser);
  if (ask(root, reply) != 0) return Error{Code::denied, "9P: the host refuses its directory"};
  if (const Qid qid = reply.qid(); !reply.ok() || !qid.is_directory()) {
    broken_ = true;
    return Error{Code::malformed, "9P: what the host offers is no directory"};
  }
  open_[0] = {.used = true, .directory = true};
  return {};
}

/// From `from` to the new number `to`, which may be the same, down by `name`; without one, to the same place.
u16 Plan9Files::walk(u32 from, u32 to, std::string_view name, Qid& qid) {
  Reply reply;
  Request walk = request(Type::walk).number32(from).number32(to).number16(name.empty() ? 0 : 1);
  if (!name.empty()) walk.text(name);
  if (const u16 error = ask(walk, reply); error != 0) return error;
  if (reply.number16() != (name.empty() ? 0 : 1)) return broken();
  if (!name.empty()) qid = reply.qid();
  return reply.ok() ? u16{0} : broken();
}

void Plan9Files::clunk(u32 fid) {
  Reply reply;
  Request clunk = request(Type::clunk).number32(fid);
  (void)ask(clunk, reply);
}

/// `target` lies in the reply: until the next request.
u16 Plan9Files::read_link(u32 fid, std::string_view& target) {
  Reply reply;
  Request ask_link = request(Type::readlink).number32(fid);
  if (const u16 error = ask(ask_link, reply); error != 0) return error;
  target = reply.text();
  return reply.ok() ? u16{0} : broken();
}

u16 Plan9Files::get_attributes(u32 fid, Stat& out) {
  Reply reply;
  Request get = request(Type::getattr).number32(fid).number64(kBasicAttributes);
  if (const u16 error = ask(get, reply); error != 0) return error;
  (void)reply.number64();  // which of them are valid: a host's file system has all
  const Qid qid = reply.qid();
  const u32 mode = reply.number32();
  (void)reply.number64();  // owner and group
  out = {.device = 2, .inode = qid.path, .links = reply.number64(), .filetype = filetype_of_mode(mode)};
  (void)reply.number64();  // what device it is
  out.size = reply.number64();
  (void)reply.number64(), (void)reply.number64();  // blocks
  for (u64* time : {&out.accessed_ns, &out.modified_ns, &out.changed_ns}) {
    const u64 seconds = reply.number64();
    *time = seconds * kNsPerSecond + reply.number64();
  }
  return reply.ok() ? u16{0} : broken();
}

u16 Plan9Files::set_attributes(u32 fid, u32 valid, u64 size, u64 accessed_ns, u64 modified_ns) {
  Reply reply;
  Request set = request(Type::setattr).number32(fid).number32(valid).number32(0).number32(0).number32(0);
  set.number64(size);
  for (const u64 time : {accessed_ns, modified_ns})
    set.number64(time / kNsPerSecond).number64(time % kNsPerSecond);
  return ask(set, reply);
}

bool Plan9Files::preopen(u32 index, std::string_view& guest_path) {
  guest_path = guest_path_;
  return index == 0;
}

/// Lets `handle` be what the walk found, opened.
u16 Plan9Files::open_found(const Walk& at, u32 flags, u32 handle) {
  Qid qid;
  if (const u16 error = walk(at.target(), handle, {}, qid); error != 0) return error;
  if (at.qid().is_directory()) return 0;
  Reply reply;
  Request open = request(Type::lopen).number32(handle).number32(flags);
  const u16 error = ask(open, reply);
  if (error != 0) clunk(handle);
  return error;
}

u16 Plan9Files::open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
                     u32& handle) {
  constexpr u16 kExclusiveCreate = kCreate | kExclusive;
  const bool exclusive = (oflags & kExclusiveCreate) == kExclusiveCreate;
  const bool writable = (rights & kRightWrite) != 0;
  Walk at(*this, 0);
  if (const u16 error = at.run(dir, (lookup_flags & kFollow) != 0 && !exclusive, path); error != 0)
    return error;
  if ((oflags & kCreate) != 0 && (oflags & kMustBeDirectory) != 0) return kInvalid;
  if (exclusive && at.exists()) return kExists;
  for (handle = 1; handle < kMaxOpen && open_[handle].used;) ++handle;
  if (handle == kMaxOpen) return kTooManyOpen;
  u32 flags = !writable ? 0 : (rights & kRightRead) != 0 ? kOpenReadWrite : kOpenWrite;
  const bool directory = at.exists() && at.qid().is_directory();
  u16 error = 0;
  if (at.exists()) {
    if (at.qid().is_link()) return kLoop;
    if (!directory && ((oflags & kMustBeDirectory) != 0 || at.must_be_directory())) return kNotDirectory;
    if (directory && (writable || (oflags & (kTruncate | kCreate)) != 0)) return kIsDirectory;
    if ((oflags & kTruncate) != 0) flags |= kOpenTruncate;
    error = open_found(at, flags, handle);
  } else {
    if ((oflags & kCreate) == 0) return kNoEntry;
    if (at.must_be_directory()) return kIsDirectory;
    Qid qid;
    error = walk(at.parent(), handle, {}, qid);
    if (error != 0) return error;
    Reply reply;
    Request create = request(Type::lcreate).number32(handle).text(at.name());
    create.number32(flags | kOpenCreate | (exclusive ? kOpenExclusive : 0)).number32(kFileMode).number32(0);
    error = ask(create, reply);
    if (error != 0) clunk(handle);
  }
  if (error == 0) open_[handle] = {.used = true, .directory = directory, .append = (fdflags & kAppend) != 0};
  return error;
}

u16 Plan9Files::close(u32 handle) {
  Open* const open = opened(handle);
  if (open == nullptr || handle == 0) return kBadHandle;
  if (open->reading) clunk(kReadingFids + handle);
  clunk(handle);
  if (listing_.handle == handle) listing_.handle = kMaxOpen;
  *open = {};
  return 0;
}

u16 Plan9Files::pread(u32 handle, MutBytes out, u64 offset, usize& count) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->directory) return kIsDirectory;
  if (static_cast<i64>(offset) < 0) return kInvalid;
  count = 0;
  while (count < out.size()) {
    const u32 wanted = static_cast<u32>(std::min<usize>(out.size() - count, message_bytes_ - kReadHeader));
    Reply reply;
    Request read = request(Type::read).number32(handle).number64(offset + count).number32(wanted);
    if (const u16 error = ask(read, reply); error != 0) return count != 0 ? u16{0} : error;
    const u32 got = reply.number32();
    const Bytes data = reply.bytes(got);
    if (!reply.ok() || got > wanted) return broken();
    if (got != 0) std::memcpy(out.data() + count, data.data(), got);
    count += got;
    if (got < wanted) break;
  }
  return 0;
}

u16 Plan9Files::read(u32 handle, MutBytes out, usize& count) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  const u16 error = pread(handle, out, open->position, count);
  if (error == 0) open->position += count;
  return error;
}

u16 Plan9Files::pwrite(u32 handle, Bytes data, u64 offset, usize& count) {
  const Open* const open = opened(handle);
  if (open == nullptr || open->directory) return kBadHandle;
  if (static_cast<i64>(offset) < 0) return kInvalid;
  count = 0;
  while (count < data.size()) {
    const u32 size = static_cast<u32>(std::min<usize>(data.size() - count, message_bytes_ - kWriteHeader));
    Reply reply;
    Request write = request(Type::write).number32(handle).number64(offset + count).number32(size);
    write.bytes(data.subspan(count, size));
    if (const u16 error = ask(write, reply); error != 0) return count != 0 ? u16{0} : error;
    const u32 took = reply.number32();
    if (!reply.ok() || took > size) return broken();
    count += took;
    if (took < size) break;
  }
  return 0;
}

u16 Plan9Files::write(u32 handle, Bytes data, usize& count) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->append) {
    Stat now;
    if (const u16 error = get_attributes(handle, now); error != 0) return error;
    open->position = now.size;
  }
  const u16 error = pwrite(handle, data, open->position, count);
  if (error == 0) open->position += count;
  return error;
}

u16 Plan9Files::seek(u32 handle, i64 offset, u8 whence, u64& position) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (whence > 2) return kInvalid;
  u64 base = whence == 1 ? open->position : 0;
  if (whence == 2) {
    Stat now;
    if (const u16 error = get_attributes(handle, now); error != 0) return error;
    base = now.size;
  }
  i64 to;
  if (__builtin_add_overflow(static_cast<i64>(base), offset, &to) || to < 0) return kInvalid;
  position = open->position = static_cast<u64>(to);
  return 0;
}

u16 Plan9Files::sync(u32 handle) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->directory) return 0;
  Reply reply;
  Request sync = request(Type::fsync).number32(handle).number32(0);
  return ask(sync, reply);
}

u16 Plan9Files::set_flags(u32 handle, u16 fdflags) {
  Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  open->append = (fdflags & kAppend) != 0;
  return 0;
}

u16 Plan9Files::stat(u32 handle, Stat& out) {
  return opened(handle) == nullptr ? kBadHandle : get_attributes(handle, out);
}

u16 Plan9Files::path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) {
  Walk at(*this, 0);
  if (const u16 error = at.run(dir, (lookup_flags & kFollow) != 0, path); error != 0) return error;
  if (!at.exists()) return kNoEntry;
  if (at.must_be_directory() && !at.qid().is_directory()) return kNotDirectory;
  return get_attributes(at.target(), out);
}

u16 Plan9Files::set_size(u32 handle, u64 size) {
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (open->directory || static_cast<i64>(size) < 0) return kInvalid;
  return set_attributes(handle, kSetSize, size, 0, 0);
}

u16 Plan9Files::set_times_of(u32 fid, u64 accessed_ns, u64 modified_ns, u16 fst_flags) {
  constexpr u16 kAccessed = 1, kAccessedNow = 2, kModified = 4, kModifiedNow = 8;
  u32 valid = 0;
  if ((fst_flags & kAccessed) != 0) valid |= kSetAccessed | kAccessedGiven;
  if ((fst_flags & kAccessedNow) != 0) valid |= kSetAccessed;
  if ((fst_flags & kModified) != 0) valid |= kSetModified | kModifiedGiven;
  if ((fst_flags & kModifiedNow) != 0) valid |= kSetModified;
  return valid == 0 ? u16{0} : set_attributes(fid, valid, 0, accessed_ns, modified_ns);
}

u16 Plan9Files::set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) {
  return opened(handle) == nullptr ? kBadHandle : set_times_of(handle, accessed_ns, modified_ns, fst_flags);
}

u16 Plan9Files::path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns,
                               u64 modified_ns, u16 fst_flags) {
  Walk at(*this, 0);
  if (const u16 error = at.run(dir, (lookup_flags & kFollow) != 0, path); error != 0) return error;
  return at.exists() ? set_times_of(at.target(), accessed_ns, modified_ns, fst_flags) : kNoEntry;
}

/// A directory or, with a target, a symbolic link.
u16 Plan9Files::make(u32 dir, std::string_view path, Type type, std::string_view target) {
  Walk at(*this, 0);
  if (const u16 error = at.run(dir, false, path); error != 0) return error;
  if (at.exists()) return kExists;
  if (type == Type::symlink && at.must_be_directory()) return kNoEntry;
  Reply reply;
  Request make = request(type).number32(at.parent()).text(at.name());
  if (type == Type::symlink)
    make.text(target);
  else
    make.number32(kDirectoryMode);
  make.number32(0);  // group
  return ask(make, reply);
}

u16 Plan9Files::create_directory(u32 dir, std::string_view path) { return make(dir, path, Type::mkdir, {}); }

u16 Plan9Files::symlink(std::string_view target, u32 dir, std::string_view path) {
  if (target.empty()) return kNoEntry;
  if (target.starts_with('/')) return kNotCapable;  // programs of the host would follow it
  if (target.size() > kMaxPath) return kNameTooLong;
  return make(dir, path, Type::symlink, target);
}

u16 Plan9Files::unlink(u32 dir, std::string_view path, bool directory) {
  Walk at(*this, 0);
  if (const u16 error = at.run(dir, false, path); error != 0) return error;
  if (!at.exists()) return kNoEntry;
  if (at.is_itself()) return directory ? kInvalid : kIsDirectory;
  if (directory && !at.qid().is_directory()) return kNotDirectory;
  if (!directory && at.qid().is_directory()) return kIsDirectory;
  if (!directory && at.must_be_directory()) return kNotDirectory;
  Reply reply;
  Request unlink = request(Type::unlinkat).number32(at.parent()).text(at.name());
  unlink.number32(directory ? kRemoveDirectory : 0);
  return ask(unlink, reply);
}

u16 Plan9Files::remove_directory(u32 dir, std::string_view path) { return unlink(dir, path, true); }
u16 Plan9Files::unlink_file(u32 dir, std::string_view path) { return unlink(dir, path, false); }

u16 Plan9Files::rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) {
  Walk source(*this, 0), target(*this, 1);
  if (const u16 error = source.run(from_dir, false, from); error != 0) return error;
  if (const u16 error = target.run(to_dir, false, to); error != 0) return error;
  if (source.is_itself() || target.is_itself()) return kBusy;
  if (!source.exists()) return kNoEntry;
  const bool directory = source.qid().is_directory();
  if (!directory && (source.must_be_directory() || target.must_be_directory())) return kNotDirectory;
  Reply reply;
  Request rename = request(Type::renameat).number32(source.parent()).text(source.name());
  rename.number32(target.parent()).text(target.name());
  return ask(rename, reply);
}

u16 Plan9Files::link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir, std::string_view to) {
  Walk source(*this, 0), target(*this, 1);
  if (const u16 error = source.run(from_dir, (lookup_flags & kFollow) != 0, from); error != 0) return error;
  if (!source.exists()) return kNoEntry;
  if (const u16 error = target.run(to_dir, false, to); error != 0) return error;
  if (target.exists()) return kExists;
  if (source.must_be_directory() && !source.qid().is_directory()) return kNotDirectory;
  if (target.must_be_directory()) return kNoEntry;
  Reply reply;
  Request link = request(Type::link).number32(target.parent()).number32(source.target()).text(target.name());
  return ask(link, reply);
}

u16 Plan9Files::readlink(u32 dir, std::string_view path, MutBytes out, usize& count) {
  Walk at(*this, 0);
  if (const u16 error = at.run(dir, false, path); error != 0) return error;
  if (!at.exists()) return kNoEntry;
  if (!at.qid().is_link()) return kInvalid;
  std::string_view target;
  if (const u16 error = read_link(at.target(), target); error != 0) return error;
  count = std::min(out.size(), target.size());
  std::memcpy(out.data(), target.data(), count);
  return 0;
}

/// The next entries of the directory, from where the last ones ended.
u16 Plan9Files::fetch_entries(u32 handle) {
  const u32 fid = kReadingFids + handle;
  Reply reply;
  if (!open_[handle].reading) {
    Qid qid;
    if (const u16 error = walk(handle, fid, {}, qid); error != 0) return error;
    Request open = request(Type::lopen).number32(fid).number32(kOpenDirectory);
    if (const u16 error = ask(open, reply); error != 0) {
      clunk(fid);
      return error;
    }
    open_[handle].reading = true;
  }
  Request read = request(Type::readdir).number32(fid).number64(listing_.offset);
  read.number32(static_cast<u32>(std::min<usize>(sizeof listing_.entries, message_bytes_ - kReadHeader)));
  if (const u16 error = ask(read, reply); error != 0) return error;
  const u32 bytes = reply.number32();
  const Bytes entries = reply.bytes(bytes);
  if (!reply.ok() || bytes > sizeof listing_.entries) return broken();
  if (bytes != 0) std::memcpy(listing_.entries, entries.data(), bytes);
  listing_.at = 0;
  listing_.end = bytes;
  return 0;
}

u16 Plan9Files::read_directory(u32 handle, u64 cookie, Entry& out, bool& more) {
  constexpr u32 kEntryBytes = 13 + 8 + 1 + 2;
  const Open* const open = opened(handle);
  if (open == nullptr) return kBadHandle;
  if (!open->directory) return kNotDirectory;
  if (listing_.handle != handle || listing_.cookie > cookie) {
    listing_.handle = handle;
    listing_.cookie = listing_.offset = 0;
    listing_.at = listing_.end = 0;
  }
  for (;;) {
    if (listing_.at == listing_.end) {
      if (const u16 error = fetch_entries(handle); error != 0) return error;
      more = listing_.end != 0;
      if (!more) return 0;
    }
    const u8* const entry = listing_.entries + listing_.at;
    const u32 left = listing_.end - listing_.at;
    const u32 name_bytes = left < kEntryBytes ? 0 : u32{entry[22]} | u32{entry[23]} << 8;
    if (left < kEntryBytes || name_bytes > left - kEntryBytes) return broken();
    out.inode = out.filetype = 0;
    for (u32 i = 0; i < 8; ++i) out.inode |= u64{entry[5 + i]} << 8 * i;
    listing_.offset = 0;
    for (u32 i = 0; i < 8; ++i) listing_.offset |= u64{entry[13 + i]} << 8 * i;
    out.filetype = filetype_of_entry(entry[21]);
    out.name = {reinterpret_cast<const char*>(entry + kEntryBytes), name_bytes};
    listing_.at += kEntryBytes + name_bytes;
    if (listing_.cookie++ == cookie) {
      more = true;
      return 0;
    }
  }
}

}  // namespace pipit::mewz
