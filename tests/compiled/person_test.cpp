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

/// What model-bench prints of the planned model's output for a picture.
std::string answer_of_planned_model(const std::string& board, const std::string& planned,
                                    const std::string& input) {
  const bool arm = board == "mps2-an386";
  std::vector<std::string> command = {"qemu-system-riscv32", "-M", "virt", "-m", "64M", "-bios", "none"};
  if (arm) command = {"qemu-system-arm", "-M", "mps2-an386"};
  const auto loaded = [](const std::string& file, const char* address) {
    return "loader,file=" + file + ",addr=" + address + ",force-raw=on";
  };
  for (const std::string& word :
       {std::string("-nographic"), std::string("-monitor"), std::string("none"), std::string("-serial"),
        std::string("none"), std::string("-semihosting-config"), std::string("enable=on,target=native"),
        std::string("-kernel"), PIPIT_CHECKOUT "/build/" + board + "/bin/model-bench", std::string("-device"),
        loaded(planned, arm ? "0x21000000" : "0x82000000"), std::string("-device"),
        loaded(input, arm ? "0x21C00000" : "0x83C00000")})
    command.push_back(word);
  const auto ran = support::run(command);
  EXPECT_TRUE(ran.ok()) << ran.error().text;
  return ran.ok() ? ran->out + ran->err : "";
}

TEST_P(PersonTest, TellsThemApartAsAPlannedModel) {
  const std::string board = GetParam(), data = PIPIT_TESTDATA;
  const std::string model = data + "/mlperf-tiny/vww_96_int8.tflite";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no trained model in " << data;
  if (!std::filesystem::exists(PIPIT_CHECKOUT "/build/" + board + "/bin/model-bench"))
    GTEST_SKIP() << "the board's model-bench is not built: ninja -C build/" << board << " model-bench";
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("pipit-person-" + board + "-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string planned = folder / "person.pipm", input = folder / "input";
  const auto plan = support::run({PIPIT_PROGRAM, "model", "plan", model, "--integer-io", "-o", planned});
  ASSERT_TRUE(plan.ok() && plan->exit_code == 0) << (plan.ok() ? plan->err : plan.error().text);
  for (bool person : {true, false}) {
    auto bytes =
        support::read_file(data + "/golden/vww_" + (person ? "person" : "no_person") + "_96x96x3_int8.bin");
    ASSERT_TRUE(bytes.ok()) << bytes.error().text;
    const u32 size = static_cast<u32>(bytes->size());
    for (u32 i = 4; i-- > 0;) bytes->insert(bytes->begin(), static_cast<u8>(size >> 8 * i));
    ASSERT_TRUE(support::write_file(input, *bytes).ok());
    const std::string answer = answer_of_planned_model(board, planned, input);
    const usize at = answer.find("bytes 0 ");
    ASSERT_NE(at, std::string::npos) << answer;
    std::istringstream words(answer.substr(at + 8));
    int without = 0, with = 0;
    ASSERT_TRUE(words >> without >> with) << answer;
    // int8 as bytes: 128 apart from what the scores count from 0.
    EXPECT_EQ((with ^ 128) > (without ^ 128), person) << answer;
  }
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Boards, PersonTest, ::testing::Values("mps2-an386", "virt-rv32"),
                         testing::board_test_name);

}  // namespace
}  // namespace pipit
