#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/kube/error.h"

namespace pipit::kube {

enum class WatchType { added, modified, deleted, bookmark, error };

struct WatchEvent {
  WatchType type = WatchType::added;
  support::Json object;  ///< always a JSON object; a Status for `error`
};

/// Splits a watch's byte stream into events, one JSON document a line. Types it does not know are skipped.
class WatchDecoder {
 public:
  static constexpr usize kMaxLineBytes = 8 << 20;

  /// Calls `sink` for each complete event; malformed input or a line over the bound ends with an error.
  Status feed(std::string_view bytes, const std::function<void(WatchEvent)>& sink);

 private:
  std::string line_;
};

}  // namespace pipit::kube
