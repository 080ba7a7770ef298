// A model that remembers, run through wasi-nn by an application on the real firmware of boards that listen
// (-DPIPIT_RECURRENT=ON): this machine's bytes frame by frame, and from the beginning in a new instance.
#include "compiler/model/compiler.h"
#include "compiler/model/testing/emitted.h"
#include "compiler/model/testing/recurrent.h"
#include "tests/native/board_fixture.h"

namespace pipit {
namespace {

constexpr u32 kFrames = 6;
constexpr usize kInputBytes = 42;  // of every frame, as in tests/apps/sequence

class SequenceBoard : public BoardFixture {
 protected:
  const char* variant() const override { return "-recurrent"; }

  std::vector<std::vector<u8>> answers(u32 from) {
    std::vector<std::vector<u8>> all;
    for (u32 i = 0; i < kFrames; ++i) gateway_.send_frame(from + i, 3);
    EXPECT_TRUE(wait([&] { return gateway_.answer(from + kFrames - 1).has_value(); }))
        << gateway_.status().active.message;
    for (u32 i = 0; i < kFrames; ++i)
      if (const auto answer = gateway_.answer(from + i)) all.push_back(answer->payload);
    return all;
  }
};

TEST_P(SequenceBoard, RemembersBetweenFrames) {
  model::testing::Values values(32);
  const auto planned =
      model::compile_model(model::testing::lstm(0, false, values, model::testing::LiteType::i8));
  ASSERT_TRUE(planned.ok()) << planned.error().text;
  const std::string file = folder_ + "/sequence.pipm";
  ASSERT_TRUE(support::write_file(file, planned->pipm).ok());

  model::testing::Engine engine(planned->pipm);
  std::vector<std::vector<u8>> expected;
  for (u32 i = 0; i < kFrames; ++i) {
    std::vector<u8> frame = Gateway::frame(100 + i, 3);
    frame.resize(kInputBytes);
    expected.push_back(engine.infer({frame})[0]);
  }
  EXPECT_NE(expected[0], expected[1]);

  const auto report = build({.folder = std::string(PIPIT_SOURCE_DIR) + "/tests/apps/sequence",
                             .version = "",
                             .defines = {},
                             .unchecked = false,
                             .targets = {},
                             .models = {{"default", file}}});
  ASSERT_FALSE(HasFailure());
  deploy(report, "first");
  EXPECT_EQ(answers(100), expected);
  deploy(report, "second");
  EXPECT_EQ(answers(200), expected) << "the sequence of another instance went on";
  std::fprintf(stderr, "%s: stack peak %u bytes\n", GetParam().name, gateway_.status().stack_peak_bytes);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SequenceBoard, testing::ValuesIn(rig::board_kinds()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace pipit
