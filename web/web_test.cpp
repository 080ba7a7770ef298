// The page that `pipit model compile --emit=web` writes, in a headless Chromium.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "compiler/model/compiler.h"
#include "compiler/model/dataset.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/input_file.h"
#include "support/files.h"
#include "support/json.h"
#include "support/process.h"

namespace pipit::model {
namespace {

namespace fs = std::filesystem;
using support::Json;

const std::string kData = PIPIT_TESTDATA;

std::string chromium() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"})
    if (support::exists(path)) return path;
  return "";
}

class WebPage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (chromium().empty()) GTEST_SKIP() << "no Chromium: apt-get install chromium";
    folder_ = ::testing::TempDir() + "pipit-web." + std::to_string(getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  void compile(std::vector<std::string> options) const {
    options.insert(options.begin(),
                   {PIPIT_COMMAND, "model", "compile", "--emit=web", "-o", folder_ + "/page"});
    const auto ran = support::run(options);
    ASSERT_TRUE(ran.ok()) << ran.error().text;
    ASSERT_EQ(ran->exit_code, 0) << ran->err;
  }

  /// What the page says about a picture.
  Json classify(const std::string& picture) const {
    const auto ran =
        support::run({"node", PIPIT_SOURCE_DIR "/web/testing/browse.mjs", folder_ + "/page", picture,
                      std::string(PIPIT_SCREENSHOTS) + "/" + screenshot_name() + ".png", chromium()});
    EXPECT_TRUE(ran.ok()) << ran.error().text;
    EXPECT_EQ(ran->exit_code, 0) << ran->err;
    auto said = support::parse_json(ran->out);
    EXPECT_TRUE(said.ok()) << ran->out;
    return said.ok() ? *said : Json();
  }

  static std::string screenshot_name() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  std::string folder_;
};

std::vector<f64> softmax(const std::vector<f32>& logits) {
  const f32 most = *std::max_element(logits.begin(), logits.end());
  std::vector<f64> values;
  for (f32 logit : logits) values.push_back(std::exp(static_cast<f64>(logit - most)));
  const f64 sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (f64& value : values) value /= sum;
  return values;
}

/// 28 × 28 pixels reach the module as they are: the page says what the engine computes.
TEST_F(WebPage, ClassifiesAGarmentAsTheEngineDoes) {
  const auto files = find_dataset("fashion-mnist", Split::test);
  if (!files.ok()) GTEST_SKIP() << files.error().text;
  const std::string onnx = PIPIT_SOURCE_DIR "/examples/fashion/fashion.onnx";
  compile({onnx, "--dataset=fashion-mnist"});
  const Json said = classify(folder_ + "/page/samples/sample7.bmp");
  ASSERT_TRUE(said.contains("top")) << said;
  EXPECT_EQ(said["errors"], Json::array());
  EXPECT_EQ(said["samples"], 10);

  const auto data = read_dataset(*files);
  ASSERT_TRUE(data.ok());
  const auto file = support::read_file(onnx);
  ASSERT_TRUE(file.ok());
  const auto compiled = compile_model(*file);
  ASSERT_TRUE(compiled.ok());
  auto session = Session::create(compiled->pipm);
  ASSERT_TRUE(session.ok());
  const auto index =
      static_cast<u32>(std::find(data->labels.begin(), data->labels.end(), 7) - data->labels.begin());
  const auto output = session->run(std::span<const f32>(data->input(index)));
  ASSERT_TRUE(output.ok());
  const auto expected = softmax(real_values(session->model().output(0), *output));
  ASSERT_EQ(said["top"].size(), 5u);
  EXPECT_EQ(said["top"][0]["label"], "sneaker");
  for (const Json& row : said["top"]) {
    const auto labels = fashion_labels();
    const auto at = std::find(labels.begin(), labels.end(), row["label"].get<std::string>()) - labels.begin();
    ASSERT_LT(at, std::ssize(labels)) << row;
    EXPECT_NEAR(row["percent"].get<f64>(), 100 * expected[static_cast<usize>(at)], 0.051) << row;
  }
}

TEST_F(WebPage, KnowsACat) {
  const std::string model = kData + "/google-coral/mobilenet_v2_1.0_224_quant.tflite";
  if (!fs::exists(model)) GTEST_SKIP() << "no test data at " << kData;
  compile({model, "--labels", kData + "/google-coral/imagenet_labels.txt", "--title", "MobileNetV2",
           "--sample", kData + "/google-coral/sunflower.bmp"});
  const Json said = classify(fs::canonical(kData + "/google-coral/cat.bmp"));
  ASSERT_TRUE(said.contains("top")) << said;
  EXPECT_EQ(said["errors"], Json::array());
  EXPECT_EQ(said["top"][0]["label"], "Egyptian cat");
  EXPECT_EQ(said["sample"], "daisy") << "the sample that was clicked";
}

TEST_F(WebPage, RefusesWhatIsNoPicture) {
  const auto ran = support::run({PIPIT_COMMAND, "model", "compile", "--emit=web", "-o", folder_ + "/page",
                                 PIPIT_SOURCE_DIR "/examples/gesture/gesture.onnx"});
  ASSERT_TRUE(ran.ok());
  EXPECT_NE(ran->exit_code, 0);
  EXPECT_NE(ran->err.find("one picture as its input"), std::string::npos) << ran->err;
  EXPECT_FALSE(fs::exists(folder_ + "/page"));
}

}  // namespace
}  // namespace pipit::model
