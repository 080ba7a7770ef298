#include "mewz/app/image.h"

#include "mewz/files/archive.h"

namespace pipit::mewz {
namespace {

bool begins_with(Bytes data, std::string_view magic) {
  return data.size() >= magic.size() && as_text(data.first(magic.size())) == magic;
}

constexpr std::string_view kWasm{"\0asm", 4}, kNative{"PNA\x1A", 4};

/// Looks for the module and its native code among an archive's members.
Status search(Bytes archive, std::string_view wanted, AppImage& image) {
  ArchiveReader reader(archive);
  ArchiveMember member;
  Bytes module, native;
  while (TRY(reader.next(member))) {
    if (member.kind != ArchiveMember::Kind::file) continue;
    const bool named = wanted.empty() || member.name() == wanted;
    if (module.empty() && named && begins_with(member.data, kWasm)) module = member.data;
    if (native.empty() && begins_with(member.data, kNative)) native = member.data;
    image.has_models |= member.name().ends_with(kModelSuffix);
  }
  if (image.module.empty() && !module.empty()) {
    image.module = module;
    image.native = native;
  }
  return {};
}

}  // namespace

Bytes without_padding(Bytes data) {
  constexpr usize kHeader = 8;
  if (!begins_with(data, kWasm)) return data;
  for (usize at = kHeader; at < data.size();) {  // sections: an identifier, a size (LEB128), and as much
    if (at + 1 < data.size() && data[at] == 0 && data[at + 1] == 0)
      return data.first(at);  // no section is like that
    u64 size = 0;
    u32 shift = 0;
    for (++at; at < data.size() && shift < 35; shift += 7) {
      const u8 byte = data[at++];
      size |= u64{byte & 0x7Fu} << shift;
      if (byte < 0x80) break;
    }
    if (size > data.size() - at) break;
    at += static_cast<usize>(size);
  }
  return data;
}

Result<Bytes> find_file(const Sources& sources, std::string_view name) {
  for (const Bytes data : sources.span()) {
    if (!ArchiveReader::recognises(data)) continue;
    ArchiveReader reader(data);
    ArchiveMember member;
    while (TRY(reader.next(member)))
      if (member.kind == ArchiveMember::Kind::file && member.name() == name) return member.data;
  }
  return Error{Code::not_found, "no archive has a file of this name"};
}

Result<AppImage> open_image(const Sources& sources, std::string_view wanted) {
  if (sources.count == 0)
    return Error{Code::not_found,
                 "the machine has neither an initial RAM disk nor a disk with an application"};
  AppImage image;
  image.name = wanted.empty() ? "app" : wanted;
  for (const Bytes data : sources.span()) {
    if (begins_with(data, kWasm)) {
      if (image.module.empty()) image.module = data;
    } else if (begins_with(data, kNative)) {
      return Error{Code::invalid_argument,
                   "a native module alone: it needs the module it was made from beside it"};
    } else if (ArchiveReader::recognises(data)) {
      TRY(search(data, wanted, image));
      image.archives[image.archive_count++] = data;
    } else {
      return Error{Code::malformed, "neither a module (.wasm) nor a tar or cpio archive"};
    }
  }
  if (image.module.empty())
    return Error{Code::not_found,
                 wanted.empty() ? "the archive has no module" : "the archive has no such module"};
  return image;
}

}  // namespace pipit::mewz
