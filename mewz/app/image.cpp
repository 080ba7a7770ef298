#include "mewz/app/image.h"

#include "mewz/files/tar.h"

namespace pipit::mewz {
namespace {

bool begins_with(Bytes data, std::string_view magic) {
  return data.size() >= magic.size() && as_text(data.first(magic.size())) == magic;
}

constexpr std::string_view kWasm{"\0asm", 4}, kNative{"PNA\x1A", 4};

}  // namespace

Result<AppImage> open_image(Bytes data, std::string_view wanted) {
  AppImage image;
  image.name = wanted.empty() ? "app" : wanted;
  if (begins_with(data, kWasm)) {
    image.module = data;
    return image;
  }
  if (begins_with(data, kNative))
    return Error{Code::invalid_argument,
                 "a native module alone: it needs the module it was made from beside it"};
  if (!TarReader::recognises(data))
    return Error{Code::malformed, "neither a module (.wasm) nor a tar archive with one"};
  TarReader reader(data);
  TarReader::Member member;
  for (;;) {
    const bool more = TRY(reader.next(member));
    if (!more) break;
    if (member.kind != TarReader::Kind::file) continue;
    const bool named = wanted.empty() || member.name() == wanted;
    if (image.module.empty() && named && begins_with(member.data, kWasm)) image.module = member.data;
    if (image.native.empty() && begins_with(member.data, kNative)) image.native = member.data;
  }
  if (image.module.empty())
    return Error{Code::not_found,
                 wanted.empty() ? "the archive has no module" : "the archive has no such module"};
  image.archive = data;
  return image;
}

}  // namespace pipit::mewz
