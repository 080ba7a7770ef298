#include "cli/up/report.h"

#include <cstdio>

#include "support/table.h"

namespace pipit::up {

using support::human_bytes;
using support::Json;

namespace {

Json json_of(const FeedResult& feed) {
  return {{"sent", feed.sent},      {"answered", feed.answered},     {"late", feed.late},
          {"lost", feed.lost},      {"duplicates", feed.duplicates}, {"different", feed.different},
          {"correct", feed.correct}};
}

Json json_of(const DeviceResult& device) {
  return {
      {"board", device.board},
      {"arch", device.arch},
      {"persistent", device.persistent},
      {"sensorQueue", device.sensor_queue},
      {"feed", json_of(device.feed)},
      {"handover",
       {{"feed", json_of(device.handover.feed)},
        {"restarted", device.handover.restarted},
        {"native", device.handover.native},
        {"framesDelayed", device.handover.frames_delayed},
        {"instructions", device.handover.instructions},
        {"updateBytes", device.handover.update_bytes},
        {"bytesReceived", device.handover.bytes_received}}},
      {"trap",
       {{"feed", json_of(device.trap.feed)},
        {"reason", device.trap.reason},
        {"message", device.trap.message}}},
      {"power",
       {{"notReadySeconds", device.power.not_ready_s},
        {"readySeconds", device.power.ready_s},
        {"answeringSeconds", device.power.answering_s},
        {"bytesReceived", device.power.bytes_received}}},
      {"bytesReceived", device.bytes_received},
      {"bytesSent", device.bytes_sent},
      {"staticBytes", device.static_bytes},
      {"stackPeakBytes", device.stack_peak_bytes},
      {"heapPeakBytes", device.heap_peak_bytes},
      {"arenaPeakBytes", device.arena_peak_bytes},
  };
}

std::string percent(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.2f %%", value);
  return text;
}

std::string accuracy(const FeedResult& feed) {
  return feed.answered == 0 ? "-" : percent(100.0 * feed.correct / feed.answered);
}

std::string seconds(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f s", value);
  return text;
}

/// A peak that a device does not measure is not zero.
std::string peak(u64 bytes) { return bytes == 0 ? "-" : human_bytes(bytes); }

/// One row of the table: what, and its value for a device.
struct Row {
  const char* what;
  std::string (*value)(const DeviceResult&, const FirmwareResult&);
};
using D = DeviceResult;
using F = FirmwareResult;
const Row kRows[] = {
    {"board", [](const D& d, const F&) { return d.board; }},
    {"instruction set", [](const D& d, const F&) { return d.arch; }},
    {"firmware text + rodata", [](const D&, const F& f) { return human_bytes(f.text); }},
    {"firmware data", [](const D&, const F& f) { return human_bytes(f.data); }},
    {"firmware bss", [](const D&, const F& f) { return human_bytes(f.bss); }},
    {"RAM static", [](const D& d, const F&) { return human_bytes(d.static_bytes); }},
    {"stack peak", [](const D& d, const F&) { return peak(d.stack_peak_bytes); }},
    {"network heap peak", [](const D& d, const F&) { return peak(d.heap_peak_bytes); }},
    {"application arena peak", [](const D& d, const F&) { return human_bytes(d.arena_peak_bytes); }},
    {"sensor queue, frames", [](const D& d, const F&) { return std::to_string(d.sensor_queue); }},
    {"images sent", [](const D& d, const F&) { return std::to_string(d.feed.sent); }},
    {"answered", [](const D& d, const F&) { return std::to_string(d.feed.answered); }},
    {"late", [](const D& d, const F&) { return std::to_string(d.feed.late); }},
    {"lost", [](const D& d, const F&) { return std::to_string(d.feed.lost); }},
    {"outputs unlike the host's", [](const D& d, const F&) { return std::to_string(d.feed.different); }},
    {"accuracy on these images", [](const D& d, const F&) { return accuracy(d.feed); }},
    {"roll-out: images lost",
     [](const D& d, const F&) {
       return std::to_string(d.handover.feed.lost) + " of " + std::to_string(d.handover.feed.sent);
     }},
    {"roll-out: frames delayed",
     [](const D& d, const F&) { return std::to_string(d.handover.frames_delayed); }},
    {"roll-out: gap, instructions (mewz: cycles)",
     [](const D& d, const F&) { return std::to_string(d.handover.instructions); }},
    {"roll-out: package bytes fetched",
     [](const D& d, const F&) { return human_bytes(d.handover.update_bytes); }},
    {"roll-out: bytes received, images too",
     [](const D& d, const F&) { return human_bytes(d.handover.bytes_received); }},
    {"roll-out: runs native code",
     [](const D& d, const F&) { return std::string(d.handover.native ? "yes" : "no"); }},
    {"roll-out: device restarted",
     [](const D& d, const F&) { return std::string(d.handover.restarted ? "YES" : "no"); }},
    {"broken release: images lost",
     [](const D& d, const F&) {
       return std::to_string(d.trap.feed.lost) + " of " + std::to_string(d.trap.feed.sent);
     }},
    {"broken release: Pod says", [](const D& d, const F&) { return d.trap.reason; }},
    {"power cut: NotReady after", [](const D& d, const F&) { return seconds(d.power.not_ready_s); }},
    {"power on: Ready after", [](const D& d, const F&) { return seconds(d.power.ready_s); }},
    {"power on: answers after", [](const D& d, const F&) { return seconds(d.power.answering_s); }},
    {"power on: bytes until it ran",
     [](const D& d, const F&) { return human_bytes(d.power.bytes_received); }},
    {"bytes received by the device", [](const D& d, const F&) { return human_bytes(d.bytes_received); }},
    {"bytes sent by the device", [](const D& d, const F&) { return human_bytes(d.bytes_sent); }},
};

}  // namespace

Json Report::json() const {
  Json firmware_json = Json::object();
  for (const auto& [board, sizes] : firmware)
    firmware_json[board] = {{"text", sizes.text}, {"data", sizes.data}, {"bss", sizes.bss}};
  Json devices_json = Json::object();
  for (const auto& [name, device] : devices) devices_json[name] = json_of(device);
  return {{"ok", failures.empty()},        {"failures", failures},      {"fp32Percent", fp32_percent},
          {"int8Percent", int8_percent},   {"wasmBytes", wasm_bytes},   {"modelBytes", model_bytes},
          {"packageBytes", package_bytes}, {"firmware", firmware_json}, {"devices", devices_json}};
}

std::string Report::table() const {
  std::string text = support::format_table({"application", ""},
                                           {{"Wasm module", human_bytes(wasm_bytes)},
                                            {"planned model", human_bytes(model_bytes)},
                                            {"package", human_bytes(package_bytes)},
                                            {"accuracy, 10,000 test images, fp32", percent(fp32_percent)},
                                            {"accuracy, 10,000 test images, int8", percent(int8_percent)}},
                                           {false, true});
  std::vector<std::string> header = {"fleet"};
  std::vector<bool> right = {false};
  for (const auto& [name, device] : devices) {
    header.push_back(name);
    right.push_back(true);
  }
  std::vector<std::vector<std::string>> rows;
  for (const Row& row : kRows) {
    std::vector<std::string> cells = {row.what};
    for (const auto& [name, device] : devices) {
      const auto sizes = firmware.find(device.board);
      cells.push_back(row.value(device, sizes == firmware.end() ? FirmwareResult{} : sizes->second));
    }
    rows.push_back(std::move(cells));
  }
  return text + "\n" + support::format_table(header, rows, right);
}

}  // namespace pipit::up
