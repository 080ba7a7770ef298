#include "host/code_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "host/native/native.h"
#include "support/files.h"
#include "support/hex.h"

namespace pipit::host {
namespace {

using support::Error;
using support::hex;

constexpr const char* kNativeEnding = ".pna";
constexpr const char* kRegisterEnding = ".prc";

/// An environment variable that names a folder; empty when there is none.
std::string folder_in(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value == '/' ? value : "";
}

std::string default_folder() {
  if (const std::string cache = folder_in("XDG_CACHE_HOME"); !cache.empty()) return cache + "/pipit/native";
  if (const std::string home = folder_in("HOME"); !home.empty()) return home + "/.cache/pipit/native";
  return {};
}

std::string temporary_folder() {
  const std::string place = folder_in("TMPDIR");
  return (place.empty() ? "/tmp" : place) + "/pipit-native-" + std::to_string(geteuid());
}

/// What tells a file from its successors at the same path.
std::string identity_of(const struct stat& info) {
  char text[96];
  std::snprintf(text, sizeof text, "|%llu|%llu|%lld.%09ld", static_cast<unsigned long long>(info.st_ino),
                static_cast<unsigned long long>(info.st_size), static_cast<long long>(info.st_mtim.tv_sec),
                info.st_mtim.tv_nsec);
  return text;
}

/// Runs the compiler to its end.
support::Status run_compiler(const std::vector<std::string>& command) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = posix_spawn(&pid, words[0], nullptr, nullptr, words.data(), environ); error != 0)
    return Error(Code::io, command[0] + ": " + std::strerror(error));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return Error(Code::io, std::string("waitpid: ") + std::strerror(errno));
  if (status != 0)
    return Error(Code::unsupported, "the module could not be compiled; --engine=interp can run it");
  return {};
}

/// A file of the cache, for deciding what is dropped.
struct Entry {
  std::string path;
  u64 bytes;
  timespec used;
};

std::vector<Entry> entries_of(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()), closedir);
  std::vector<Entry> entries;
  if (listing == nullptr) return entries;
  while (const dirent* entry = readdir(listing.get())) {
    const std::string path = folder + "/" + entry->d_name;
    struct stat info;
    if ((path.ends_with(kNativeEnding) || path.ends_with(kRegisterEnding)) && stat(path.c_str(), &info) == 0)
      entries.push_back({path, static_cast<u64>(info.st_size), info.st_mtim});
  }
  return entries;
}

}  // namespace

CodeCache::CodeCache(std::string folder, u64 limit_bytes)
    : folder_(folder.empty() ? default_folder() : std::move(folder)), limit_bytes_(limit_bytes) {
  is_shared_place_ = folder_.empty();
  if (is_shared_place_) folder_ = temporary_folder();
}

support::Status CodeCache::prepare() const {
  if (const auto parent = folder_.rfind('/'); parent != std::string::npos && parent != 0)
    TRY(support::make_directories(folder_.substr(0, parent)));
  if (mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return Error(Code::io, folder_ + ": " + std::strerror(errno));
  struct stat info;
  // In a place of everybody's a link could lead anywhere.
  if ((is_shared_place_ ? lstat : stat)(folder_.c_str(), &info) != 0)
    return Error(Code::io, folder_ + ": " + std::strerror(errno));
  const bool is_ours = S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 022) == 0;
  if (is_ours) return {};
  return Error(Code::denied,
               folder_ +
                   ": must be a folder of this user's that nobody else may write to, because code in it is "
                   "executed (name another with --cache)");
}

support::Result<std::string> CodeCache::path_of(const Sha256::Digest& module,
                                                const CompileRequest& request) const {
  struct stat info;
  if (stat(request.compiler.c_str(), &info) != 0)
    return Error(Code::not_found, request.compiler + ": " + std::strerror(errno) +
                                      " (--engine=aot needs the compiler; --engine=interp does not)");
  const auto machine = this_machine();
  char rest[64];
  std::snprintf(rest, sizeof rest, "|%u|%x|%d|%d", static_cast<u32>(machine.target), machine.cpu_features,
                request.metering, request.quick);
  const std::string key = hex(module) + identity_of(info) + rest;
  return folder_ + "/" + hex(sha256(as_bytes(key))) + kNativeEnding;
}

support::Result<std::string> CodeCache::register_path_of(Bytes module) const {
  struct stat info;
  if (stat("/proc/self/exe", &info) != 0)
    return Error(Code::not_found, std::string("/proc/self/exe: ") + std::strerror(errno));
  const std::string key = hex(sha256(module)) + identity_of(info) + "|register";
  return folder_ + "/" + hex(sha256(as_bytes(key))) + kRegisterEnding;
}

support::Status CodeCache::compile(Bytes module, const CompileRequest& request,
                                   const std::string& path) const {
  TRY(prepare());
  const std::string stem = path + "." + std::to_string(getpid());
  const std::string out = stem + ".out", copy = stem + ".wasm";
  std::string input = request.module_file;
  if (input.empty()) {
    TRY(support::write_file(copy, module));
    input = copy;
  }
  const std::string target = std::string("--target=") + kThisTarget;
  std::vector<std::string> command = {request.compiler, input, "-o", out, target, "--cpu=native"};
  if (request.metering) command.push_back("--metering");
  if (request.quick) command.push_back("--quick");
  auto status = run_compiler(command);
  (void)unlink(copy.c_str());
  if (status.ok() && rename(out.c_str(), path.c_str()) != 0)
    status = Error(Code::io, path + ": " + std::strerror(errno));
  if (!status.ok()) {
    (void)unlink(out.c_str());
    return status;
  }
  evict(path);
  return {};
}

support::Status CodeCache::store(Bytes code, const std::string& path) const {
  TRY(prepare());
  TRY(support::write_file(path, code));
  evict(path);
  return {};
}

void CodeCache::touch(const std::string& path) { (void)utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

void CodeCache::evict(const std::string& keep) const {
  std::vector<Entry> entries = entries_of(folder_);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec > b.used.tv_sec : a.used.tv_nsec > b.used.tv_nsec;
  });
  u64 total = 0;
  for (const Entry& entry : entries) {
    total += entry.bytes;
    if (total > limit_bytes_ && entry.path != keep) (void)unlink(entry.path.c_str());
  }
}

}  // namespace pipit::host
