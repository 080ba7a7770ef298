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

Result<AppImage> open_one(Bytes data, std::string_view wanted) {
  Sources sources;
  sources.all[sources.count++] = data;
  return open_image(sources, wanted);
}

TEST(AppImage, IsAModuleOrAMemberOfAnArchive) {
  auto plain = open_one(as_bytes(kModule), "");
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain->native.empty());
  EXPECT_EQ(plain->name, "app");
  EXPECT_EQ(plain->archive_count, 0u);

  const std::string files = archive({{"index.html", "<p>"},
                                     {"app.pna", "PNA\x1A..."},
                                     {"first.wasm", std::string(kModule) + "1"},
                                     {"second.wasm", std::string(kModule)}});
  auto first = open_one(as_bytes(files), "");
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->module.size(), kModule.size() + 1);
  ASSERT_EQ(first->archive_count, 1u);
  EXPECT_EQ(first->archives[0].size(), files.size());
  EXPECT_EQ(as_text(first->native), "PNA\x1A...");
  EXPECT_FALSE(first->has_models);
  const std::string with_model = archive({{"app.wasm", std::string(kModule)}, {"m/sample.pipm", "..."}});
  EXPECT_TRUE(open_one(as_bytes(with_model), "")->has_models);
  auto second = open_one(as_bytes(files), "second.wasm");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->module.size(), kModule.size());
  EXPECT_EQ(second->name, "second.wasm");
}

/// A module alone and archives beside it; the first module that fits is taken, with what its own archive has.
TEST(AppImage, ComesFromTheFirstSourceThatHasIt) {
  const std::string data = archive({{"index.html", "<p>"}, {"other.pna", "PNA\x1A..."}});
  const std::string app = archive({{"app.wasm", std::string(kModule)}});
  Sources sources;
  for (const std::string_view each : {std::string_view(data), std::string_view(app), kModule})
    sources.all[sources.count++] = as_bytes(each);
  const auto image = open_image(sources, "");
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->archive_count, 2u);
  EXPECT_TRUE(image->native.empty());
  EXPECT_GE(image->module.data(), sources.all[1].data());
  EXPECT_LT(image->module.data(), sources.all[1].data() + sources.all[1].size());
  EXPECT_EQ(open_image({}, "").error().code, Code::not_found);
}

TEST(AppImage, LosesTheDisksPadding) {
  const std::string module = std::string(kModule) + std::string("\1\4\1\x60\0\0\3\2\1\0", 10);
  for (const usize zeros : {0u, 2u, 494u}) {
    const std::string padded = module + std::string(zeros, '\0');
    EXPECT_EQ(without_padding(as_bytes(padded)).size(), module.size()) << zeros;
  }
  const std::string cut = module.substr(0, module.size() - 1);
  EXPECT_EQ(without_padding(as_bytes(cut)).size(), cut.size());
  EXPECT_EQ(without_padding(as_bytes("text")).size(), 4u);
}

TEST(AppImage, RefusesAnythingElse) {
  EXPECT_FALSE(open_one({}, "").ok());
  EXPECT_FALSE(open_one(as_bytes("hello"), "").ok());
  EXPECT_FALSE(open_one(as_bytes("PNA\x1A..."), "").ok());
  const std::string files = archive({{"index.html", "<p>"}, {"app.wasm", std::string(kModule)}});
  EXPECT_FALSE(open_one(as_bytes(files), "index.html").ok());
  EXPECT_FALSE(open_one(as_bytes(files), "other.wasm").ok());
}

}  // namespace
}  // namespace pipit::mewz
