#pragma once
#include <functional>
#include <map>
#include <string>

#include "orchestrator/kube/client.h"
#include "orchestrator/kube/watch.h"

namespace pipit::kube {

/// One change of a watched collection.
struct Delta {
  enum class Type {
    upsert,   ///< object is there, or changed
    removed,  ///< object is gone; `object` is its last state as far as known, at least its metadata
    synced,   ///< every object of the first list was delivered; no object
  };
  Type type = Type::upsert;
  support::Json object;
};

struct ListWatchOptions {
  std::string path;   ///< of the collection: path_of(kPods)
  std::string query;  ///< "fieldSelector=…", already encoded; may be empty
  u32 page_size = 500;
  u32 watch_seconds = 60;  ///< the server ends a watch after this time, and we resume it
  u32 idle_seconds = 75;   ///< without a byte for longer than a watch may last the connection is dead
  /// Objects it refuses are treated as not being there.
  std::function<bool(const support::Json&)> keep;
};

/// Follows one collection: a list, then watches that resume from the last resourceVersion seen, then a list
/// again when the server no longer knows that version. It delivers differences: an object that vanished or
/// was replaced by one of the same name while nobody watched is delivered as removed. Holds only names, uids
/// and versions. One thread.
class ListWatch {
 public:
  using Sink = std::function<void(Delta)>;
  ListWatch(const Reader& reader, ListWatchOptions options, Sink sink)
      : reader_(reader), options_(std::move(options)), sink_(std::move(sink)) {}

  /// Lists once and delivers what differs from what was delivered before; an error changes nothing.
  Status list();
  /// Watches until the stream ends. Success: call watch() again. An error with gone(): call list(). Any other
  /// error: wait, then watch() again.
  Status watch(const std::function<bool()>& cancelled);
  bool listed() const { return !version_.empty(); }

 private:
  struct Known {
    std::string uid, version;
  };
  Result<std::map<std::string, support::Json>> fetch_pages(std::string& version) const;
  void deliver(support::Json object);
  void deliver_removed(const std::string& key, support::Json object);
  Status handle(WatchType type, support::Json object);

  const Reader& reader_;
  ListWatchOptions options_;
  Sink sink_;
  std::map<std::string, Known> known_;  ///< by "namespace/name"
  std::string version_;                 ///< resourceVersion to watch from
  bool synced_ = false;
};

}  // namespace pipit::kube
