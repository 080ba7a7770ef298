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

Json pod_stats(const PodView& pod, const MachineProcess::Usage& usage, i64 now_ms) {
  const std::string now = rfc3339(now_ms);
  const Json cpu = {{"time", now}, {"usageCoreNanoSeconds", usage.cpu_ns}};
  const Json memory = {{"time", now}, {"workingSetBytes", usage.rss_bytes}, {"rssBytes", usage.rss_bytes}};
  return {{"podRef", {{"name", pod.name}, {"namespace", pod.name_space}, {"uid", pod.uid}}},
          {"startTime", rfc3339(pod.created_ms)},
          {"containers", Json::array({{{"name", pod.container},
                                       {"startTime", rfc3339(pod.created_ms)},
                                       {"cpu", cpu},
                                       {"memory", memory}}})},
          {"cpu", cpu},
          {"memory", memory}};
}

Json device_stats(const Devices& devices, Json pods, i64 now_ms) {
  Json all = Json::array();
  for (const auto& [name, device] : devices.all()) all.push_back(one(device, now_ms));
  return {{"node", {{"nodeName", "pipit-gateway"}, {"startTime", rfc3339(now_ms)}}},
          {"pods", std::move(pods)},
          {"devices", all}};
}

}  // namespace pipit::gateway
