#pragma once
#include <chrono>
#include <cstdio>
#include <string>

namespace pipit::up {

/// Numbered steps with what each found and how long it took, as they happen.
class Progress {
 public:
  Progress(int steps, std::FILE* out) : steps_(steps), out_(out) {}

  /// Begins the next step.
  void step(const std::string& title) {
    finish();
    std::fprintf(out_, "[%d/%d] %s\n", ++number_, steps_, title.c_str());
    std::fflush(out_);
    begin_ = Clock::now();
    open_ = true;
  }
  /// One finding of the running step.
  void say(const std::string& text) {
    std::fprintf(out_, "      %s\n", text.c_str());
    std::fflush(out_);
  }
  /// Ends the running step with its time.
  void finish() {
    if (open_)
      std::fprintf(out_, "      %.1f s\n", std::chrono::duration<double>(Clock::now() - begin_).count());
    std::fflush(out_);
    open_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  int steps_, number_ = 0;
  std::FILE* out_;
  Clock::time_point begin_;
  bool open_ = false;
};

}  // namespace pipit::up
