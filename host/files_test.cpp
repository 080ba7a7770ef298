#include "host/files.h"

#include "host/tests/fixture.h"
#include "wasi/errno.h"
#include "wasi/tests/probe.h"

namespace pipit::host {
namespace {

using testing::Folder;
using wasi::Errno;

constexpr u32 code(Errno error) { return static_cast<u32>(error); }
constexpr u32 kOk = 0, kPath = 1024, kOut = 8192, kIov = 9000, kData = 16'384;
constexpr u64 kRead = 1u << 1, kWrite = 1u << 6;

/// A guest with two granted directories, descriptors 3 and 4.
class GuestFiles : public ::testing::Test {
 protected:
  GuestFiles() {
    folder.write("one/a.txt", "alpha");
    folder.write("two/b.txt", "beta");
    folder.write("outside.txt", "outside");
    auto made = HostFiles::create({{folder / "one", "/one"}, {folder / "two", "/two"}});
    PIPIT_CHECK(made.ok());
    files = std::move(made).value();
    probe.context.files = files.get();
  }
  u32 open(u32 dir, std::string_view path, u32 oflags = 0,
           u64 rights = kRead | kWrite | 1u << 2 | 1u << 5 | 1u << 21) {
    probe.poke_text(kPath, path);
    return probe.call("path_open", {dir, 1, kPath, path.size(), oflags, rights, 0, 0, kOut});
  }
  u32 write(u32 fd, std::string_view text) {
    probe.poke_text(kData, text);
    probe.poke(kIov, kData);
    probe.poke(kIov + 4, static_cast<u32>(text.size()));
    return probe.call("fd_write", {fd, kIov, 1, kOut});
  }
  std::string content(const std::string& name) {
    const auto bytes = support::read_file(folder / name);
    return bytes.ok() ? std::string(as_text(*bytes)) : "(missing)";
  }

