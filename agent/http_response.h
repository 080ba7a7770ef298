#pragma once
#include "base/text.h"
#include "base/types.h"

namespace pipit::agent {

/// Reads the head of an HTTP/1.1 response byte by byte (RFC 9112), strictly and with bounds: the few fields a
/// range request needs are kept, a body whose length is not known beforehand is refused.
class HttpResponse {
 public:
  enum class State : u8 { reading, complete, malformed };

  /// Begins a new response.
  void reset() { *this = HttpResponse(); }
  State take(u8 byte);

  u32 status() const { return status_; }
  bool has_length() const { return has_length_; }
  u64 content_length() const { return content_length_; }
  /// Content-Range: bytes first-last/total
  bool has_range() const { return has_range_; }
  u64 range_first() const { return range_first_; }
  u64 range_last() const { return range_last_; }
  u64 range_total() const { return range_total_; }
  bool keeps_connection() const { return keep_; }

 private:
  static constexpr u32 kMaxLineBytes = 128;  ///< longer ones are none of ours and passed over
  static constexpr u32 kMaxHeadBytes = 4096;

  bool end_of_line();
  bool status_line(std::string_view line);
  bool field(std::string_view line);
  bool content_range(std::string_view value);

  char line_[kMaxLineBytes];
  u32 line_bytes_ = 0;
  u32 head_bytes_ = 0;
  bool line_too_long_ = false, first_line_ = true;
  State state_ = State::reading;
  bool has_length_ = false, has_range_ = false, keep_ = true;
  u32 status_ = 0;
  u64 content_length_ = 0, range_first_ = 0, range_last_ = 0, range_total_ = 0;
};

}  // namespace pipit::agent
