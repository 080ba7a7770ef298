// MLPerf Tiny's visual wake words model, compiled to C, on both boards, with the pictures of TFLite Micro's
// example.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "support/files.h"
#include "tests/compiled/board_run.h"

namespace pipit {
namespace {

class PersonTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PersonTest, TellsPicturesWithAPersonFromThoseWithout) {
  const std::string data = PIPIT_TESTDATA;
  const std::string model = data + "/mlperf-tiny/vww_96_int8.tflite";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no trained model in " << data;
  const testing::BareImage image(GetParam(), model, "person_model", PIPIT_CHECKOUT "/tests/compiled/person.c",
                                 {"320K", "128K"});
  ASSERT_TRUE(image.ok());
  std::string stream;
  for (const char* picture : {"person", "no_person"}) {
    const auto bytes = support::read_file(data + "/golden/vww_" + picture + "_96x96x3_int8.bin");
    ASSERT_TRUE(bytes.ok()) << bytes.error().text;
    ASSERT_EQ(bytes->size(), 96u * 96 * 3);
    stream += '\1';
    stream.append(bytes->begin(), bytes->end());
  }
  stream += '\0';
  const std::string answers = image.run(stream);
  std::istringstream lines(answers);
  for (bool person : {true, false}) {
    int without = -1, with = -1;
    u64 instructions = 0;
    ASSERT_TRUE(lines >> without >> with >> instructions) << answers;
    EXPECT_EQ(with > without, person) << with << " of 255 for a person";
    std::fprintf(stderr, "%s: person %d, nobody %d of 255; %llu instructions\n", GetParam(), with, without,
                 static_cast<unsigned long long>(instructions));
  }
}

INSTANTIATE_TEST_SUITE_P(Boards, PersonTest, ::testing::Values("mps2-an386", "virt-rv32"),
                         testing::board_test_name);

}  // namespace
}  // namespace pipit
