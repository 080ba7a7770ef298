#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "orchestrator/gateway/log_file.h"

namespace pipit::gateway {

/// What `kubectl logs` may ask for.
struct LogQuery {
  bool follow = false, timestamps = false, previous = false;
  std::optional<i64> tail_lines;
  std::optional<i64> since_ms;  ///< Unix time
  std::optional<i64> limit_bytes;
};

/// Lines that applications printed, a bounded ring for each Pod, for the Pod's life, and on disk for the next
/// gateway. Any thread.
class PodLogs {
 public:
  static constexpr usize kMaxBytesPerPod = 256 * 1024;

  /// `directory`: where lines are kept, in a file for each Pod; empty: nowhere.
  explicit PodLogs(std::string directory = "") : directory_(std::move(directory)) {}

  /// Makes lines of `uid` be kept, and found by the container's name; those of an earlier gateway are there.
  void open(const std::string& uid, const std::string& container_key);
  /// Removes what an earlier gateway kept of Pods that are no more.
  void keep_only(const std::set<std::string>& uids) const;
  /// Forgets a Pod; readers that follow it end.
  void close(const std::string& uid);
  /// A line of a Pod's instance; `sequence` counts from 0 in each attempt, which separates attempts and drops
  /// doubles. Not kept for a Pod that is not open.
  void append(const std::string& uid, u32 sequence, u64 uptime_ms, bool error, std::string text, i64 now_ms);
  /// A new attempt of `uid` runs.
  void started(const std::string& uid);
  /// The present attempt of `uid` ended: who follows it has it all soon.
  void ended(const std::string& uid, i64 now_ms);
  /// "namespace/pod/container" → uid, or empty.
  std::string find(const std::string& container_key) const;

  /// One reader of one Pod's lines.
  class Cursor {
   public:
    Cursor(PodLogs& logs, std::string uid, LogQuery query);
    /// The next bytes for the reader. Empty: the end, or (following) nothing came within `wait_ms`; ended()
    /// tells.
    std::string next(u32 wait_ms);
    bool ended() const { return ended_; }

   private:
    PodLogs& logs_;
    std::string uid_;
    LogQuery query_;
    u64 position_ = 0;  ///< number of the next line
    u32 run_ = 0;       ///< the attempt that is read
    i64 left_bytes_;
    bool ended_ = false;
  };

 private:
  struct Ring {
    std::string key;
    std::optional<LogFile> file;
    std::deque<LogLine> lines;
    u64 first = 0;  ///< number of lines.front()
    usize bytes = 0;
    u32 run = 0;
    std::optional<i64> ended_ms;  ///< when the present attempt did
    std::optional<u32> last_sequence;
    u64 last_uptime_ms = 0;
  };
  void restore(const std::string& uid, Ring& ring) const;
  static void push(Ring& ring, LogLine line);
  void keep(Ring& ring);
  u64 start_of(const Ring& ring, const LogQuery& query) const;

  std::string directory_;
  bool told_ = false;  ///< that lines cannot be kept
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Ring> rings_;        ///< by uid
  std::map<std::string, std::string> uids_;  ///< by container key
};

}  // namespace pipit::gateway
