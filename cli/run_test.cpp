// `pipit build` and `pipit run` as a person types them: one package, on Linux and in a virtual machine.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/files.h"
#include "support/process.h"

namespace pipit {
namespace {

constexpr char kHello[] = PIPIT_SOURCE_DIR "/examples/hello";

support::ProcessOutput pipit(std::vector<std::string> words) {
  words.insert(words.begin(), PIPIT_PROGRAM);
  auto output = support::run(words);
  EXPECT_TRUE(output.ok()) << output.error().text;
  return output.ok() ? *output : support::ProcessOutput{.exit_code = -1};
}

class RunPackage : public testing::Test {
 protected:
  RunPackage() { std::filesystem::remove_all(layout_); }
  ~RunPackage() override { std::filesystem::remove_all(layout_); }
  void build() {
    const auto built = pipit({"build", kHello, "--target=x86_64-mewz", "-o", layout_});
    ASSERT_EQ(built.exit_code, 0) << built.err;
  }
  const std::string layout_ = testing::TempDir() + "hello-" + std::to_string(getpid()) + ".oci";
};

TEST_F(RunPackage, SaysHelloOnLinux) {
  build();
  const auto ran = pipit({"run", layout_});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "hello, world\n");
}

TEST_F(RunPackage, SaysHelloInAMachineByItsNativeCode) {
  if (!support::exists(PIPIT_SOURCE_DIR "/build/mewz/bin/mewz"))
    GTEST_SKIP() << "the mewz preset is not built";
  build();
  const auto ran = pipit({"run", "--target=mewz", "--trace", layout_});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "hello, world\n");
  EXPECT_NE(ran.err.find("app.wasm native, "), std::string::npos) << ran.err;
}

TEST(RunFolder, BuildsItFirst) {
  const auto ran = pipit({"run", kHello});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "hello, world\n");
}

TEST(RunFolder, BuildsItFirstForAMachineToo) {
  if (!support::exists(PIPIT_SOURCE_DIR "/build/mewz/bin/mewz"))
    GTEST_SKIP() << "the mewz preset is not built";
  const auto ran = pipit({"run", kHello, "--memory", "32M", "--target=mewz"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "hello, world\n");
}

/// Whether the words ask for a machine, which one of another name shows.
bool asks_for_a_machine(std::vector<std::string> words) {
  words.insert(words.begin(), "run");
  return pipit(words).err.find("--target=no: expected --target=mewz") != std::string::npos;
}

TEST(RunTarget, MayStandAnywhereAmongTheOptions) {
  EXPECT_TRUE(asks_for_a_machine({"--target=no", kHello}));
  EXPECT_TRUE(asks_for_a_machine({"--memory", "64M", "--target=no", kHello}));
  EXPECT_TRUE(asks_for_a_machine({"--publish", "8080:80", "--no-files", "--trace", "--target=no", kHello}));
  EXPECT_TRUE(asks_for_a_machine({kHello, "--dir", ".", "--target=no"}));
  EXPECT_TRUE(asks_for_a_machine({kHello, "--target=no", "word"}));
}

TEST(RunTarget, OfTheProgramIsItsOwn) {
  EXPECT_FALSE(asks_for_a_machine({kHello, "word", "--target=no"}));
  EXPECT_FALSE(asks_for_a_machine({kHello, "--", "--target=no"}));
  EXPECT_FALSE(asks_for_a_machine({kHello, "--verbose", "--target=no"}));
}

TEST_F(RunPackage, RefusesAFolderThatIsNoPackage) {
  std::filesystem::create_directory(layout_);
  for (const char* target : {"--engine=interp", "--target=mewz"}) {
    const auto ran = pipit({"run", target, layout_});
    EXPECT_NE(ran.exit_code, 0);
    EXPECT_NE(ran.err.find(layout_ + ": neither a package"), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace pipit
