#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace pipit::package {

/// A folder that is gone afterwards.
class WorkFolder {
 public:
  /// path() is empty when there is no room for one.
  WorkFolder() {
    std::error_code ignored;
    path_ = (std::filesystem::temp_directory_path(ignored) / "pipit-build-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pipit::package
