#include "mewz/app/image.h"

#include "mewz/files/tar.h"

namespace pipit::mewz {
namespace {

bool begins_with(Bytes data, std::string_view magic) {
  return data.size() >= magic.size() && as_text(data.first(magic.size())) == magic;
}

bool kind_of(Bytes data, AppImage::Kind& out) {
  const bool wasm = begins_with(data, {"\0asm", 4});
  const bool native = begins_with(data, "PNA");
  out = native ? AppImage::Kind::native : AppImage::Kind::wasm;
  return wasm || native;
}

}  // namespace

Result<AppImage> open_image(Bytes data, std::string_view wanted) {
  AppImage image;
  if (kind_of(data, image.kind)) {
    image.name = wanted.empty() ? "app" : wanted;
    image.code = data;
    return image;
  }
  if (!TarReader::recognises(data))
    return Error{Code::malformed, "neither a module (.wasm, .pna) nor a tar archive with one"};
  TarReader reader(data);
  TarReader::Member member;
  for (;;) {
    const bool more = TRY(reader.next(member));
    if (!more) break;
    if (member.kind != TarReader::Kind::file || !kind_of(member.data, image.kind)) continue;
    if (!wanted.empty() && member.name() != wanted) continue;
    image.name = wanted.empty() ? "app" : wanted;
    image.code = member.data;
    image.archive = data;
    return image;
  }
  return Error{Code::not_found,
               wanted.empty() ? "the archive has no module" : "the archive has no such module"};
}

}  // namespace pipit::mewz
