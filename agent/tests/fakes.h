#pragma once
#include <deque>
#include <functional>
#include <random>
#include <string>

#include "agent/tests/package.h"
#include "ports/clock.h"
#include "ports/console.h"
#include "ports/entropy.h"
#include "ports/flash.h"
#include "ports/network.h"

/// Ports that tests drive by hand.
namespace pipit::agent::testing {

class FakeClock final : public ports::Clock {
 public:
  u64 now_ms = 1000;
  u64 uptime_ms() override { return now_ms; }
  u64 realtime_ns() override { return now_ms * 1'000'000; }
  u64 instructions() override { return now_ms * 1000; }
};

class SeededEntropy final : public ports::Entropy {
 public:
  explicit SeededEntropy(u32 seed = 1) : random_(seed) {}
  void fill(MutBytes out) override {
    for (u8& byte : out) byte = static_cast<u8>(random_());
  }

 private:
  std::mt19937 random_;
};

/// NOR flash in memory. Power is cut at the n-th program or erase: that one is done by half, everything after
/// fails.
class CutFlash final : public ports::Flash {
 public:
  CutFlash(u32 size, u32 sector) : memory_(size, 0xFF), sector_(sector) {}

  u32 size_bytes() const override { return static_cast<u32>(memory_.size()); }
  u32 sector_bytes() const override { return sector_; }
  bool persistent() const override { return true; }
  Status erase(u32 offset, u32 size) override {
    EXPECT_EQ((offset | size) % sector_, 0u);
    EXPECT_LE(u64{offset} + size, memory_.size());
    const u32 part = admit(size);
    std::fill_n(memory_.begin() + offset, part, 0xFF);
    return part == size ? Status() : Status(Error{Code::io, "power is off"});
  }
  Status program(u32 offset, Bytes data) override {
    EXPECT_LE(offset + data.size(), memory_.size());
    const u32 part = admit(static_cast<u32>(data.size()));
    for (u32 i = 0; i < part; ++i) {
      EXPECT_EQ(memory_[offset + i], 0xFF) << "programmed twice at " << offset + i;
      memory_[offset + i] = data[i];
    }
    return part == data.size() ? Status() : Status(Error{Code::io, "power is off"});
  }
  Bytes view(u32 offset, u32 size) const override {
    EXPECT_LE(u64{offset} + size, memory_.size());
    return Bytes(memory_).subspan(offset, size);
  }

  /// Cut at operation `n` from now, 1 the next; 0: never.
  void cut_at(u64 n) { cut_ = n == 0 ? 0 : operations_ + n; }
  u64 operations() const { return operations_; }
  bool off() const { return cut_ != 0 && operations_ >= cut_; }
  Buffer& memory() { return memory_; }

 private:
  u32 admit(u32 bytes) {
    if (off()) return 0;
    ++operations_;
    return off() ? bytes / 2 : bytes;
  }

  Buffer memory_;
  u32 sector_;
  u64 operations_ = 0, cut_ = 0;
};

/// A stream whose other end is the test.
class ScriptedStream : public ports::TcpStream {
 public:
  State now = State::closed;
  bool refuse = false;          ///< connect() leads to failed
  usize send_room = ~usize{0};  ///< bytes taken in all
  usize piece = ~usize{0};      ///< bytes one receive() gives at most
  std::string sent;
  std::deque<u8> incoming;
  u32 connects = 0;
  std::function<void()> on_sent;

  Status connect(ports::Ipv4, u16) override {
    EXPECT_EQ(now, State::closed);
    ++connects;
    now = refuse ? State::failed : State::open;
    return {};
  }
  State state() const override { return now; }
  usize send(Bytes data) override {
    if (now != State::open) return 0;
    const usize part = std::min(data.size(), send_room);
    sent += as_text(data.first(part));
    send_room -= send_room == ~usize{0} ? 0 : part;
    if (part != 0 && on_sent) on_sent();
    return part;
  }
  usize receive(MutBytes out) override {
    const usize part = std::min({out.size(), incoming.size(), piece});
    for (usize i = 0; i < part; ++i) {
      out[i] = incoming.front();
      incoming.pop_front();
    }
    if (part == 0 && closing_) now = State::closed, closing_ = false;
    return part;
  }
  void close() override {
    now = State::closed;
    closing_ = false;
    incoming.clear();
  }
  void give(std::string_view text) {
    for (const char c : text) incoming.push_back(static_cast<u8>(c));
  }
  /// The peer closes once what it sent was read.
  void close_by_peer() { closing_ = true; }

 private:
  bool closing_ = false;
};

/// A blob server at the other end of a stream.
class BlobStream final : public ScriptedStream {
 public:
  explicit BlobStream(const Blobs& blobs) : blobs_(blobs) {
    on_sent = [this] { serve(); };
  }
  u64 served_bytes = 0;
  u32 requests = 0;
  usize break_after = ~usize{0};  ///< bytes of body after which the connection breaks, once

 private:
  void serve() {
    const usize end = sent.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::string request = sent.substr(0, end);
    sent.erase(0, end + 4);
    ++requests;
    const usize at = request.find("sha256:");
    const auto blob = blobs_.find(request.substr(at + 7, 64));
    if (blob == blobs_.end()) return give("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    const usize range = request.find("bytes=");
    const usize first = std::stoul(request.substr(range + 6));
    const usize last = std::stoul(request.substr(request.find('-', range) + 1));
    const usize length = last - first + 1;
    give("HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(length) +
         "\r\nContent-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
         std::to_string(blob->second.size()) + "\r\n\r\n");
    const usize part = std::min(length, break_after);
    for (usize i = 0; i < part; ++i) incoming.push_back(blob->second[first + i]);
    served_bytes += part;
    if (part < length) {
      break_after = ~usize{0};
      close_by_peer();
    }
  }

  const Blobs& blobs_;
};

class TextConsole final : public ports::Console {
 public:
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

}  // namespace pipit::agent::testing
