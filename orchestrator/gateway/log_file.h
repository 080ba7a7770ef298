#pragma once
#include <deque>
#include <string>

#include "support/error.h"

namespace pipit::gateway {

/// A line that an application printed.
struct LogLine {
  i64 at_ms = 0;  ///< Unix time of its arrival
  u32 run = 0;    ///< counts attempts
  u32 sequence = 0;
  u64 uptime_ms = 0;  ///< the device's
  bool error = false;
  std::string text;
};

/// Lines on disk, one behind the other: what is written is there when the gateway is killed.
class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}

  /// All whole lines. What is not one, as when the last was cut off by a power failure, ends the reading and
  /// is removed with all behind it. Empty when there is no file.
  std::deque<LogLine> load();
  support::Status append(const LogLine& line);
  /// Writes `lines` in place of all there is.
  support::Status replace(const std::deque<LogLine>& lines);
  void remove();
  u64 bytes() const { return bytes_; }

 private:
  std::string path_;
  u64 bytes_ = 0;
};

}  // namespace pipit::gateway
