#pragma once
#include <string>

#include "base/types.h"
#include "support/json.h"

namespace pipit::gateway {

/// A JSON file in which something of the gateway survives its restart.
class StateFile {
 public:
  static constexpr i64 kRetryMs = 5'000;

  /// `what` it holds, for the log: "devices".
  StateFile(std::string path, const char* what) : path_(std::move(path)), what_(what) {}

  /// What was saved, if it is of `type`, else null; the log says why, unless there is no file.
  support::Json load(support::Json::value_t type) const;
  /// Replaces the file. What could not be written is due() again; the log says so once.
  void save(const support::Json& content, i64 now_ms);
  /// Whether to save again what could not be saved.
  bool due(i64 now_ms) const { return failed_ && now_ms >= retry_ms_; }

 private:
  std::string path_;
  const char* what_;
  bool failed_ = false;
  i64 retry_ms_ = 0;
};

}  // namespace pipit::gateway
