#include "host/dataset.h"

#include <zlib.h>

#include "host/tests/fixture.h"

namespace pipit::host {
namespace {

using testing::Folder;

std::string idx(u32 type, std::initializer_list<u32> dims, const std::string& data) {
  std::string text = {0, 0, static_cast<char>(type), static_cast<char>(dims.size())};
  for (const u32 dim : dims)
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(dim >> shift);
  return text + data;
}

std::string npy(const std::string& header, const std::string& data) {
  std::string text = "\x93NUMPY";
  text += {1, 0, static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return text + header + data;
}

TEST(Dataset, ReadsIdx) {
  Folder folder;
  folder.write("a", idx(8, {3, 2, 2}, "abcdefghijkl"));
  auto set = Dataset::load(folder / "a", {});
  ASSERT_TRUE(set.ok()) << set.error().text;
  EXPECT_EQ(set->count(), 3u);
  EXPECT_EQ(set->info().bytes, 4u);
  EXPECT_EQ(set->info().rank, 2);
  EXPECT_EQ(set->info().shape[1], 2);
  EXPECT_EQ(set->info().dtype, DType::u8);
  EXPECT_EQ(as_text(set->frame(2)), "ijkl");
  set = Dataset::load(folder / "a", {.count = 2, .shape = {}});
  EXPECT_EQ(set->count(), 2u);
}

TEST(Dataset, UnpacksAndSwapsBytes) {
  Folder folder;
  const std::string text = idx(0x0D, {1, 2}, std::string("\x3f\x80\0\0\xc0\0\0\0", 8));
  gzFile file = gzopen((folder / "a.gz").c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  auto set = Dataset::load(folder / "a.gz", {});
  ASSERT_TRUE(set.ok()) << set.error().text;
  f32 values[2];
  std::memcpy(values, set->frame(0).data(), 8);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], -2.0f);
}

TEST(Dataset, ReadsTheRealTestImages) {
  const std::string path = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "Debian's dataset-fashion-mnist is not installed";
  auto set = Dataset::load(path, {});
  ASSERT_TRUE(set.ok()) << set.error().text;
  EXPECT_EQ(set->count(), 10'000u);
  EXPECT_EQ(set->info().bytes, 784u);
}

TEST(Dataset, ReadsNpy) {
  Folder folder;
  folder.write("a", npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1, 3), }\n", "aAbBcCdDeEfF"));
  auto set = Dataset::load(folder / "a", {});
  ASSERT_TRUE(set.ok()) << set.error().text;
  EXPECT_EQ(set->count(), 2u);
  EXPECT_EQ(set->info().dtype, DType::i16);
  EXPECT_EQ(as_text(set->frame(1)), "dDeEfF");
  folder.write("b", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }\n", "12345678"));
  EXPECT_EQ(Dataset::load(folder / "b", {}).error().code, Code::unsupported);
  folder.write("c", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", "12345678"));
  EXPECT_EQ(Dataset::load(folder / "c", {}).error().code, Code::malformed);
  folder.write("d", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }\n", "12345678"));
  EXPECT_EQ(Dataset::load(folder / "d", {}).error().code, Code::malformed);
}

TEST(Dataset, ReadsRawFramesOfAGivenShape) {
  Folder folder;
  folder.write("a", "abcdefghijklm");
  auto set = Dataset::load(folder / "a", {.shape = {2, 3}});
  ASSERT_TRUE(set.ok()) << set.error().text;
  EXPECT_EQ(set->count(), 2u);
  EXPECT_EQ(as_text(set->frame(1)), "ghijkl");
  EXPECT_EQ(Dataset::load(folder / "a", {.shape = {0}}).error().code, Code::malformed);
  EXPECT_EQ(Dataset::load(folder / "a", {.shape = {0xFFFFFFFF, 0xFFFFFFFF}}).error().code, Code::malformed);
  EXPECT_EQ(Dataset::load(folder / "a", {}).error().code, Code::unsupported);
  EXPECT_EQ(Dataset::load(folder / "none", {}).error().code, Code::not_found);
}

/// Every cut and many single-byte changes of good files: an error or frames that lie inside the file, never a
/// crash.
TEST(Dataset, BrokenFilesAreRefusedOrBounded) {
  Folder folder;
  const std::string good[] = {idx(8, {3, 2, 2}, "abcdefghijkl"),
                              npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n", "abcdef")};
  for (const std::string& file : good) {
    for (usize cut = 0; cut < file.size(); ++cut) {
      folder.write("cut", file.substr(0, cut));
      EXPECT_FALSE(Dataset::load(folder / "cut", {}).ok()) << cut;
    }
    for (usize at = 0; at < file.size(); ++at)
      for (const int change : {0x01, 0x80, 0xFF}) {
        std::string changed = file;
        changed[at] = static_cast<char>(changed[at] ^ change);
        folder.write("changed", changed);
        const auto set = Dataset::load(folder / "changed", {});
        if (set.ok()) EXPECT_EQ(set->frame(set->count() - 1).size(), set->info().bytes);
      }
  }
}

}  // namespace
}  // namespace pipit::host
