#include "host/resolve.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "wasi/errno.h"

namespace pipit::host {
namespace {

constexpr u16 kNotCapable = static_cast<u16>(wasi::Errno::notcapable);

/// Where the walk stands: directories below the root, and what is still to be walked.
struct Walk {
  int root;
  std::vector<UniqueFd> below;
  std::string rest;
  int links_left = 40;  ///< as Linux bounds them

  int current() const { return below.empty() ? root : below.back().get(); }
};

/// The next component, cut off `rest`; empty at the end.
std::string next_component(std::string& rest) {
  const usize begin = rest.find_first_not_of('/');
  if (begin == std::string::npos) {
    rest.clear();
    return {};
  }
  const usize end = rest.find('/', begin);
  std::string component = rest.substr(begin, end == std::string::npos ? end : end - begin);
  rest = end == std::string::npos ? std::string() : rest.substr(end);
  return component;
}

/// Puts a symbolic link's target in front of what is still to be walked.
u16 expand_link(Walk& walk, std::string_view target) {
  if (walk.links_left-- == 0) return static_cast<u16>(wasi::Errno::loop);
  if (target.empty()) return static_cast<u16>(wasi::Errno::noent);
  if (target.front() == '/') return kNotCapable;
  walk.rest = std::string(target) + walk.rest;
  return walk.rest.size() > usize{2} * PATH_MAX ? static_cast<u16>(wasi::Errno::nametoolong) : u16{0};
}

u16 enter(Walk& walk, const std::string& name) {
  UniqueFd next(openat(walk.current(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!next) return wasi_errno(errno);
  walk.below.push_back(std::move(next));
  return 0;
}

u16 finish(Walk& walk, std::string name, bool must_be_directory, Place& out) {
  out.directory =
      walk.below.empty() ? UniqueFd(fcntl(walk.root, F_DUPFD_CLOEXEC, 0)) : std::move(walk.below.back());
  if (!out.directory) return wasi_errno(errno);
  out.name = std::move(name);
  out.must_be_directory = must_be_directory;
  return 0;
}

}  // namespace

u16 resolve(int root, std::string_view path, bool follow, Place& out) {
  if (path.empty()) return static_cast<u16>(wasi::Errno::noent);
  if (path.find('\0') != path.npos) return static_cast<u16>(wasi::Errno::ilseq);
  if (path.front() == '/') return kNotCapable;
  Walk walk{.root = root, .below = {}, .rest = std::string(path)};
  for (;;) {
    const std::string name = next_component(walk.rest);
    const bool last = walk.rest.find_first_not_of('/') == std::string::npos;
    const bool slash = !walk.rest.empty();
    if (name == "..") {
      if (walk.below.empty()) return kNotCapable;
      walk.below.pop_back();
    }
    if (name.empty() || name == "." || name == "..") {
      if (last) return finish(walk, ".", true, out);
      continue;
    }
    if (last && !follow && !slash) return finish(walk, name, false, out);

    char target[PATH_MAX];
    const ssize_t length = readlinkat(walk.current(), name.c_str(), target, sizeof target);
    if (length > 0) {
      if (const u16 error = expand_link(walk, {target, static_cast<usize>(length)}); error != 0) return error;
      continue;
    }
    if (last) return finish(walk, name, slash, out);
    if (const u16 error = enter(walk, name); error != 0) return error;
  }
}

u16 wasi_errno(int error) {
  using wasi::Errno;
  struct Row {
    int linux_errno;
    Errno wasi;
  };
  constexpr Row kTable[] = {
      {EACCES, Errno::acces},
      {EAGAIN, Errno::again},
      {EBADF, Errno::badf},
      {EBUSY, Errno::busy},
      {EEXIST, Errno::exist},
      {EFBIG, Errno::fbig},
      {EINTR, Errno::intr},
      {EINVAL, Errno::inval},
      {EISDIR, Errno::isdir},
      {ELOOP, Errno::loop},
      {EMFILE, Errno::mfile},
      {EMLINK, Errno::mlink},
      {ENFILE, Errno::nfile},
      {ENODEV, Errno::nodev},
      {ENOENT, Errno::noent},
      {ENOMEM, Errno::nomem},
      {ENOSPC, Errno::nospc},
      {ENOTDIR, Errno::notdir},
      {ENOTSUP, Errno::notsup},
      {ENOTEMPTY, Errno::notempty},
      {ENXIO, Errno::nxio},
      {EOVERFLOW, Errno::overflow},
      {EPERM, Errno::perm},
      {EPIPE, Errno::pipe},
      {EROFS, Errno::rofs},
      {ESPIPE, Errno::spipe},
      {ETXTBSY, Errno::txtbsy},
      {EXDEV, Errno::xdev},
      {ENAMETOOLONG, Errno::nametoolong},
  };
  if (error == 0) return 0;
  for (const Row& row : kTable)
    if (row.linux_errno == error) return static_cast<u16>(row.wasi);
  return static_cast<u16>(Errno::io);
}

}  // namespace pipit::host
