// TensorFlow Lite Micro's microphone front end and keyword spotter on the recordings of the test data.
// TensorFlow Lite itself has no such operators: here they stand against their definitions in floating point.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/endian.h"
#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "support/files.h"

namespace pipit::model {
namespace {

const std::string kData = std::string(PIPIT_TESTDATA) + "/tflite-micro/micro_speech";
constexpr u32 kWindow = 480, kStride = 320, kChannels = 40, kFrames = 49;

std::vector<u8> read(const std::string& path) {
  auto file = support::read_file(path);
  EXPECT_TRUE(file.ok()) << path << ": " << file.error().text;
  return file.ok() ? *std::move(file) : std::vector<u8>{};
}

/// The 16-bit samples of a recording.
std::vector<i16> recording(const std::string& name) {
  const std::vector<u8> file = read(kData + "/testdata/" + name + ".wav");
  std::vector<i16> samples;
  for (usize i = 44; i + 2 <= file.size(); i += 2) samples.push_back(load_le<i16>(&file[i]));
  return samples;
}

Bytes window(const std::vector<i16>& samples, u32 frame) {
  return {reinterpret_cast<const u8*>(samples.data() + usize{frame} * kStride), kWindow * sizeof(i16)};
}

/// The front end in floating point, from the constants that the model's own tables stand for: a Hann window,
/// 40 mel bands between 125 and 7500 Hz, noise reduction, gain control and a logarithm.
class FrontEnd {
 public:
  std::vector<f64> features(const i16* samples) {
    std::vector<f64> bands = mel(spectrum(samples)), out;
    for (u32 i = 0; i < kChannels; ++i) {
      const f64 smoothing = i % 2 == 0 ? 0.025 : 0.06;
      noise_[i] = smoothing * bands[i] + (1 - smoothing) * noise_[i];
      const f64 left = std::max(bands[i] - noise_[i], 0.05 * bands[i]);
      // Amplitudes are an eighth of what the gain's offset of 80 counts in.
      const f64 snr = 8 * left * std::pow(8 * noise_[i] + 80, -0.95);
      const f64 shrunk = snr < 2 ? snr * snr / 4 : snr - 1;
      out.push_back(64 * std::log(std::max(512 * shrunk, 1.0)) / 2.6 - 128);
    }
    return out;
  }

 private:
  static std::vector<f64> spectrum(const i16* samples) {
    std::vector<f64> magnitudes;
    for (u32 bin = 0; bin <= 256; ++bin) {
      f64 real = 0, imaginary = 0;
      for (u32 n = 0; n < kWindow; ++n) {
        const f64 value = samples[n] * (0.5 - 0.5 * std::cos(2 * M_PI * (n + 0.5) / kWindow));
        real += value * std::cos(2 * M_PI * bin * n / 512);
        imaginary -= value * std::sin(2 * M_PI * bin * n / 512);
      }
      magnitudes.push_back((real * real + imaginary * imaginary) / 512 / 512);
    }
    return magnitudes;
  }
  static f64 to_mel(f64 hertz) { return 1127 * std::log1p(hertz / 700); }
  static std::vector<f64> mel(const std::vector<f64>& energies) {
    const f64 low = to_mel(125), step = (to_mel(7500) - low) / (kChannels + 1);
    std::vector<f64> bands(kChannels);
    for (u32 bin = 5; bin < 241; ++bin) {
      const f64 place = (to_mel(bin * 16000.0 / 512) - low) / step;
      for (u32 band = 0; band < kChannels; ++band)
        bands[band] += energies[bin] * 4096 * std::max(0.0, 1 - std::fabs(place - (band + 1)));
    }
    for (f64& band : bands) band = std::sqrt(band);
    return bands;
  }
  std::vector<f64> noise_ = std::vector<f64>(kChannels);
};

class TfliteAudio : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no test data at " << kData;
  }
  static std::vector<u8> compiled(const std::string& model) {
    auto made = compile_model(read(kData + "/models/" + model + ".tflite"));
    EXPECT_TRUE(made.ok()) << made.error().text;
    return made.ok() ? made->pipm : std::vector<u8>{};
  }
};

