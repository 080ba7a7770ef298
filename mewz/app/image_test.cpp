#include "mewz/app/image.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pipit::mewz {
namespace {

constexpr std::string_view kModule{"\0asm\1\0\0\0", 8};

/// A ustar archive of small files.
std::string archive(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string out;
  for (const auto& [name, data] : files) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    char size[12];
    std::snprintf(size, sizeof size, "%011zo", data.size());
    header.replace(124, 11, size);
    header.replace(136, 2, "0 ");
    header.replace(148, 8, "        ");
    header[156] = '0';
    header.replace(257, 8, std::string("ustar\00000", 8));
    u32 sum = 0;
    for (const char c : header) sum += static_cast<u8>(c);
    char checksum[8];
    std::snprintf(checksum, sizeof checksum, "%06o", sum);
    header.replace(148, 7, checksum, 7);
    out += header + data + std::string((512 - data.size() % 512) % 512, '\0');
  }
  return out + std::string(1024, '\0');
}

TEST(AppImage, IsAModuleOrAMemberOfAnArchive) {
  auto plain = open_image(as_bytes(kModule), "");
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain->native.empty());
  EXPECT_EQ(plain->name, "app");
  EXPECT_TRUE(plain->archive.empty());

  const std::string files = archive({{"index.html", "<p>"},
                                     {"app.pna", "PNA\x1A..."},
                                     {"first.wasm", std::string(kModule) + "1"},
                                     {"second.wasm", std::string(kModule)}});
  auto first = open_image(as_bytes(files), "");
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->module.size(), kModule.size() + 1);
  EXPECT_EQ(first->archive.size(), files.size());
  EXPECT_EQ(as_text(first->native), "PNA\x1A...");
  auto second = open_image(as_bytes(files), "second.wasm");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->module.size(), kModule.size());
  EXPECT_EQ(second->name, "second.wasm");
}

TEST(AppImage, RefusesAnythingElse) {
  EXPECT_FALSE(open_image({}, "").ok());
  EXPECT_FALSE(open_image(as_bytes("hello"), "").ok());
  EXPECT_FALSE(open_image(as_bytes("PNA\x1A..."), "").ok());
  const std::string files = archive({{"index.html", "<p>"}, {"app.wasm", std::string(kModule)}});
  EXPECT_FALSE(open_image(as_bytes(files), "index.html").ok());
  EXPECT_FALSE(open_image(as_bytes(files), "other.wasm").ok());
}

}  // namespace
}  // namespace pipit::mewz
