#include "mewz/files/memory_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "host/files.h"
#include "support/process.h"

namespace pipit::mewz {
namespace {

constexpr u16 kCreate = 1, kTruncate = 8;
constexpr u64 kReadWrite = 1u << 1 | 1u << 6;

struct FixedClock final : ports::Clock {
  u64 uptime_ms() override { return 0; }
  u64 realtime_ns() override { return 1'000'000'000; }
  u64 instructions() override { return 0; }
};

class MemoryFilesTest : public testing::Test {
 protected:
  static constexpr usize kBytes = usize{32} << 20;
  void SetUp() override {
    memory_ = static_cast<u8*>(std::aligned_alloc(2u << 20, kBytes));
    states_.assign(PageAllocator::state_bytes(0, kBytes), 0);
    const usize start = reinterpret_cast<usize>(memory_);
    pages_.init(start, start + kBytes, states_.data());
    pages_.add(start, start + kBytes);
    files_ = std::make_unique<MemoryFiles>(pages_, clock_);
  }
  void TearDown() override { std::free(memory_); }

  std::string text_of(std::string_view path) {
    u32 handle = 0;
    if (const u16 error = files_->open(0, 1, path, 0, 2, 0, handle); error != 0)
      return "error " + std::to_string(error);
    std::string text(1 << 16, 0);
    usize count = 0;
    EXPECT_EQ(files_->read(handle, {reinterpret_cast<u8*>(text.data()), text.size()}, count), 0);
    EXPECT_EQ(files_->close(handle), 0);
    text.resize(count);
    return text;
  }

