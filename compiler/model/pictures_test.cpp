// Pictures classified by trained models of the test data.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/input_file.h"
#include "support/files.h"

namespace pipit::model {
namespace {

const std::string kData = PIPIT_TESTDATA;

class Pictures : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kData + "/google-coral")) GTEST_SKIP() << "no test data at " << kData;
  }

  /// Index of the class that a model gives a picture.
  static u32 classify(const std::string& model_path, const std::string& picture,
                      const InputOptions& how = {}) {
    const auto file = support::read_file(kData + "/" + model_path);
    EXPECT_TRUE(file.ok()) << file.error().text;
    const auto compiled = compile_model(*file);
    EXPECT_TRUE(compiled.ok()) << compiled.error().text;
    auto session = Session::create(compiled->pipm);
    EXPECT_TRUE(session.ok()) << session.error().text;
    const auto samples = read_samples(kData + "/" + picture, session->model(), how);
    EXPECT_TRUE(samples.ok()) << samples.error().text;
    const auto output = session->run(Bytes(samples->front()));
    EXPECT_TRUE(output.ok()) << output.error().text;
    return argmax(session->model().output(0), *output);
  }
};

TEST_F(Pictures, MobilenetKnowsThePhotos) {
  const auto file = support::read_file(kData + "/google-coral/imagenet_labels.txt");
  ASSERT_TRUE(file.ok());
  std::istringstream in(std::string(file->begin(), file->end()));
  std::vector<std::string> labels;
  for (std::string line; std::getline(in, line);) labels.push_back(line);
  const struct {
    const char* picture;
    const char* label;  ///< part of the right class's name
  } cases[] = {
      {"google-coral/bird.bmp", "chickadee"},      {"google-coral/cat.bmp", "cat"},
      {"google-coral/dragonfly.bmp", "dragonfly"}, {"google-coral/grace_hopper.bmp", "military uniform"},
      {"google-coral/sunflower.bmp", "daisy"},     {"photos/chelsea.png", "cat"},
      {"photos/coffee.png", "espresso"},           {"photos/rocket.jpg", "missile"},
  };
  for (const auto& test : cases) {
    const u32 index = classify("google-coral/mobilenet_v2_1.0_224_quant.tflite", test.picture);
    ASSERT_LT(index, labels.size());
    std::printf("%s: %s\n", test.picture, labels[index].c_str());
    EXPECT_NE(labels[index].find(test.label), std::string::npos) << test.picture << ": " << labels[index];
  }
}

TEST_F(Pictures, VisualWakeWordsSeesThePerson) {
  const std::string model = "mlperf-tiny/vww_96_int8.tflite",
                    folder = "tflite-micro/person_detection/testdata/";
  InputOptions how;
  how.signed_bytes = true;
  EXPECT_EQ(classify(model, folder + "person.bmp", how), 1u);
  EXPECT_EQ(classify(model, folder + "no_person.bmp", how), 0u);
}

}  // namespace
}  // namespace pipit::model
