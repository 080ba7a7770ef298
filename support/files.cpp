#include "support/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "support/path.h"
#include "support/unfinished.h"
#include "support/unique_fd.h"

namespace pipit::support {

namespace {

Code code_of(int error) {
  switch (error) {
    case ENOENT: return Code::not_found;
    case EACCES:
    case EPERM: return Code::denied;
    default: return Code::io;
  }
}

Error system_error(const std::string& path) { return {code_of(errno), path + ": " + std::strerror(errno)}; }

Status write_all(int fd, Bytes data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path);
    data = data.subspan(static_cast<usize>(count));
  }
  return {};
}

}  // namespace

Result<std::vector<u8>> read_file(const std::string& path, usize limit) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(path);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return system_error(path);
  if (S_ISDIR(info.st_mode)) return Error(Code::invalid_argument, path + ": is a directory");
  std::vector<u8> data;
  if (S_ISREG(info.st_mode)) data.reserve(std::min<usize>(static_cast<usize>(info.st_size), limit));
  u8 block[64 * 1024];
  for (;;) {
    const ssize_t count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path);
    if (count == 0) return data;
    if (data.size() + static_cast<usize>(count) > limit)
      return Error(Code::out_of_range, path + ": larger than " + std::to_string(limit) + " bytes");
    data.insert(data.end(), block, block + count);
  }
}

Status write_file(const std::string& path, Bytes data) {
  TRY(make_directories(folder_of(path)));
  const Unfinished until_renamed;
  // A name of its own: another thread may be writing the same file.
  static std::atomic<u32> count = 0;
  const std::string temporary = path + ".tmp" + std::to_string(getpid()) + "-" + std::to_string(count++);
  {
    const UniqueFd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return system_error(temporary);
    Status written = write_all(file.get(), data, temporary);
    if (!written.ok()) {
      unlink(temporary.c_str());
      return written;
    }
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    Error error = system_error(path);
    unlink(temporary.c_str());
    return error;
  }
  return {};
}

Status make_directories(const std::string& path) {
  for (usize end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (!part.empty() && mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) return system_error(part);
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return system_error(path);
  if (!S_ISDIR(info.st_mode)) return Error(Code::already_exists, path + ": exists and is not a directory");
  return {};
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::string state_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && state[0] == '/')
    return std::string(state) + "/pipit";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "/tmp" : home) + "/.local/state/pipit";
}

}  // namespace pipit::support
