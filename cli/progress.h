#pragma once
#include <string>

#include "compiler/model/passes/passes.h"

namespace pipit::cli {

/// One line on standard error that says what long work is at, when that is a terminal; gone when this goes.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool shown() const { return terminal_; }
  /// Replaces the line.
  void say(const std::string& text);
  /// For output of other kinds that comes before the end.
  void clear();
  /// Names each pass behind the one that has ended, and calls `then`. This must outlive the observer.
  model::PassObserver passes(model::PassObserver then);

 private:
  bool terminal_, dirty_ = false;
};

}  // namespace pipit::cli
