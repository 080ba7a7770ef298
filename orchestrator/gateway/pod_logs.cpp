#include "orchestrator/gateway/pod_logs.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

namespace {
constexpr usize kLineOverhead = 64;
constexpr usize kChunkBytes = 32 * 1024;
/// A file is written anew when it has so many times what a ring may hold.
constexpr usize kMostRingsInFile = 3;
constexpr const char* kEnding = ".log";
constexpr i64 kLastLinesMs = 1'000;  ///< a line may come after the news that its attempt ended
}  // namespace

void PodLogs::open(const std::string& uid, const std::string& container_key) {
  std::lock_guard lock(mutex_);
  const auto [found, fresh] = rings_.try_emplace(uid);
  if (fresh) restore(uid, found->second);
  found->second.key = container_key;
  uids_[container_key] = uid;
}

void PodLogs::restore(const std::string& uid, Ring& ring) const {
  // The API server makes uids; one that could name another folder is kept in memory alone.
  if (directory_.empty() || uid.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-") != uid.npos)
    return;
  ring.file.emplace(directory_ + "/" + uid + kEnding);
  for (LogLine& line : ring.file->load()) push(ring, std::move(line));
  if (ring.lines.empty()) return;
  ring.run = ring.lines.back().run;
  ring.last_sequence = ring.lines.back().sequence;
  ring.last_uptime_ms = ring.lines.back().uptime_ms;
}

void PodLogs::keep_only(const std::set<std::string>& uids) const {
  if (directory_.empty()) return;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto& path = entry->path();
    std::error_code ignored;
    if (path.extension() == kEnding && !uids.contains(path.stem().string()))
      std::filesystem::remove(path, ignored);
  }
}

void PodLogs::push(Ring& ring, LogLine line) {
  ring.bytes += line.text.size() + kLineOverhead;
  ring.lines.push_back(std::move(line));
  while (ring.bytes > kMaxBytesPerPod) {
    ring.bytes -= ring.lines.front().text.size() + kLineOverhead;
    ring.lines.pop_front();
    ++ring.first;
  }
}

/// Writes the last line down.
void PodLogs::keep(Ring& ring) {
  if (!ring.file || ring.lines.empty()) return;
  const support::Status kept = ring.file->bytes() > kMostRingsInFile * kMaxBytesPerPod
                                   ? ring.file->replace(ring.lines)
                                   : ring.file->append(ring.lines.back());
  if (!kept.ok() && !told_) log(Level::warn, "logs are not kept", {{"error", kept.error().text}});
  told_ = !kept.ok();
}

void PodLogs::close(const std::string& uid) {
  {
    std::lock_guard lock(mutex_);
    const auto ring = rings_.find(uid);
    if (ring == rings_.end()) return;
    if (const auto found = uids_.find(ring->second.key); found != uids_.end() && found->second == uid)
      uids_.erase(found);
    if (ring->second.file) ring->second.file->remove();
    rings_.erase(ring);
  }
  changed_.notify_all();
}

void PodLogs::append(const std::string& uid, u32 sequence, u64 uptime_ms, bool error, std::string text,
                     i64 now_ms) {
  {
    std::lock_guard lock(mutex_);
    const auto found = rings_.find(uid);
    if (found == rings_.end()) return;
    Ring& ring = found->second;
    // Delivery is at least once: the same number again at the same uptime is the same line.
    if (ring.last_sequence && sequence <= *ring.last_sequence) {
      if (sequence == *ring.last_sequence && uptime_ms == ring.last_uptime_ms) return;
      if (sequence != 0) return;
      ++ring.run;
      ring.ended_ms.reset();
    }
    ring.last_sequence = sequence;
    ring.last_uptime_ms = uptime_ms;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    push(ring, {now_ms, ring.run, sequence, uptime_ms, error, std::move(text)});
    keep(ring);
  }
  changed_.notify_all();
}

void PodLogs::started(const std::string& uid) {
  std::lock_guard lock(mutex_);
  const auto found = rings_.find(uid);
  // Its first line may have been here before the news of it.
  if (found == rings_.end() || !found->second.ended_ms) return;
  ++found->second.run;
  found->second.ended_ms.reset();
  found->second.last_sequence.reset();
}

void PodLogs::ended(const std::string& uid, i64 now_ms) {
  {
    std::lock_guard lock(mutex_);
    const auto found = rings_.find(uid);
    if (found == rings_.end() || found->second.ended_ms) return;
    found->second.ended_ms = now_ms;
  }
  changed_.notify_all();
}

std::string PodLogs::find(const std::string& container_key) const {
  std::lock_guard lock(mutex_);
  const auto found = uids_.find(container_key);
  return found == uids_.end() ? "" : found->second;
}

u64 PodLogs::start_of(const Ring& ring, const LogQuery& query) const {
  const u64 end = ring.first + ring.lines.size();
  u64 start = ring.first;
  while (start < end) {
    const LogLine& line = ring.lines[start - ring.first];
    const bool wanted_run = query.previous ? line.run + 1 == ring.run : line.run == ring.run;
    if (wanted_run && (!query.since_ms || line.at_ms >= *query.since_ms)) break;
    ++start;
  }
  if (query.tail_lines) {
    u64 last = end;
    while (query.previous && last > start && ring.lines[last - 1 - ring.first].run == ring.run) --last;
    const u64 tail = static_cast<u64>(std::max<i64>(*query.tail_lines, 0));
    if (last - start > tail) start = last - tail;
  }
  return start;
}

PodLogs::Cursor::Cursor(PodLogs& logs, std::string uid, LogQuery query)
    : logs_(logs), uid_(std::move(uid)), query_(query), left_bytes_(query_.limit_bytes.value_or(INT64_MAX)) {
  std::lock_guard lock(logs_.mutex_);
  const auto ring = logs_.rings_.find(uid_);
  ended_ = ring == logs_.rings_.end();
  if (ended_) return;
  position_ = logs_.start_of(ring->second, query_);
  run_ = ring->second.run - (query_.previous && ring->second.run > 0 ? 1 : 0);
}

std::string PodLogs::Cursor::next(u32 wait_ms) {
  std::string out;
  std::unique_lock lock(logs_.mutex_);
  const auto ready = [this] {
    const auto ring = logs_.rings_.find(uid_);
    return ring == logs_.rings_.end() || position_ < ring->second.first + ring->second.lines.size();
  };
  if (query_.follow && !query_.previous)
    logs_.changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), ready);
  const auto found = logs_.rings_.find(uid_);
  if (found == logs_.rings_.end()) {
    ended_ = true;
    return out;
  }
  const Ring& ring = found->second;
  const u64 end = ring.first + ring.lines.size();
  position_ = std::max(position_, ring.first);
  while (position_ < end && out.size() < kChunkBytes && left_bytes_ > 0) {
    const LogLine& line = ring.lines[position_ - ring.first];
    if (line.run != run_ || (query_.previous && run_ == ring.run)) break;
    ++position_;
    std::string text = query_.timestamps ? rfc3339_micro(line.at_ms) + " " + line.text : line.text;
    text += '\n';
    if (static_cast<i64>(text.size()) > left_bytes_) text.resize(static_cast<usize>(left_bytes_));
    left_bytes_ -= static_cast<i64>(text.size());
    out += text;
  }
  const bool over = run_ != ring.run || (ring.ended_ms && unix_ms() - *ring.ended_ms >= kLastLinesMs);
  if (left_bytes_ <= 0 || (out.empty() && (!query_.follow || query_.previous || over))) ended_ = true;
  return out;
}

}  // namespace pipit::gateway
