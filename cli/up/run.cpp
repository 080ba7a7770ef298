#include "cli/up/run.h"

#include <cstring>
#include <thread>

#include "support/process.h"

namespace pipit::up {

using support::Error;
using support::Json;
using support::Result;

std::vector<std::string> Run::device_names() const {
  std::vector<std::string> names;
  for (const Device& device : devices) names.push_back(device.name);
  return names;
}

Result<Json> Run::pipit(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), options.program);
  arguments.emplace_back("--output=json");
  const support::ProcessOutput output = TRY(support::run(arguments));
  if (output.exit_code != 0) return Error(Code::internal, arguments[1] + " failed: " + output.err);
  return support::parse_json(output.out);
}

support::Status Run::wait(const std::string& what, int timeout_s, const std::function<bool()>& done) {
  const auto deadline = Clock::now() + std::chrono::seconds(timeout_s);
  while (!done()) {
    if (options.interrupted()) return Error(Code::cancelled, "interrupted while waiting for " + what);
    if (const char* service = broken())
      return Error(Code::unavailable, std::string(service) + " ended by itself; see " + state.path("log"));
    if (Clock::now() > deadline)
      return Error(Code::timeout, "waited " + std::to_string(timeout_s) + " s for " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return {};
}

const char* Run::broken() {
  if (plane)
    if (const char* name = plane->broken()) return name;
  if (broker && !broker->service.running()) return "mosquitto";
  if (registry && !registry->service.running()) return "registry";
  if (gateway && !gateway->service.running()) return "gateway";
  return nullptr;
}

Result<FeedResult> Run::evaluate(const std::string& device, u32 from, u32 to, int patience_s) {
  const auto deadline = Clock::now() + std::chrono::seconds(patience_s);
  FeedResult result;
  result.sent = to - from;
  for (u32 sequence = from; sequence < to; ++sequence) {
    std::optional<Answer> answer = observer->answer(device, sequence);
    while (!answer && Clock::now() < deadline && !options.interrupted()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      answer = observer->answer(device, sequence);
    }
    if (!answer) {
      ++result.lost;
      continue;
    }
    ++result.answered;
    result.duplicates += answer->count - 1;
    if (answer->at - feeder->due(sequence) > std::chrono::milliseconds(kLateAfterMs)) ++result.late;
    const u32 image = sequence % images.count;
    const Bytes expected = TRY(oracle->infer(images.image(image)));
    const bool same = expected.size() == answer->payload.size() &&
                      std::memcmp(expected.data(), answer->payload.data(), expected.size()) == 0;
    if (!same) ++result.different;
    if (best_class(answer->payload) == images.labels[image]) ++result.correct;
  }
  return result;
}

support::Status Run::power_on(Device& device) {
  device.board.reset();
  device.board.emplace(TRY(rig::Board::start(device.options)));
  if (device.board->device() != device.name)
    return Error(Code::internal, "board " + device.name + " calls itself " + device.board->device());
  return state.add_process("board-" + device.name, device.board->process().pid());
}

void Run::power_off(Device& device) {
  if (!device.board) return;
  const pid_t pid = device.board->process().pid();
  device.board->power_off();
  device.board.reset();
  (void)state.remove_process(pid);
}

}  // namespace pipit::up
