#pragma once
#include "mewz/files/plan9_message.h"
#include "ports/files.h"

namespace pipit::mewz {

/// A directory of the host's by 9P2000.L, granted to the application under a name. The host is asked for
/// everything anew: what others change there is seen at once. Links are followed here, never by the host, so
/// that no path leaves the directory it began in. An answer that breaks the protocol ends the connection: EIO
/// from then on.
class Plan9Files final : public ports::Files {
 public:
  /// Carries one request to the host and its reply back, waiting for it.
  class Channel {
   public:
    /// `got` bytes of `reply` were written. Errors: timeout, malformed, io; the channel is not to be used any
    /// more.
    virtual Status exchange(Bytes request, MutBytes reply, usize& got) = 0;

   protected:
    ~Channel() = default;
  };
  /// Bytes of each of the two buffers: the longest message.
  static constexpr u32 kMessageBytes = 32768;

  /// Agrees on the protocol and takes the root of what the host offers. `guest_path` is the name under which
  /// the application sees it. All arguments outlive it. Errors: unsupported (another dialect), denied, or the
  /// channel's.
  Status attach(Channel& channel, MutBytes request, MutBytes reply, std::string_view guest_path);

  bool preopen(u32 index, std::string_view& guest_path) override;
  u16 open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
           u32& handle) override;
  u16 close(u32 handle) override;
  u16 read(u32 handle, MutBytes out, usize& count) override;
  u16 pread(u32 handle, MutBytes out, u64 offset, usize& count) override;
  u16 write(u32 handle, Bytes data, usize& count) override;
  u16 pwrite(u32 handle, Bytes data, u64 offset, usize& count) override;
  u16 seek(u32 handle, i64 offset, u8 whence, u64& position) override;
  u16 sync(u32 handle) override;
  u16 set_flags(u32 handle, u16 fdflags) override;
  u16 stat(u32 handle, Stat& out) override;
  u16 path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) override;
  u16 set_size(u32 handle, u64 size) override;
  u16 set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) override;
  u16 path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns, u64 modified_ns,
                     u16 fst_flags) override;
  u16 create_directory(u32 dir, std::string_view path) override;
  u16 remove_directory(u32 dir, std::string_view path) override;
  u16 unlink_file(u32 dir, std::string_view path) override;
  u16 rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) override;
  u16 link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir, std::string_view to) override;
  u16 symlink(std::string_view target, u32 dir, std::string_view path) override;
  u16 readlink(u32 dir, std::string_view path, MutBytes out, usize& count) override;
  u16 read_directory(u32 handle, u64 cookie, Entry& out, bool& more) override;

 private:
  static constexpr u32 kMaxOpen = 64, kMaxPath = 4096, kMaxName = 255, kMaxLinks = 40, kMaxDepth = 128;
  // Numbers that this side gives to files at the host. An open directory is walked from by one and read by
  // another.
  static constexpr u32 kReadingFids = kMaxOpen, kTemporaryFids = 2 * kMaxOpen;

  struct Open {
    bool used = false, directory = false, append = false, reading = false;
    u64 position = 0;
  };
  class Walk;
  /// Where the entries of a directory that were read last begin.
  struct Listing {
    u32 handle = kMaxOpen;
    u64 cookie = 0, offset = 0;  ///< of the next entry
    u32 at = 0, end = 0;
    u8 entries[4096];
  };

  plan9::Request request(plan9::Type type);
  u16 ask(plan9::Request& request, plan9::Reply& reply);
  u16 broken();
  u16 walk(u32 from, u32 to, std::string_view name, plan9::Qid& qid);
  void clunk(u32 fid);
  u16 read_link(u32 fid, std::string_view& target);
  u16 get_attributes(u32 fid, Stat& out);
  u16 set_attributes(u32 fid, u32 valid, u64 size, u64 accessed_ns, u64 modified_ns);
  u16 set_times_of(u32 fid, u64 accessed_ns, u64 modified_ns, u16 fst_flags);
  u16 make(u32 dir, std::string_view path, plan9::Type type, std::string_view target);
  u16 unlink(u32 dir, std::string_view path, bool directory);
  u16 open_found(const Walk& at, u32 flags, u32 handle);
  u16 fetch_entries(u32 handle);
  Open* opened(u32 handle) { return handle < kMaxOpen && open_[handle].used ? &open_[handle] : nullptr; }

  Channel* channel_ = nullptr;
  MutBytes request_, reply_;
  std::string_view guest_path_;
  u32 message_bytes_ = 0;
  plan9::Type asked_{};
  bool broken_ = true;
  Open open_[kMaxOpen];
  Listing listing_;
};

}  // namespace pipit::mewz
