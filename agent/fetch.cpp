#include "agent/fetch.h"

#include <algorithm>

namespace pipit::agent {
namespace {

constexpr u32 kSilenceMs = 10'000;  ///< longest wait for a connection or for the next byte
constexpr u32 kFirstBackoffMs = 200, kLongestBackoffMs = 5'000;
constexpr u32 kMaxFailures = 8;  ///< in a row without a byte of body: half a minute at most
constexpr u32 kReadsPerStep = 4;

}  // namespace

Fetch::Fetch(ports::Clock& clock, ports::Entropy& entropy, ports::TcpStream& stream, ports::Flash& flash,
             MutBytes buffer, u32 range_bytes)
    : clock_(&clock),
      stream_(&stream),
      flash_(&flash),
      buffer_(buffer),
      range_bytes_(range_bytes),
      backoff_(clock, entropy, kFirstBackoffMs, kLongestBackoffMs) {}

void Fetch::start(const link::Digest& digest, u32 size, u32 flash_offset) {
  digest_ = digest;
  size_ = size;
  flash_offset_ = flash_offset;
  offset_ = 0;
  hash_ = Sha256();
  failure_ = Failure();
  backoff_.reset();
  state_ = State::running;
  phase_ = Phase::waiting;
  if (size == 0) finish();
}

void Fetch::cancel() {
  state_ = State::idle;
  stream_->close();
}

void Fetch::fail(link::Reason reason, const char* why) {
  stream_->close();
  state_ = State::failed;
  failure_.set(reason) << std::string_view(why) << " (at " << offset_ << " of " << size_ << " bytes)";
}

void Fetch::retry(const char* why) {
  stream_->close();
  phase_ = Phase::waiting;
  backoff_.fail();
  if (backoff_.failures() < kMaxFailures) return;
  const char* known = stream_->problem();
  fail(link::Reason::fetch_failed, known != nullptr ? known : why);
}

bool Fetch::step() {
  if (state_ != State::running) return false;
  switch (phase_) {
    case Phase::waiting:
    case Phase::connecting: return open_step();
    case Phase::asking: return ask_step();
    default: return receive_step();
  }
}

u32 Fetch::range_end() const { return std::min(size_ - offset_, range_bytes_) + offset_; }

bool Fetch::open_step() {
  using Stream = ports::TcpStream::State;
  const Stream stream = stream_->state();
  if (phase_ == Phase::waiting) {
    if (!backoff_.due()) return false;
    // Kept alive since the last request, unless the server has closed it meanwhile.
    if (stream == Stream::open) {
      phase_ = Phase::asking;
    } else {
      if (stream != Stream::closed) stream_->close();
      if (!stream_->connect(server_.host, server_.port).ok()) {
        retry("cannot connect to the blob server");
        return true;
      }
      phase_ = Phase::connecting;
    }
    progress_ms_ = clock_->uptime_ms();
    request_bytes_ = request_sent_ = 0;
    return true;
  }
  if (stream == Stream::open) {
    phase_ = Phase::asking;
    return true;
  }
  if (stream != Stream::connecting || clock_->uptime_ms() - progress_ms_ > kSilenceMs)
    retry("the blob server does not answer");
  return false;
}

bool Fetch::ask_step() {
  if (request_bytes_ == 0) {
    TextWriter out({reinterpret_cast<char*>(buffer_.data()), buffer_.size()});
    out << "GET /blobs/sha256:";
    out.hex(digest_) << " HTTP/1.1\r\nHost: " << u32{server_.host[0]} << "." << u32{server_.host[1]} << "."
                     << u32{server_.host[2]} << "." << u32{server_.host[3]} << ":" << u32{server_.port}
                     << "\r\nRange: bytes=" << offset_ << "-" << range_end() - 1
                     << "\r\nX-Pipit-Device: " << server_.device << "\r\n\r\n";
    request_bytes_ = out.text().size();
    request_sent_ = 0;
  }
  const usize sent = stream_->send(Bytes(buffer_).subspan(request_sent_, request_bytes_ - request_sent_));
  request_sent_ += sent;
  bytes_sent_ += sent;
  if (request_sent_ == request_bytes_) {
    phase_ = Phase::head;
    response_.reset();
    progress_ms_ = clock_->uptime_ms();
    return true;
  }
  if (stream_->state() != ports::TcpStream::State::open || clock_->uptime_ms() - progress_ms_ > kSilenceMs)
    retry("the blob server closed the connection");
  return sent != 0;
}

bool Fetch::receive_step() {
  bool moved = false;
  for (u32 reads = 0; reads < kReadsPerStep && (phase_ == Phase::head || phase_ == Phase::body); ++reads) {
    const usize got = stream_->receive(buffer_);
    if (got == 0) break;
    moved = true;
    bytes_received_ += got;
    progress_ms_ = clock_->uptime_ms();
    Bytes data = Bytes(buffer_).first(got);
    if (phase_ == Phase::head && !take_head(data)) return true;
    if (phase_ == Phase::body && !take_body(data)) return true;
  }
  if (moved || state_ != State::running || phase_ == Phase::waiting) return moved;
  if (stream_->state() != ports::TcpStream::State::open)
    retry("the blob server closed the connection");
  else if (clock_->uptime_ms() - progress_ms_ > kSilenceMs)
    retry("the blob server fell silent");
  return false;
}

/// Leaves what follows the head in `data`. False when this request is over.
bool Fetch::take_head(Bytes& data) {
  auto state = HttpResponse::State::reading;
  while (!data.empty() && state == HttpResponse::State::reading) {
    state = response_.take(data[0]);
    data = data.subspan(1);
  }
  if (state == HttpResponse::State::malformed) {
    retry("the blob server's answer is no HTTP response of known length");
    return false;
  }
  return state == HttpResponse::State::reading || accept_response();
}

bool Fetch::accept_response() {
  const u32 status = response_.status();
  if (status >= 400 && status < 500 && status != 408 && status != 429) {
    failure_.set(link::Reason::fetch_failed) << "the blob server answered " << status;
    stream_->close();
    state_ = State::failed;
    return false;
  }
  const u64 length = response_.content_length();
  const u32 end = range_end();
  const bool part = status == 206 && response_.has_range() && response_.range_first() == offset_ &&
                    response_.range_last() == end - 1 && response_.range_total() == size_ &&
                    response_.has_length() && length == end - offset_;
  // A server without ranges sends all; that serves only from the start.
  const bool whole = status == 200 && offset_ == 0 && response_.has_length() && length == size_;
  if (!part && !whole) {
    if (status == 206 || status == 200)
      fail(link::Reason::fetch_failed, "the blob server sent another range or size than asked for");
    else
      retry("the blob server failed");
    return false;
  }
  body_left_ = static_cast<u32>(length);
  phase_ = Phase::body;
  return true;
}

/// False when this request is over.
bool Fetch::take_body(Bytes data) {
  const bool too_much = data.size() > body_left_;
  if (too_much) data = data.first(body_left_);
  if (!data.empty()) {
    const Status written = flash_->program(flash_offset_ + offset_, data);
    if (!written.ok()) {
      stream_->close();
      state_ = State::failed;
      failure_.set(link::Reason::storage_failed, written.error());
      return false;
    }
    hash_.update(data);
    offset_ += static_cast<u32>(data.size());
    body_left_ -= static_cast<u32>(data.size());
    backoff_.reset();
  }
  if (body_left_ != 0) return true;
  end_of_body();
  // Bytes nobody asked for: whatever they are, the next answer would be misread after them.
  if (too_much) stream_->close();
  return false;
}

void Fetch::end_of_body() {
  phase_ = Phase::waiting;
  if (!response_.keeps_connection()) stream_->close();
  if (offset_ == size_) finish();
}

void Fetch::finish() {
  if (hash_.finish() == digest_)
    state_ = State::done;
  else
    fail(link::Reason::digest_mismatch, "the blob has another digest than the manifest says");
}

}  // namespace pipit::agent
