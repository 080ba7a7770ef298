// Paths over 9P, as memory_files.cpp walks them in memory.
#include "mewz/files/plan9_walk.h"

#include <algorithm>
#include <cstring>

#include "mewz/files/path.h"

namespace pipit::mewz {
namespace {

constexpr u16 kBadHandle = 8, kInvalid = 28, kLoop = 32, kNameTooLong = 37, kNoEntry = 44, kNotDirectory = 54,
              kNotCapable = 76;

}  // namespace

Plan9Files::Walk::~Walk() {
  if (has_parent_) files_.clunk(parent_);
  if (has_target_) files_.clunk(target_);
}

u16 Plan9Files::Walk::run(u32 dir, bool follow, std::string_view path) {
  const Open* const start = files_.opened(dir);
  if (start == nullptr) return kBadHandle;
  if (!start->directory) return kNotDirectory;
  if (path.empty()) return kNoEntry;
  if (path.starts_with('/')) return kNotCapable;
  if (path.size() >= kMaxPath) return kNameTooLong;
  if (path.find('\0') != path.npos) return kInvalid;
  start_ = dir;
  rest_ = path;
  if (const u16 error = files_.walk(start_, parent_, {}, qid_); error != 0) return error;
  has_parent_ = true;
  for (;;) {
    const std::string_view component = next_component(rest_);
    const bool last = only_slashes(rest_);
    if (component == "..") {
      if (const u16 error = up(); error != 0) return error;
    } else if (!component.empty() && component != ".") {
      bool expanded = false;
      const u16 error = step(component, last, follow, expanded);
      if (error != 0 || (last && !expanded)) return error;
      continue;
    }
    if (last) {
      exists_ = itself_ = must_be_directory_ = true;
      qid_.type = plan9::Qid::kDirectory;
      return 0;
    }
  }
}

/// One name further down, or to what it stands for when it is a link.
u16 Plan9Files::Walk::step(std::string_view component, bool last, bool follow, bool& expanded) {
  if (component.size() > kMaxName) return kNameTooLong;
  const u16 error = files_.walk(parent_, target_, component, qid_);
  if (error == kNoEntry && last) {
    std::memcpy(name_, component.data(), component.size());
    name_bytes_ = static_cast<u32>(component.size());
    must_be_directory_ = !rest_.empty();
    return 0;
  }
  if (error != 0) return error;
  has_target_ = true;
  expanded = qid_.is_link() && (!last || follow || !rest_.empty());
  if (expanded) return expand();
  if (last) {
    std::memcpy(name_, component.data(), component.size());
    name_bytes_ = static_cast<u32>(component.size());
    must_be_directory_ = !rest_.empty();
    exists_ = true;
    return 0;
  }
  if (!qid_.is_directory()) return kNotDirectory;
  const u32 begin = depth_ == 0 ? 0 : ends_[depth_ - 1];
  if (depth_ == kMaxDepth || begin + component.size() > kMaxPath) return kNameTooLong;
  std::memcpy(components_ + begin, component.data(), component.size());
  ends_[depth_++] = static_cast<u16>(begin + component.size());
  files_.clunk(parent_);
  std::swap(parent_, target_);
  has_target_ = false;
  return 0;
}

/// Down again from the beginning, one name less: what ".." is at the host may lie outside.
u16 Plan9Files::Walk::up() {
  if (depth_ == 0) return kNotCapable;
  --depth_;
  files_.clunk(parent_);
  has_parent_ = false;
  plan9::Qid qid;
  if (const u16 error = files_.walk(start_, parent_, {}, qid); error != 0) return error;
  has_parent_ = true;
  for (u32 i = 0; i < depth_; ++i) {
    const u32 begin = i == 0 ? 0 : ends_[i - 1];
    if (const u16 error = files_.walk(parent_, parent_, {components_ + begin, ends_[i] - begin}, qid);
        error != 0)
      return error;
    if (!qid.is_directory()) return kNotDirectory;  // somebody changed it meanwhile
  }
  return 0;
}

/// Puts the link's target in front of what is left, both of which end at the buffer's end.
u16 Plan9Files::Walk::expand() {
  if (++links_ > kMaxLinks) return kLoop;
  std::string_view target;
  if (const u16 error = files_.read_link(target_, target); error != 0) return error;
  if (target.size() + rest_.size() >= kMaxPath) return kNameTooLong;
  if (target.empty()) return kNoEntry;
  if (target.starts_with('/')) return kNotCapable;
  if (target.find('\0') != target.npos) return kInvalid;
  char* const end = buffer_ + sizeof buffer_;
  std::memmove(end - rest_.size(), rest_.data(), rest_.size());
  char* const begin = end - rest_.size() - target.size();
  std::memcpy(begin, target.data(), target.size());
  rest_ = {begin, target.size() + rest_.size()};
  files_.clunk(target_);
  has_target_ = false;
  return 0;
}

}  // namespace pipit::mewz
