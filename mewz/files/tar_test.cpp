#include "mewz/files/tar.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "support/files.h"
#include "support/process.h"

namespace pipit::mewz {
namespace {

/// An archive that the system's own tar wrote.
std::vector<u8> archive_of(const std::string& format) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / ("tar-" + format + "-" + std::to_string(getpid()));
  fs::remove_all(root);
  const std::string deep = "a/" + std::string(90, 'd') + "/" + std::string(60, 'e');
  fs::create_directories(root / deep);
  std::ofstream(root / "hello.txt") << "hello";
  std::ofstream(root / deep / "leaf") << std::string(1000, 'x');
  fs::create_symlink("hello.txt", root / "link");
  const auto made =
      support::run({"tar", "--format=" + format, "--sort=name", "-C", root.string(), "-cf", "-", "."});
  EXPECT_TRUE(made.ok() && made->exit_code == 0);
  fs::remove_all(root);
  return {made->out.begin(), made->out.end()};
}

TEST(Tar, ReadsWhatTarWrites) {
  const auto archive = archive_of("ustar");
  ASSERT_TRUE(TarReader::recognises(archive));
  TarReader reader(archive);
  ArchiveMember member;
  std::string names;
  usize leaf_bytes = 0;
  for (;;) {
    auto more = reader.next(member);
    ASSERT_TRUE(more.ok()) << more.error().message;
    if (!*more) break;
    names += std::string(member.name().substr(member.name().rfind('/') + 1).substr(0, 9)) + ";";
    if (member.name() == "hello.txt") EXPECT_EQ(as_text(member.data), "hello");
    if (member.name().ends_with("/leaf")) leaf_bytes = member.data.size();
    if (member.name() == "link") {
      EXPECT_EQ(member.kind, ArchiveMember::Kind::symbolic_link);
      EXPECT_EQ(member.target, "hello.txt");
    }
  }
  EXPECT_EQ(names, "a;ddddddddd;eeeeeeeee;leaf;hello.txt;link;");
  EXPECT_EQ(leaf_bytes, 1000u);
}

TEST(Tar, NamesTheHeaderThatIsWrong) {
  auto archive = archive_of("ustar");
  archive[512 + 3] ^= 1;
  TarReader reader(archive);
  ArchiveMember member;
  auto next = reader.next(member);
  while (next.ok() && *next) next = reader.next(member);
  ASSERT_FALSE(next.ok());
  EXPECT_STREQ(next.error().message, "tar: wrong checksum of a header");
  EXPECT_EQ(next.error().where, 512u);
}

/// Any change, the checksum made to fit again so that more than it is tested: an end or an error, nothing
/// outside read.
TEST(Tar, SurvivesChangedHeaders) {
  const auto original = archive_of("gnu");
  std::mt19937 random(5);
  for (u32 round = 0; round < 5000; ++round) {
    std::vector<u8> archive(original.begin(), original.end() - static_cast<long>(random() % 2000));
    const usize header = random() % (archive.size() / 512) * 512;
    for (u32 i = 1 + random() % 4; i > 0; --i) archive[header + random() % 512] = static_cast<u8>(random());
    u32 sum = 0;
    for (usize i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : archive[header + i];
    char digits[9];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    std::copy_n(digits, 8, reinterpret_cast<char*>(&archive[header + 148]));
    TarReader reader(archive);
    ArchiveMember member;
    usize members = 0;
    for (auto next = reader.next(member); next.ok() && *next; next = reader.next(member)) {
      ASSERT_LE(++members, archive.size() / 512);
      if (!member.data.empty()) {
        ASSERT_GE(member.data.data(), archive.data());
        ASSERT_LE(member.data.data() + member.data.size(), archive.data() + archive.size());
      }
    }
  }
}

}  // namespace
}  // namespace pipit::mewz
