#pragma once
#include <span>
#include <string_view>

namespace pipit::model {

/// The files of web/page, embedded by the build.
struct PageFile {
  std::string_view path, text;
};
std::span<const PageFile> page_files();

}  // namespace pipit::model
