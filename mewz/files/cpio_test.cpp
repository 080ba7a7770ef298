#include "mewz/files/cpio.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "mewz/files/archive.h"

namespace pipit::mewz {
namespace {

std::string member(const std::string& name, u32 mode, const std::string& data, u32 links = 1) {
  char header[111];
  std::snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1u,
                mode, 0u, 0u, links, 77u, data.size(), 0u, 0u, 0u, 0u, name.size() + 1, 0u);
  std::string out = header + name + '\0';
  out.resize((out.size() + 3) / 4 * 4);
  out += data;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::string sample() {
  return member(".", 0040755, "") + member("./a", 0040755, "") + member("a/hello.txt", 0100644, "hello") +
         member("link", 0120777, "a/hello.txt") + member("dev", 0020600, "") +
         member("twin", 0100644, "", 2) + member("/two", 0100644, "12", 2) + member("TRAILER!!!", 0, "");
}

TEST(Cpio, ReadsFilesDirectoriesAndLinks) {
  const std::string archive = sample();
  ASSERT_TRUE(ArchiveReader::recognises(as_bytes(archive)));
  ArchiveReader reader(as_bytes(archive));
  ArchiveMember each;
  std::string seen;
  for (auto more = reader.next(each);; more = reader.next(each)) {
    ASSERT_TRUE(more.ok()) << more.error().message;
    if (!*more) break;
    seen += std::string(each.name()) + "=" +
            (each.kind == ArchiveMember::Kind::directory ? "dir"
             : each.kind == ArchiveMember::Kind::file    ? std::string(as_text(each.data))
                                                         : "to " + std::string(each.target)) +
            ";";
    EXPECT_EQ(each.modified_seconds, 77u);
  }
  EXPECT_EQ(seen, "a=dir;a/hello.txt=hello;link=to a/hello.txt;two=12;");
}

TEST(Cpio, NamesTheHeaderThatIsWrong) {
  const std::string first = member("a", 0100644, "x");
  for (const std::string& archive : {first, first + std::string(200, '\0'), first + first.substr(0, 100)}) {
    CpioReader reader(as_bytes(archive));
    ArchiveMember each;
    ASSERT_TRUE(reader.next(each).ok());
    const auto more = reader.next(each);
    ASSERT_FALSE(more.ok());
    EXPECT_EQ(more.error().where, first.size());
  }
}

/// Any change: an end or an error, nothing outside read.
TEST(Cpio, SurvivesChangedBytes) {
  const std::string original = sample();
  std::mt19937 random(11);
  for (u32 round = 0; round < 20'000; ++round) {
    std::string archive = original.substr(0, original.size() - random() % 200);
    for (u32 i = 1 + random() % 4; i > 0; --i)
      archive[random() % archive.size()] =
          random() % 2 != 0 ? "0123456789abcdefF"[random() % 17] : static_cast<char>(random());
    const Bytes bytes = as_bytes(archive);
    CpioReader reader(bytes);
    ArchiveMember each;
    usize members = 0;
    for (auto next = reader.next(each); next.ok() && *next; next = reader.next(each)) {
      ASSERT_LE(++members, archive.size() / 110);
      if (each.data.empty()) continue;
      ASSERT_GE(each.data.data(), bytes.data());
      ASSERT_LE(each.data.data() + each.data.size(), bytes.data() + bytes.size());
    }
  }
}

}  // namespace
}  // namespace pipit::mewz
