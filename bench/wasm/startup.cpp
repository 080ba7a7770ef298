#include "bench/wasm/startup.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "support/process.h"

namespace pipit::bench {

StartUp time_command(const std::string& launcher, const std::string& what,
                     const std::vector<std::string>& command, u32 repeats) {
  StartUp result{.what = what};
  std::vector<std::string> words = {launcher, std::to_string(repeats)};
  words.insert(words.end(), command.begin(), command.end());
  auto output = support::run(words);
  if (!output.ok() || output->exit_code != 0) {
    result.why = output.ok() ? "ended with code " + std::to_string(output->exit_code) : output.error().text;
    return result;
  }
  std::vector<double> times;
  std::istringstream lines(output->out);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("peak "))
      result.megabytes = std::strtod(line.c_str() + 5, nullptr) / 1024;
    else
      times.push_back(std::strtod(line.c_str(), nullptr));
  if (times.empty()) return result;
  std::sort(times.begin(), times.end());
  result.best = times.front();
  result.milliseconds = times[times.size() / 2];
  return result;
}

}  // namespace pipit::bench
