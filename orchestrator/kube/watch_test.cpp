#include "orchestrator/kube/watch.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pipit::kube {
namespace {

const std::string kStream = R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})"
                            "\n"
                            R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}})"
                            "\n"
                            R"({"type":"SOMETHING NEW","object":{}})"
                            "\n\n"
                            R"({"type":"ERROR","object":{"code":410}})"
                            "\n";

TEST(WatchDecoder, AnySplitGivesTheSameEvents) {
  for (usize step = 1; step <= kStream.size(); ++step) {
    WatchDecoder decoder;
    std::vector<WatchType> types;
    for (usize at = 0; at < kStream.size(); at += step)
      ASSERT_TRUE(decoder
                      .feed(std::string_view(kStream).substr(at, step),
                            [&](WatchEvent event) { types.push_back(event.type); })
                      .ok());
    EXPECT_EQ(types, (std::vector{WatchType::added, WatchType::bookmark, WatchType::error}))
        << "step " << step;
  }
}

TEST(WatchDecoder, RefusesWhatIsNoEvent) {
  for (const char* bad :
       {"nonsense\n", "[]\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"object\":[1]}\n", "7\n"}) {
    WatchDecoder decoder;
    EXPECT_FALSE(decoder.feed(bad, [](WatchEvent) { FAIL(); }).ok()) << bad;
  }
}

TEST(WatchDecoder, BoundsALine) {
  WatchDecoder decoder;
  const std::string part(1 << 20, ' ');
  bool refused = false;
  for (int i = 0; i < 16 && !refused; ++i) refused = !decoder.feed(part, [](WatchEvent) {}).ok();
  EXPECT_TRUE(refused);
}

TEST(WatchDecoder, MutatedStreamsNeverCrash) {
  std::minstd_rand random(2);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = kStream;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    WatchDecoder decoder;
    (void)decoder.feed(bytes, [](WatchEvent event) { EXPECT_TRUE(event.object.is_object()); });
  }
}

}  // namespace
}  // namespace pipit::kube