  Folder folder;
  std::unique_ptr<HostFiles> files;
  wasi::testing::Probe probe;
};

TEST_F(GuestFiles, PreopensHaveTheirGuestNames) {
  ASSERT_EQ(probe.call("fd_prestat_get", {3, kOut}), kOk);
  EXPECT_EQ(probe.peek<u32>(kOut + 4), 4u);
  ASSERT_EQ(probe.call("fd_prestat_dir_name", {4, kOut, 4}), kOk);
  EXPECT_EQ(probe.text(kOut, 4), "/two");
  EXPECT_EQ(probe.call("fd_prestat_dir_name", {4, kOut, 3}), code(Errno::nametoolong));
  EXPECT_EQ(probe.call("fd_prestat_get", {5, kOut}), code(Errno::badf));
}

TEST_F(GuestFiles, RightsAreEnforced) {
  ASSERT_EQ(open(3, "a.txt", 0, kRead), kOk);
  const u32 fd = probe.peek<u32>(kOut);
  EXPECT_EQ(fd, 5u);
  EXPECT_EQ(write(fd, "x"), code(Errno::notcapable));
  EXPECT_EQ(probe.call("fd_seek", {fd, 0, 0, kOut}), code(Errno::notcapable));
  EXPECT_EQ(probe.call("fd_fdstat_set_rights", {fd, kRead | kWrite, 0}), code(Errno::notcapable));
  EXPECT_EQ(probe.call("fd_fdstat_set_rights", {fd, 0, 0}), kOk);
  EXPECT_EQ(probe.call("fd_filestat_get", {fd, kOut}), code(Errno::notcapable));
  EXPECT_EQ(content("one/a.txt"), "alpha");
  // A directory can give up what files opened below it may do.
  constexpr u64 kPathOpen = 1u << 13;
  EXPECT_EQ(probe.call("fd_fdstat_set_rights", {3, kPathOpen, kRead}), kOk);
  EXPECT_EQ(open(3, "a.txt", 0, kRead), kOk);
  EXPECT_EQ(open(3, "a.txt", 0, kRead | kWrite), code(Errno::notcapable));
}

TEST_F(GuestFiles, ReadsDirectoriesPieceByPiece) {
  for (int i = 0; i < 40; ++i) folder.write("one/file-" + std::to_string(i), "");
  std::vector<std::string> names;
  u64 cookie = 0;
  for (int rounds = 0; rounds < 500; ++rounds) {
    ASSERT_EQ(probe.call("fd_readdir", {3, kData, 60, cookie, kOut}), kOk);
    const u32 used = probe.peek<u32>(kOut);
    const u32 length = used >= 24 ? probe.peek<u32>(kData + 16) : 0;
    if (used >= 24 + length && used != 0) {
      names.push_back(probe.text(kData + 24, length));
      cookie = probe.peek<u64>(kData);
    }
    if (used == 0) break;
  }
  std::ranges::sort(names);
  EXPECT_EQ(names.size(), 43u);  // ".", "..", a.txt and the forty
  EXPECT_EQ(std::ranges::unique(names).begin(), names.end());
  ASSERT_EQ(probe.call("fd_readdir", {3, kData, 60, ~u64{0}, kOut}), kOk);
  EXPECT_EQ(probe.peek<u32>(kOut), 0u);
  ASSERT_EQ(probe.call("fd_readdir", {3, kData, 60, 20, kOut}), kOk);  // back to the middle
  EXPECT_EQ(probe.peek<u64>(kData), 21u);
}

TEST_F(GuestFiles, RenumberMovesAndCloses) {
  ASSERT_EQ(open(3, "a.txt"), kOk);
  ASSERT_EQ(open(4, "b.txt"), kOk);
  EXPECT_EQ(probe.call("fd_renumber", {5, 6}), kOk);
  EXPECT_EQ(probe.call("fd_tell", {5, kOut}), code(Errno::badf));
  EXPECT_EQ(write(6, "A"), kOk);
  EXPECT_EQ(content("one/a.txt"), "Alpha");
  EXPECT_EQ(content("two/b.txt"), "beta");
  EXPECT_EQ(probe.call("fd_renumber", {6, 9}), code(Errno::badf));
}

TEST_F(GuestFiles, DescriptorsRunOutAndComeBack) {
  u32 opened = 0;
  while (opened < 100 && open(3, "a.txt") == kOk) ++opened;
  EXPECT_EQ(opened, 11u);  // of the probe's sixteen
  EXPECT_EQ(open(3, "a.txt"), code(Errno::mfile));
  EXPECT_EQ(probe.call("fd_close", {7}), kOk);
  EXPECT_EQ(open(3, "a.txt"), kOk);
  EXPECT_EQ(probe.peek<u32>(kOut), 7u);
}

TEST_F(GuestFiles, PathsWithZeroOrTooLongAreRefused) {
  EXPECT_EQ(open(3, std::string_view("a.txt\0x", 7)), code(Errno::ilseq));
  EXPECT_EQ(open(3, ""), code(Errno::noent));
  EXPECT_EQ(probe.call("path_open", {3, 0, 0, 5000, 0, kRead, 0, 0, kOut}), code(Errno::nametoolong));
  EXPECT_EQ(open(3, std::string(3000, 'x')), code(Errno::nametoolong));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "a/";
  EXPECT_EQ(open(3, deep), code(Errno::noent));
}

/// Random calls, mostly sensible, one argument in ten hostile: each is answered, and nothing beside the
/// granted directories changes.
TEST_F(GuestFiles, RandomCallsStayInside) {
  struct Row {
    const char* name;
    const char* arguments;  ///< d directory, f file, p path and length, v vectors and count, o output, n
                            ///< number, l flags
  };
  constexpr Row kCalls[] = {{"fd_allocate", "fnn"},
                            {"fd_close", "f"},
                            {"fd_filestat_get", "fo"},
                            {"fd_filestat_set_size", "fn"},
                            {"fd_filestat_set_times", "fnnl"},
                            {"fd_pread", "fvno"},
                            {"fd_pwrite", "fvno"},
                            {"fd_read", "fvo"},
                            {"fd_readdir", "dbno"},
                            {"fd_renumber", "ff"},
                            {"fd_seek", "fnlo"},
                            {"fd_write", "fvo"},
                            {"path_create_directory", "dp"},
                            {"path_filestat_get", "dlpo"},
                            {"path_filestat_set_times", "dlpnnl"},
                            {"path_link", "dlpdp"},
                            {"path_open", "dlpcrrlo"},
                            {"path_open", "dlpcrrlo"},
                            {"path_readlink", "dpbo"},
                            {"path_remove_directory", "dp"},
                            {"path_rename", "dpdp"},
                            {"path_symlink", "pdp"},
                            {"path_unlink_file", "dp"}};
  constexpr std::string_view kPaths[] = {"a.txt",
                                         "../outside.txt",
                                         "d",
                                         "d/x",
                                         "..",
                                         ".",
                                         "/",
                                         "l",
                                         "l/outside.txt",
                                         "d/../../outside.txt",
                                         "../two/b.txt",
                                         "../../etc/passwd"};
  u64 seed = 42;
  const auto random = [&](u64 bound) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % bound;
  };
  const auto add = [&](std::vector<u64>& out, char kind) {
    const u64 path = random(std::size(kPaths));
    switch (kind) {
      case 'd': out.push_back(3 + random(2)); break;
      case 'f': out.push_back(5 + random(4)); break;
      case 'p': out.insert(out.end(), {kPath + path * 32, kPaths[path].size()}); break;
      case 'v': out.insert(out.end(), {kIov, 1}); break;
      case 'b': out.insert(out.end(), {kData, random(100)}); break;
      case 'o': out.push_back(kOut); break;
      case 'n': out.push_back(random(1000)); break;
      case 'l': out.push_back(random(3)); break;
      case 'c': out.push_back(random(2) * 9); break;
      default: out.push_back((1u << 28) - 1);
    }
  };
  u32 succeeded = 0;
  for (u32 round = 0; round < 30'000; ++round) {
    // Calls write over them.
    for (u32 i = 0; i < std::size(kPaths); ++i) probe.poke_text(kPath + i * 32, kPaths[i]);
    probe.poke(kIov, u64{16} << 32 | kData);
    const Row& row = kCalls[random(std::size(kCalls))];
    std::vector<u64> arguments;
    for (const char* kind = row.arguments; *kind != 0; ++kind) add(arguments, *kind);
    // Not those of fd_close and fd_renumber: the granted directories stay open, else nothing more would be
    // tried.
    if (random(3) == 0 && arguments.size() > 2)
      arguments[random(arguments.size())] =
          random(2) == 0 ? 65'536 - random(64) : (~u64{0} >> random(20)) | 1u << 20;
    const u32 answer = probe.call(row.name, arguments);
    succeeded += answer == kOk;
    ASSERT_NE(answer, 1000u) << row.name << " trapped in round " << round;
    if (answer == 1001) probe.in.ended = true, probe.resume();
  }
  EXPECT_GT(succeeded, 2000u);  // else this tried nothing but refusals
  EXPECT_EQ(content("outside.txt"), "outside");
  usize beside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) beside += entry.exists();
  EXPECT_EQ(beside, 3u);
}

}  // namespace
}  // namespace pipit::host
