// The gesture example on both boards in QEMU: compiled to C, streamed real strokes, held to its budget by its
// linker script.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "support/files.h"
#include "support/json.h"
#include "tests/compiled/board_run.h"

namespace pipit {
namespace {

constexpr double kTestShare = 0.2;

struct Strokes {
  std::string stream;       ///< as gesture.c reads it
  std::vector<int> labels;  ///< of the test split, which training never saw
};

i16 fixed(double value) { return static_cast<i16>(std::lround(value * 128)); }

void append(std::string& stream, const support::Json& points) {
  stream += static_cast<char>(points.size());
  for (const auto& point : points)
    for (const char* axis : {"x", "y"}) {
      const i16 value = fixed(point.at(axis).get<double>());
      stream += static_cast<char>(value & 0xFF);
      stream += static_cast<char>(value >> 8);
    }
}

/// The last fifth of each digit's recordings, as train.py splits them.
Strokes read_test_split(const std::string& folder) {
  std::map<int, std::vector<support::Json>> by_digit;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    const auto bytes = support::read_file(file);
    const auto json = support::parse_json(std::string(bytes->begin(), bytes->end()));
    for (const auto& stroke : json->at("strokes"))
      by_digit[std::stoi(stroke.at("label").get<std::string>())].push_back(stroke.at("strokePoints"));
  }
  Strokes out;
  for (const auto& [digit, strokes] : by_digit)
    for (usize i = static_cast<usize>(std::lround(static_cast<double>(strokes.size()) * (1 - kTestShare)));
         i < strokes.size(); ++i) {
      append(out.stream, strokes[i]);
      out.labels.push_back(digit);
    }
  out.stream += '\0';
  return out;
}

class GestureTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GestureTest, RecognisesStreamedStrokes) {
  const std::string board = GetParam();
  // The linker refuses an image over 25 KiB of flash or 3,276 bytes of RAM, stack included.
  const testing::BareImage image(board, PIPIT_CHECKOUT "/examples/gesture/gesture.int8.onnx", "gesture_model",
                                 PIPIT_CHECKOUT "/examples/gesture/gesture.c", {"25K", "3276"});
  ASSERT_TRUE(image.ok());

  const std::string data = PIPIT_TESTDATA "/gesture/magic_wand_digits";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no recorded strokes in " << data;
  const Strokes strokes = read_test_split(data);
  ASSERT_EQ(strokes.labels.size(), 200u);
  const std::string answers = image.run(strokes.stream);
  std::istringstream lines(answers);
  usize right = 0;
  u64 instructions = 0;
  for (int label : strokes.labels) {
    int digit = -1;
    u64 spent = 0;
    ASSERT_TRUE(lines >> digit >> spent) << answers;
    right += digit == label ? 1 : 0;
    instructions += spent;
  }
  std::string word;
  int stack = 0;
  ASSERT_TRUE(lines >> word >> stack) << answers;
  EXPECT_EQ(word, "stack");
  EXPECT_LT(stack, 768) << "the painted stack was used up";
  EXPECT_GE(right * 100, strokes.labels.size() * 95) << right << " of " << strokes.labels.size();
  std::fprintf(stderr, "%s: %zu of %zu right, %llu instructions an inference, stack peak %d bytes\n",
               board.c_str(), right, strokes.labels.size(),
               static_cast<unsigned long long>(instructions / strokes.labels.size()), stack);
}

INSTANTIATE_TEST_SUITE_P(Boards, GestureTest, ::testing::Values("mps2-an386", "virt-rv32"),
                         testing::board_test_name);

}  // namespace
}  // namespace pipit
