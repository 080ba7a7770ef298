#include "rig/initrd.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "support/files.h"

namespace pipit::rig {
namespace {

constexpr usize kBlock = 512, kNameBytes = 100, kPrefixBytes = 155;

using support::Error;

/// POSIX.1-2008, pax: a header of the ustar format.
support::Result<std::string> header_of(const std::string& name, usize bytes) {
  std::string header(kBlock, '\0');
  const auto put = [&](usize at, const std::string& text) { header.replace(at, text.size(), text); };
  const auto octal = [](u64 number, int digits) {
    char text[24];
    std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(number));
    return std::string(text);
  };
  usize split = 0;  // where the name is cut into prefix and name
  if (name.size() > kNameBytes) {
    split = name.rfind('/', kPrefixBytes);
    if (split == name.npos || name.size() - split - 1 > kNameBytes)
      return Error(Code::out_of_range, name + ": name is too long for the initial RAM disk");
  }
  put(0, split == 0 ? name : name.substr(split + 1));
  if (split != 0) put(345, name.substr(0, split));
  put(100, octal(0644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(bytes, 11));
  put(136, octal(0, 11));
  put(148, "        ");
  header[156] = '0';
  put(257, std::string("ustar\0"
                       "00",
                       8));
  u32 sum = 0;
  for (const char c : header) sum += static_cast<u8>(c);
  put(148, octal(sum, 6) + '\0');
  return header;
}

}  // namespace

support::Result<std::vector<u8>> make_initrd(const std::vector<InitrdFile>& files) {
  std::vector<u8> out;
  for (const InitrdFile& file : files) {
    const std::string header = TRY(header_of(file.name, file.data.size()));
    out.insert(out.end(), header.begin(), header.end());
    out.insert(out.end(), file.data.begin(), file.data.end());
    out.resize((out.size() + kBlock - 1) / kBlock * kBlock);
  }
  out.resize(out.size() + 2 * kBlock);
  return out;
}

support::Result<std::vector<InitrdFile>> files_below(const std::string& directory,
                                                     const std::string& prefix) {
  namespace fs = std::filesystem;
  std::vector<InitrdFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    const std::string path = at->path().lexically_relative(directory).generic_string();
    files.push_back(
        {prefix.empty() ? path : prefix + "/" + path, TRY(support::read_file(at->path().string()))});
  }
  if (error) return Error(Code::io, directory + ": " + error.message());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

}  // namespace pipit::rig