TEST_F(TfliteAudio, RecordingsAreHeardAsTheirWords) {
  const std::vector<u8> front = compiled("audio_preprocessor_int8"),
                        spotter = compiled("micro_speech_quantized");
  // The categories: silence, unknown, yes, no.
  const struct {
    const char* name;
    u32 category;
  } cases[] = {{"silence_1000ms", 0}, {"noise_1000ms", 0}, {"yes_1000ms", 2}, {"no_1000ms", 3}};
  for (const auto& test : cases) {
    auto hears = Session::create(front), decides = Session::create(spotter);
    ASSERT_TRUE(hears.ok() && decides.ok());
    const auto samples = recording(test.name);
    std::vector<u8> features;
    for (u32 frame = 0; frame < kFrames; ++frame) {
      const auto row = hears->run(window(samples, frame));
      ASSERT_TRUE(row.ok()) << row.error().text;
      features.insert(features.end(), row->begin(), row->end());
    }
    const auto scores = decides->run(Bytes(features));
    ASSERT_TRUE(scores.ok()) << scores.error().text;
    EXPECT_EQ(argmax(decides->model().output(0), *scores), test.category) << test.name;
  }
}

TEST_F(TfliteAudio, FeaturesFollowTheirDefinition) {
  const std::vector<u8> front = compiled("audio_preprocessor_int8");
  auto session = Session::create(front);
  ASSERT_TRUE(session.ok());
  FrontEnd definition;
  const auto samples = recording("yes_1000ms");
  // Quiet bands lose their digits in 16-bit arithmetic.
  constexpr f64 kLoud = 60;
  f64 sum = 0, worst = 0;
  u32 loud = 0;
  for (u32 frame = 0; frame < kFrames; ++frame) {
    const auto row = session->run(window(samples, frame));
    ASSERT_TRUE(row.ok()) << row.error().text;
    const auto expected = definition.features(samples.data() + usize{frame} * kStride);
    for (u32 i = 0; i < kChannels; ++i) {
      if (expected[i] < kLoud) continue;
      const f64 gap = std::fabs(static_cast<i8>((*row)[i]) - std::min(expected[i], 127.0));
      sum += gap;
      worst = std::max(worst, gap);
      ++loud;
    }
  }
  std::printf("%u loud bands: mean difference %.2f, largest %.1f\n", loud, sum / loud, worst);
  EXPECT_GT(loud, 300u);
  EXPECT_LT(sum / loud, 1.0);
  EXPECT_LT(worst, 10.0);
}

TEST_F(TfliteAudio, FloatModelSaysTheSame) {
  const std::vector<u8> integers = compiled("audio_preprocessor_int8"),
                        floats = compiled("audio_preprocessor_float");
  auto a = Session::create(integers), b = Session::create(floats);
  ASSERT_TRUE(a.ok() && b.ok());
  const auto samples = recording("no_1000ms");
  for (u32 frame = 0; frame < kFrames; ++frame) {
    const auto whole = a->run(window(samples, frame));
    const auto real = b->run(window(samples, frame));
    ASSERT_TRUE(whole.ok() && real.ok());
    for (u32 i = 0; i < kChannels; ++i) {
      const f32 value = load_le<f32>(real->data() + usize{i} * 4);
      // Both are shares of one logarithm: 1 / 25.6 of it, and 256 / 666 of it rounded, from -128 up.
      const f64 expected = f64{value} * 25.6 * 256 / 666 - 128;
      EXPECT_NEAR(static_cast<i8>((*whole)[i]), std::min(expected, 127.0), 0.51) << frame << ' ' << i;
    }
  }
}

TEST_F(TfliteAudio, NoiseIsRememberedUntilForgotten) {
  const std::vector<u8> front = compiled("audio_preprocessor_int8");
  const auto samples = recording("yes_1000ms");
  auto first = Session::create(front), again = Session::create(front);
  ASSERT_TRUE(first.ok() && again.ok());
  const auto features = [&](Session& session) {
    const auto row = session.run(window(samples, 20));
    return std::vector<u8>(row->begin(), row->end());
  };
  const auto fresh = features(*first), later = features(*first);
  EXPECT_NE(fresh, later);
  EXPECT_EQ(features(*again), fresh);
}

}  // namespace
}  // namespace pipit::model
