#include "host/code_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "host/tests/fixture.h"

namespace pipit::host {
namespace {

using testing::Folder;
using End = RunReport::End;

struct CachedRun {
  explicit CachedRun(const Folder& folder) {
    auto made = make_engine({.name = "aot", .cache_folder = folder.path(), .quick = true});
    PIPIT_CHECK(made.ok());
    auto bytes = support::read_file(std::string(PIPIT_WASM_FOLDER) + "/trap.wasm");
    PIPIT_CHECK(bytes.ok());
    options.engine = (engine = std::move(made).value()).get();
    options.module = std::move(bytes).value();
  }
  std::unique_ptr<EngineSession> engine;
  RunOptions options;
};

std::vector<std::string> files_of(const Folder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) names.push_back(entry.path());
  return names;
}

ino_t inode_of(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_ino;
}

TEST(CodeCache, CompilesAModuleOnce) {
  Folder folder;
  ASSERT_EQ(run(CachedRun(folder).options)->end, End::trapped);
  const auto files = files_of(folder);
  ASSERT_EQ(files.size(), 1u);  // no file of the compilation is left
  const ino_t first = inode_of(files[0]);
  const auto again = run(CachedRun(folder).options);
  EXPECT_EQ(again->end, End::trapped);
  EXPECT_TRUE(again->trap.starts_with("unreachable in start_camera")) << again->trap;
  EXPECT_EQ(files_of(folder), files);
  EXPECT_EQ(inode_of(files[0]), first);
}

TEST(CodeCache, ADamagedFileIsCompiledAgain) {
  Folder folder;
  ASSERT_TRUE(run(CachedRun(folder).options).ok());
  const std::string file = files_of(folder).at(0);
  const auto good = *support::read_file(file);
  for (const usize at : {usize{0}, usize{40}, good.size() / 2, good.size() - 1}) {
    auto bad = good;
    bad[at] ^= 0x10;
    ASSERT_TRUE(support::write_file(file, bad).ok());
    const auto report = run(CachedRun(folder).options);
    ASSERT_TRUE(report.ok()) << report.error().text;
    EXPECT_EQ(report->end, End::trapped);
    EXPECT_EQ(*support::read_file(file), good) << "byte " << at;
  }
}

TEST(CodeCache, WhatItDependsOnNamesTheFile) {
  const CodeCache cache("/folder");
  const std::string compiler = "/proc/self/exe";
  const u8 one[] = {1}, two[] = {2};
  const std::string path = *cache.path_of(sha256(one), {.compiler = compiler});
  EXPECT_TRUE(path.starts_with("/folder/"));
  EXPECT_EQ(*cache.path_of(sha256(one), {.compiler = compiler}), path);
  EXPECT_NE(*cache.path_of(sha256(two), {.compiler = compiler}), path);
  EXPECT_NE(*cache.path_of(sha256(one), {.compiler = compiler, .metering = true}), path);
  EXPECT_NE(*cache.path_of(sha256(one), {.compiler = compiler, .quick = true}), path);
  EXPECT_NE(*cache.path_of(sha256(one), {.compiler = "/bin/sh"}), path);
  const auto missing = cache.path_of(sha256(one), {.compiler = "/no/such/compiler"});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().text.find("/no/such/compiler"), std::string::npos);
}

TEST(CodeCache, DropsTheLeastRecentlyUsed) {
  Folder folder;
  for (int i = 0; i < 4; ++i) {
    const std::string name = "old" + std::to_string(i) + ".pna";
    folder.write(name, std::string(1000, 'x'));
    const timespec times[2] = {{1000 + i, 0}, {1000 + i, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (folder / name).c_str(), times, 0), 0);
  }
  CodeCache::touch(folder / "old0.pna");
  const auto module = *support::read_file(std::string(PIPIT_WASM_FOLDER) + "/trap.wasm");
  const CompileRequest request = {.compiler = PIPIT_AOT, .quick = true};
  const CodeCache probe(folder.path());
  const std::string path = *probe.path_of(sha256(module), request);
  ASSERT_TRUE(probe.compile(module, request, path).ok());
  EXPECT_EQ(files_of(folder).size(), 5u);
  // Room for the newest and one of the old: the one that was used since.
  const u64 newest = std::filesystem::file_size(path);
  const CodeCache small(folder.path(), newest + 1500);
  ASSERT_TRUE(small.compile(module, request, path).ok());
  auto left = files_of(folder);
  std::sort(left.begin(), left.end());
  std::vector<std::string> expected = {path, folder / "old0.pna"};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(left, expected);
}

TEST(CodeCache, WhatCannotBeCompiledIsAnError) {
  Folder folder;
  const u8 bad[] = {0, 'a', 's', 'm', 2, 0, 0, 0};
  const CodeCache cache(folder.path());
  const CompileRequest request = {.compiler = PIPIT_AOT};
  EXPECT_FALSE(cache.compile(bad, request, folder / "x.pna").ok());
  EXPECT_TRUE(files_of(folder).empty());
}

}  // namespace
}  // namespace pipit::host