  u8* memory_ = nullptr;
  std::vector<u8> states_;
  PageAllocator pages_;
  FixedClock clock_;
  std::unique_ptr<MemoryFiles> files_;
};

TEST_F(MemoryFilesTest, BeginsWithAnArchiveAndCopiesWhatIsWritten) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / ("memory-files-" + std::to_string(getpid()));
  fs::remove_all(root);
  fs::create_directories(root / "site/deep");
  const auto made =
      support::run({"sh", "-c",
                    "cd " + root.string() +
                        " && printf index > site/index.html && printf leaf > site/deep/leaf && ln -s "
                        "deep/leaf site/link && tar cf - --format=ustar site"});
  fs::remove_all(root);
  ASSERT_TRUE(made.ok());
  const std::string original = made->out;
  ASSERT_TRUE(files_->add_archive(as_bytes(made->out)).ok());
  EXPECT_EQ(text_of("site/index.html"), "index");
  EXPECT_EQ(text_of("site/link"), "leaf");
  u32 handle = 0;
  usize count = 0;
  ASSERT_EQ(files_->open(0, 1, "site/link", 0, kReadWrite, 1, handle), 0);
  ASSERT_EQ(files_->write(handle, as_bytes(" grew"), count), 0);
  EXPECT_EQ(files_->close(handle), 0);
  EXPECT_EQ(text_of("site/deep/leaf"), "leaf grew");
  EXPECT_EQ(made->out, original) << "the archive itself was written";
}

TEST_F(MemoryFilesTest, GivesAllMemoryBackAndSaysWhenThereIsNone) {
  u32 handle = 0;
  usize count = 0;
  ASSERT_EQ(files_->open(0, 0, "warm", kCreate, kReadWrite, 0, handle), 0);  // takes the slabs' first pages
  const usize before = pages_.free_bytes();
  const std::vector<u8> data(1 << 20, 7);
  u16 error = 0;
  for (u32 i = 0; error == 0 && i < 100; ++i) error = files_->write(handle, data, count);
  EXPECT_EQ(error, 51) << "ENOSPC";
  EXPECT_EQ(files_->set_size(handle, 0), 0);
  EXPECT_EQ(pages_.free_bytes(), before);
  // A file that has no name any more lives as long as it is open.
  ASSERT_EQ(files_->write(handle, data, count), 0);
  EXPECT_EQ(files_->unlink_file(0, "warm"), 0);
  u8 byte = 0;
  EXPECT_EQ(files_->pread(handle, {&byte, 1}, 5, count), 0);
  EXPECT_EQ(files_->close(handle), 0);
  EXPECT_EQ(pages_.free_bytes(), before);
}

/// Random calls, on this and on Linux through host::HostFiles: the same answers, the same bytes.
TEST_F(MemoryFilesTest, AnswersAsLinuxDoes) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / ("memory-files-linux-" + std::to_string(getpid()));
  fs::create_directories(root);
  auto linux_files = host::HostFiles::create({{root.string(), "/"}});
  ASSERT_TRUE(linux_files.ok());
  ports::Files& theirs = **linux_files;
  ports::Files& ours = *files_;
  std::mt19937 random(17);
  const char* const names[] = {"a", "b",   "a/b",  "a/c",  "b/a", "c", "a/b/c",
                               "l", "l/x", "../x", "a/..", "./a", ""};
  const auto name = [&] { return std::string_view(names[random() % std::size(names)]); };
  struct Pair {
    u32 ours, theirs;
  };
  std::vector<Pair> open;
  for (u32 round = 0; round < 20'000; ++round) {
    const std::string_view one = name(), two = name();
    const u32 follow = random() % 2;
    const u32 what = random() % 14;
    u16 mine = 0, other = 0;
    std::string detail = std::to_string(what) + " \"" + std::string(one) + "\" \"" + std::string(two) + "\"";
    const u16 oflags = static_cast<u16>(random() % 16);
    const u64 rights = random() % 2 == 0 ? 2 : kReadWrite;
    Pair pair{};
    usize count = 0, other_count = 0;
    u8 data[100], other_data[100];
    const usize size = random() % 100;
    const u64 offset = random() % 9000;
    if (what < 8 && what >= 4 && open.empty()) continue;
    const usize any = open.empty() ? 0 : random() % open.size();
    switch (what) {
      case 0: mine = ours.create_directory(0, one), other = theirs.create_directory(0, one); break;
      case 1: mine = ours.remove_directory(0, one), other = theirs.remove_directory(0, one); break;
      case 2: mine = ours.unlink_file(0, one), other = theirs.unlink_file(0, one); break;
      case 3:
        if (open.size() > 20) continue;
        // Combinations that preview 1 leaves to the system are left out.
        if ((oflags & 1) != 0 && (oflags & 2) != 0) continue;
        if ((oflags & 1) != 0 && (one.ends_with('/') || one.ends_with('.'))) continue;
        if ((oflags & 4) != 0 && (oflags & 1) == 0) continue;
        if ((oflags & kTruncate) != 0 && rights == 2) continue;
        if ((oflags & 2) != 0 && (rights != 2 || (oflags & kTruncate) != 0)) continue;
        mine = ours.open(0, follow, one, oflags, rights, 0, pair.ours);
        other = theirs.open(0, follow, one, oflags, rights, 0, pair.theirs);
        detail += " oflags " + std::to_string(oflags) + " follow " + std::to_string(follow);
        if (mine == 0 && other == 0) open.push_back(pair);
        break;
      case 4:
        mine = ours.close(open[any].ours), other = theirs.close(open[any].theirs);
        open.erase(open.begin() + static_cast<long>(any));
        break;
      case 5:
        for (u8& byte : data) byte = static_cast<u8>(random());
        mine = ours.pwrite(open[any].ours, {data, size}, offset, count);
        other = theirs.pwrite(open[any].theirs, {data, size}, offset, other_count);
        break;
      case 6:
        mine = ours.pread(open[any].ours, {data, size}, offset, count);
        other = theirs.pread(open[any].theirs, {other_data, size}, offset, other_count);
        if (mine == 0 && other == 0) ASSERT_EQ(std::memcmp(data, other_data, count), 0) << round;
        break;
      case 7:
        mine = ours.set_size(open[any].ours, offset), other = theirs.set_size(open[any].theirs, offset);
        break;
      case 8:
      case 9: mine = ours.rename(0, one, 0, two), other = theirs.rename(0, one, 0, two); break;
      case 10: mine = ours.link(0, 0, one, 0, two), other = theirs.link(0, 0, one, 0, two); break;
      case 11: mine = ours.symlink(one, 0, two), other = theirs.symlink(one, 0, two); break;
      case 12: {
        ports::Files::Stat a, b;
        mine = ours.path_stat(0, follow, one, a), other = theirs.path_stat(0, follow, one, b);
        if (mine == 0 && other == 0) {
          ASSERT_EQ(a.filetype, b.filetype) << round << " " << detail;
          if (a.filetype != 3) ASSERT_EQ(a.size, b.size) << round << " " << detail;
          if (a.filetype != 3) ASSERT_EQ(a.links, b.links) << round << " " << detail;
        }
        break;
      }
      default:
        mine = ours.readlink(0, one, data, count), other = theirs.readlink(0, one, other_data, other_count);
        if (mine == 0 && other == 0) ASSERT_EQ(std::memcmp(data, other_data, count), 0) << round;
    }
    ASSERT_EQ(mine == 0, other == 0) << "round " << round << ": " << detail << ": " << mine << " and "
                                     << other;
    ASSERT_EQ(count, other_count) << "round " << round << ": " << detail;
  }
  linux_files->reset();
  fs::remove_all(root);
}

TEST_F(MemoryFilesTest, RefusesLinksThatLeadOutside) {
  constexpr u16 kNotCapable = 76;
  EXPECT_EQ(files_->symlink("/", 0, "root"), kNotCapable);
  EXPECT_EQ(files_->symlink("inside", 0, "link"), 0);
  u8 target[16];
  usize count = 0;
  EXPECT_EQ(files_->readlink(0, "link", target, count), 0);
  EXPECT_EQ(as_text({target, count}), "inside");
  EXPECT_NE(files_->readlink(0, "root", target, count), 0);
}

}  // namespace
}  // namespace pipit::mewz
