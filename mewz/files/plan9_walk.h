#pragma once
#include "mewz/files/plan9_files.h"

namespace pipit::mewz {

/// Where a path leads on the host: a directory and one name in it, and what has that name. Its numbers at the
/// host are given back with it.
class Plan9Files::Walk {
 public:
  /// Two may be there at a time, with `which` 0 and 1.
  Walk(Plan9Files& files, u32 which)
      : files_(files), parent_(kTemporaryFids + 2 * which), target_(parent_ + 1) {}
  Walk(const Walk&) = delete;
  ~Walk();

  /// Follows `path` from the open directory `dir`, component by component; a link at the end only with
  /// `follow`. 0 also when the last name does not exist.
  u16 run(u32 dir, bool follow, std::string_view path);

  bool exists() const { return exists_; }
  /// The path led to a directory that it has no name for: "." or "..".
  bool is_itself() const { return itself_; }
  bool must_be_directory() const { return must_be_directory_; }
  const plan9::Qid& qid() const { return qid_; }
  u32 parent() const { return parent_; }
  u32 target() const { return itself_ ? parent_ : target_; }
  std::string_view name() const { return {name_, name_bytes_}; }

 private:
  u16 step(std::string_view component, bool last, bool follow, bool& expanded);
  u16 up();
  u16 expand();

  Plan9Files& files_;
  u32 parent_, target_;
  u32 start_ = 0;
  bool has_parent_ = false, has_target_ = false;
  bool exists_ = false, itself_ = false, must_be_directory_ = false;
  plan9::Qid qid_;
  char name_[kMaxName];
  u32 name_bytes_ = 0;
  std::string_view rest_;
  u32 links_ = 0, depth_ = 0;
  u16 ends_[kMaxDepth];  ///< of the components that led here
  char components_[kMaxPath];
  char buffer_[2 * kMaxPath];  ///< what is left of the path, once a link was put into it
};

}  // namespace pipit::mewz
