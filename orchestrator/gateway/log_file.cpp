#include "orchestrator/gateway/log_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/files.h"

namespace pipit::gateway {
namespace {

constexpr u64 kMostBytes = u64{16} << 20;

/// A head of numbers in decimal, the last of which is the text's size; then the text, which may hold
/// anything.
std::string written(const LogLine& line) {
  std::ostringstream out;
  out << line.at_ms << ' ' << line.run << ' ' << line.sequence << ' ' << line.uptime_ms << ' ' << line.error
      << ' ' << line.text.size() << '\n'
      << line.text << '\n';
  return std::move(out).str();
}

bool read(std::istream& in, LogLine& line) {
  u64 size = 0;
  in >> line.at_ms >> line.run >> line.sequence >> line.uptime_ms >> line.error >> size;
  if (!in || in.get() != '\n' || size > kMostBytes) return false;
  line.text.resize(size);
  return in.read(line.text.data(), static_cast<std::streamsize>(size)) && in.get() == '\n';
}

}  // namespace

std::deque<LogLine> LogFile::load() {
  std::deque<LogLine> lines;
  std::ifstream in(path_, std::ios::binary);
  LogLine line;
  for (bytes_ = 0; in && read(in, line); bytes_ = static_cast<u64>(in.tellg())) lines.push_back(line);
  std::error_code ignored;
  if (std::filesystem::file_size(path_, ignored) != bytes_ && !ignored)
    std::filesystem::resize_file(path_, bytes_, ignored);
  return lines;
}

support::Status LogFile::append(const LogLine& line) {
  const std::string text = written(line);
  std::ofstream out(path_, std::ios::binary | std::ios::app);
  out << text << std::flush;
  out.close();
  if (!out) {
    std::error_code ignored;  // no half a line before the next
    std::filesystem::resize_file(path_, bytes_, ignored);
    return support::Error(Code::io, path_ + ": a line cannot be written; is the disk full?");
  }
  bytes_ += text.size();
  return {};
}

support::Status LogFile::replace(const std::deque<LogLine>& lines) {
  std::string all;
  for (const LogLine& line : lines) all += written(line);
  TRY(support::write_file(path_, as_bytes(all)));
  bytes_ = all.size();
  return {};
}

void LogFile::remove() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  bytes_ = 0;
}

}  // namespace pipit::gateway
