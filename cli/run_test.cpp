// `pipit build` and `pipit run` as a person types them: one package, on Linux and in a virtual machine.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/files.h"
#include "support/process.h"

namespace pipit {
namespace {

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
    const std::string folder = std::string(PIPIT_SOURCE_DIR) + "/examples/hello";
    const auto built = pipit({"build", folder, "--target=x86_64-mewz", "-o", layout_});
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

TEST_F(RunPackage, RefusesAFolderThatIsNoPackage) {
  std::filesystem::create_directory(layout_);
  for (const char* target : {"--engine=interp", "--target=mewz"}) {
    const auto ran = pipit({"run", target, layout_});
    EXPECT_NE(ran.exit_code, 0);
    EXPECT_NE(ran.err.find(layout_), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace pipit
