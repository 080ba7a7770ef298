#include "compiler/model/dataset.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/files.h"

namespace pipit::model {
namespace {

class DatasetFile : public ::testing::Test {
 protected:
  DatasetFile() : folder_(::testing::TempDir() + "dataset." + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~DatasetFile() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::vector<u8>& bytes) const {
    const std::string path = folder_ + "/" + name;
    EXPECT_TRUE(support::write_file(path, bytes).ok());
    return path;
  }

  std::string folder_;
};

const std::vector<u8> kImages{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102};
const std::vector<u8> kLabels{0, 0, 8, 1, 0, 0, 0, 2, 7, 3};

TEST_F(DatasetFile, ReadsAndNormalises) {
  auto dataset = read_dataset({write("images", kImages), write("labels", kLabels), 0.5f, 0.25f});
  ASSERT_TRUE(dataset.ok()) << dataset.error().text;
  EXPECT_EQ(dataset->count, 2u);
  EXPECT_EQ(dataset->labels, (std::vector<u8>{7, 3}));
  EXPECT_EQ(dataset->input(0), (std::vector<f32>{-2, 2}));
}

TEST_F(DatasetFile, NamesTheFileThatIsWrong) {
  const std::vector<std::pair<std::vector<u8>, std::vector<u8>>> broken{
      {{0, 0, 8, 3, 0, 0}, kLabels},                    // cut off
      {{kImages.begin(), kImages.end() - 1}, kLabels},  // an element short
      {kLabels, kLabels},                               // another rank
      {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
       kLabels},                               // sizes that overflow
      {kImages, {0, 0, 8, 1, 0, 0, 0, 1, 7}},  // fewer labels
  };
  for (const auto& [images, labels] : broken) {
    auto dataset = read_dataset({write("images", images), write("labels", labels), 0, 1});
    ASSERT_FALSE(dataset.ok());
    EXPECT_NE(dataset.error().text.find(folder_), std::string::npos) << dataset.error().text;
  }
}

TEST(Dataset, SaysHowToGetAMissingOne) {
  EXPECT_FALSE(find_dataset("imagenet", Split::test).ok());
  EXPECT_FALSE(read_dataset({"/nowhere/images", "", 0, 1}).ok());
}

}  // namespace
}  // namespace pipit::model
