#include "orchestrator/gateway/stats.h"

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Json;

namespace {
Json one(const Device& device, i64 now_ms) {
  Json out = {{"name", device.identity.name},
              {"alive", device.alive},
              {"bootID", boot_text(device.identity.boot_id)}};
  if (!device.report) return out;
  const DeviceReport& report = *device.report;
  out["bootCount"] = report.boot_count;
  out["uptimeMs"] = report.uptime_ms;
  out["frames"] = {{"received", report.frames_received},
                   {"dropped", report.frames_dropped},
                   {"answered", report.frames_answered}};
  out["network"] = {{"rxBytes", report.bytes_received}, {"txBytes", report.bytes_sent}};
  out["memory"] = {{"time", rfc3339(now_ms)},
                   {"staticBytes", report.static_bytes},
                   {"stackPeakBytes", report.stack_peak_bytes},
                   {"heapPeakBytes", report.heap_peak_bytes},
                   {"arenaPeakBytes", report.arena_peak_bytes}};
  out["handOver"] = {{"count", report.handovers},
                     {"instructions", report.handover_instructions},
                     {"framesDelayed", report.handover_frames_delayed}};
  return out;
}
}  // namespace

Json device_stats(const Devices& devices, i64 now_ms) {
  Json all = Json::array();
  for (const auto& [name, device] : devices.all()) all.push_back(one(device, now_ms));
  return {{"node", {{"nodeName", "pipit-gateway"}, {"startTime", rfc3339(now_ms)}}},
          {"pods", Json::array()},
          {"devices", all}};
}

}  // namespace pipit::gateway
