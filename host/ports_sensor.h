#pragma once
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "host/dataset.h"
#include "ports/clock.h"
#include "ports/sensor.h"

namespace pipit::host {

/// Replays data sets as sensors, as fast as they are read; a sensor at its end is cancelled.
class ReplaySensor final : public ports::Sensor {
 public:
  explicit ReplaySensor(ports::Clock& clock) : clock_(clock) {}
  /// `frames` stays the caller's and must outlive this.
  void add(std::string name, const Dataset& frames) { sources_.push_back({std::move(name), &frames, 0}); }
  Result<u32> open(std::string_view name) override;
  Result<bool> read(u32 handle, MutBytes out, ports::FrameInfo& info) override;

 private:
  struct Source {
    std::string name;
    const Dataset* frames;
    u32 next;  ///< also the sequence number of the next frame
  };
  ports::Clock& clock_;
  std::vector<Source> sources_;
};

/// Writes each result as one line of JSON: {"name": "logits", "sequence": 7, "payload": "<hex>"}.
class FileTelemetry final : public ports::Telemetry {
 public:
  static support::Result<std::unique_ptr<FileTelemetry>> create(const std::string& path);
  ~FileTelemetry();
  Result<bool> publish(std::string_view name, u32 sequence, Bytes payload) override;

 private:
  explicit FileTelemetry(std::FILE* file) : file_(file) {}
  std::FILE* file_;
};

/// Takes results and forgets them, for runs that look only at the program.
class NoTelemetry final : public ports::Telemetry {
 public:
  Result<bool> publish(std::string_view, u32, Bytes) override { return true; }
};

}  // namespace pipit::host
