// Register code kept on disk, and whose folder that must be.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/code_cache.h"
#include "host/tests/fixture.h"

namespace pipit::host {
namespace {

using testing::Folder;
using End = RunReport::End;

constexpr const char* kModule = PIPIT_WASM_FOLDER "/standard_library.wasm";

std::string output_of_run(const std::string& cache) {
  auto engine = make_engine({.name = "register", .cache_folder = cache});
  PIPIT_CHECK(engine.ok());
  auto bytes = support::read_file(kModule);
  PIPIT_CHECK(bytes.ok());
  testing::TextConsole out;
  RunOptions options;
  options.engine = engine->get();
  options.module = std::move(bytes).value();
  options.out = &out;
  const auto report = run(options);
  EXPECT_TRUE(report.ok()) << report.error().text;
  return report.ok() && report->end != End::trapped ? out.text : "trapped";
}

std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path());
  return names;
}

ino_t inode_of(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_ino;
}

TEST(RegisterCache, TranslatesAModuleOnce) {
  Folder folder;
  const std::string first = output_of_run(folder.path());
  EXPECT_FALSE(first.empty());
  const auto files = files_of(folder.path());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_TRUE(files[0].ends_with(".prc"));
  const ino_t inode = inode_of(files[0]);
  EXPECT_EQ(output_of_run(folder.path()), first);
  EXPECT_EQ(files_of(folder.path()), files);
  EXPECT_EQ(inode_of(files[0]), inode);
}

TEST(RegisterCache, ADamagedFileIsMadeAgain) {
  Folder folder;
  const std::string expected = output_of_run(folder.path());
  const std::string file = files_of(folder.path()).at(0);
  const auto good = *support::read_file(file);
  for (const usize at : {usize{0}, good.size() / 2, good.size() - 20, good.size() - 1}) {
    auto bad = good;
    bad[at] ^= 0x10;
    ASSERT_TRUE(support::write_file(file, bad).ok());
    EXPECT_EQ(output_of_run(folder.path()), expected);
    EXPECT_EQ(*support::read_file(file), good) << "byte " << at;
  }
  ASSERT_TRUE(support::write_file(file, {good.data(), good.size() - 5}).ok());
  EXPECT_EQ(output_of_run(folder.path()), expected);
  EXPECT_EQ(*support::read_file(file), good);
}

TEST(RegisterCache, RunsWithoutAFolderOfItsOwn) {
  Folder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
  const auto refused = CodeCache(folder.path()).prepare();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::denied);
  EXPECT_NE(refused.error().text.find(folder.path()), std::string::npos);
  EXPECT_FALSE(output_of_run(folder.path()).empty());
  EXPECT_TRUE(files_of(folder.path()).empty());
}

/// An environment without a home whose place for temporary files is `folder`.
struct Homeless {
  explicit Homeless(const Folder& folder) {
    for (const char* name : {"HOME", "XDG_CACHE_HOME", "TMPDIR"}) {
      const char* value = getenv(name);
      saved.emplace_back(name, value != nullptr ? value : "");
      unsetenv(name);
    }
    setenv("TMPDIR", folder.path().c_str(), 1);
  }
  ~Homeless() {
    for (const auto& [name, value] : saved)
      value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<std::pair<std::string, std::string>> saved;
};

TEST(RegisterCache, WithoutAHomeTheFolderIsTheUsersAlone) {
  Folder folder;
  const Homeless environment(folder);
  const CodeCache cache("");
  EXPECT_EQ(cache.folder(), folder / "pipit-native-" + std::to_string(geteuid()));
  ASSERT_TRUE(cache.prepare().ok());
  struct stat info = {};
  ASSERT_EQ(stat(cache.folder().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_TRUE(cache.prepare().ok());  // it is there now
}

TEST(RegisterCache, ALinkInEverybodysPlaceIsRefused) {
  Folder folder, elsewhere;
  const Homeless environment(folder);
  const CodeCache cache("");
  ASSERT_EQ(symlink(elsewhere.path().c_str(), cache.folder().c_str()), 0);
  const auto refused = cache.prepare();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::denied);
}

}  // namespace
}  // namespace pipit::host
