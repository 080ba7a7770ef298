// Test images to every device at a fixed rate, and what came back.
#include <cstdio>

#include "cli/up/run.h"

namespace pipit::up {

namespace {

constexpr int kPatienceSeconds = 30;

std::string line(const std::string& device, const FeedResult& feed) {
  char text[240];
  std::snprintf(
      text, sizeof text,
      "%s: %u sent, %u answered, %u late, %u lost; %u of %u outputs equal to the host's bit for bit; "
      "accuracy %.1f %%",
      device.c_str(), feed.sent, feed.answered, feed.late, feed.lost, feed.answered - feed.different,
      feed.answered, feed.answered == 0 ? 0 : 100.0 * feed.correct / feed.answered);
  return text;
}

}  // namespace

support::Status feed_images(Run& run) {
  Feeder& feeder = *run.feeder;
  const u32 from = feeder.next();
  const u32 to = from + run.options.images;
  char text[160];
  std::snprintf(text, sizeof text, "open loop, %.1f images a second to each device; late after %d ms",
                run.options.rate, kLateAfterMs);
  run.progress.say(text);
  feeder.start();
  const int seconds = static_cast<int>(run.options.images / run.options.rate) + 30;
  TRY(run.wait(std::to_string(run.options.images) + " images to be sent", seconds,
               [&] { return feeder.next() >= to; }));
  // The feed goes on: the roll-outs happen under load.
  for (const Device& device : run.devices) {
    const FeedResult feed = TRY(run.evaluate(device.name, from, to, kPatienceSeconds));
    run.report.devices[device.name].feed = feed;
    run.progress.say(line(device.name, feed));
    run.report.require(feed.lost == 0, device.name + " lost " + std::to_string(feed.lost) + " images");
    run.report.require(feed.duplicates == 0, device.name + " answered images twice");
    run.report.require(feed.different == 0, device.name + ": " + std::to_string(feed.different) +
                                                " outputs differ from the host's int8 result");
  }
  run.report.require(feeder.failed() == 0, "images could not be handed to the broker");
  return {};
}

}  // namespace pipit::up
