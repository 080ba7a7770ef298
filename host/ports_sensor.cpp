#include "host/ports_sensor.h"

#include <cerrno>
#include <cstring>

#include "support/hex.h"
#include "support/json.h"

namespace pipit::host {

Result<u32> ReplaySensor::open(std::string_view name) {
  for (u32 i = 0; i < sources_.size(); ++i)
    if (sources_[i].name == name) return i;
  return Error{Code::not_found, "no such sensor"};
}

Result<bool> ReplaySensor::read(u32 handle, MutBytes out, ports::FrameInfo& info) {
  if (handle >= sources_.size()) return Error{Code::not_found, "not a sensor's handle"};
  Source& source = sources_[handle];
  if (source.next == source.frames->count()) return Error{Code::cancelled, "the data set is at its end"};
  const Bytes frame = source.frames->frame(source.next);
  if (frame.size() > out.size()) return Error{Code::out_of_range, "frame is larger than the buffer"};
  std::memcpy(out.data(), frame.data(), frame.size());
  info = source.frames->info();
  info.sequence = source.next++;
  info.timestamp_ms = clock_.uptime_ms();
  return true;
}

support::Result<std::unique_ptr<FileTelemetry>> FileTelemetry::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return support::Error(Code::io, path + ": " + std::strerror(errno));
  return std::unique_ptr<FileTelemetry>(new FileTelemetry(file));
}

FileTelemetry::~FileTelemetry() { std::fclose(file_); }

Result<bool> FileTelemetry::publish(std::string_view name, u32 sequence, Bytes payload) {
  const std::string line =
      support::dump(support::Json{
          {"name", std::string(name)}, {"sequence", sequence}, {"payload", support::hex(payload)}}) +
      "\n";
  // Flushed at once: whoever follows the file sees each result, and none is lost when the run is stopped.
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0)
    return Error{Code::io, "cannot write the telemetry file"};
  return true;
}

}  // namespace pipit::host
