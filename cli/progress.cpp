#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace pipit::cli {

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) != 0) {}

void ProgressLine::say(const std::string& text) {
  if (!terminal_) return;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  dirty_ = true;
}

void ProgressLine::clear() {
  if (dirty_) std::fputs("\r\033[K", stderr);
  dirty_ = false;
}

model::PassObserver ProgressLine::passes(model::PassObserver then) {
  if (!terminal_) return then;
  return [this, then = std::move(then)](const char* pass, const model::Graph& graph) {
    clear();
    if (then) then(pass, graph);
    say(std::string("compiling: past ") + pass);
  };
}

}  // namespace pipit::cli
