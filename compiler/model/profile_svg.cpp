#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "compiler/model/profile.h"

namespace pipit::model {
namespace {

/// Places in pixels: rows of one operator, two columns of bars.
constexpr int kRow = 18, kTop = 64, kLabel = 300, kBar = 260, kGap = 90,
              kWidth = kLabel + 2 * (kBar + kGap) + 20;

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

void append(std::string& svg, const char* format, ...) __attribute__((format(printf, 2, 3)));
void append(std::string& svg, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  svg += line;
}

std::string bytes_text(u64 bytes) {
  char text[32];
  if (bytes < 10240)
    std::snprintf(text, sizeof text, "%llu B", static_cast<unsigned long long>(bytes));
  else
    std::snprintf(text, sizeof text, "%.1f KiB", static_cast<f64>(bytes) / 1024);
  return text;
}

}  // namespace

std::string profile_svg(const Profile& profile) {
  const int height = kTop + kRow * static_cast<int>(profile.operators.size()) + 40;
  const int memory = kLabel + kBar + kGap;
  f64 slowest = 1e-9;
  u64 most = std::max<u64>(profile.arena_bytes, 1);
  for (const OperatorProfile& op : profile.operators) {
    slowest = std::max(slowest, op.microseconds);
    most = std::max(most, op.live_bytes);
  }
  std::string svg;
  append(svg,
         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
         "font-family=\"sans-serif\" font-size=\"12\">\n",
         kWidth, height, kWidth, height);
  append(svg, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
  append(svg, "<text x=\"12\" y=\"24\" font-size=\"16\" font-weight=\"bold\">%.80s</text>\n",
         escaped(profile.model).c_str());
  append(svg, "<text x=\"12\" y=\"46\" fill=\"#555\">%zu operators, %.2f million MACs, flash %s</text>\n",
         profile.operators.size(), static_cast<f64>(profile.macs) / 1e6,
         bytes_text(profile.flash_bytes).c_str());
  append(svg, "<text x=\"%d\" y=\"46\" font-weight=\"bold\">time, %.1f µs in all</text>\n", kLabel,
         profile.microseconds());
  append(svg, "<text x=\"%d\" y=\"46\" font-weight=\"bold\">memory alive, arena %s</text>\n", memory,
         bytes_text(profile.arena_bytes).c_str());
  int y = kTop;
  for (const OperatorProfile& op : profile.operators) {
    const int baseline = y + 13;
    const f64 time = op.microseconds / slowest * kBar;
    const f64 live = static_cast<f64>(op.live_bytes) / static_cast<f64>(most) * kBar;
    append(svg,
           "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.40s <tspan fill=\"#777\">%.20s %s</tspan></text>\n",
           kLabel - 10, baseline, escaped(op.opcode).c_str(), op.shape.c_str(), op.type.c_str());
    append(svg, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#2b6cb0\"/>", kLabel, y + 2,
           time, kRow - 4);
    append(svg, "<text x=\"%.1f\" y=\"%d\" fill=\"#333\">%.1f µs</text>\n", kLabel + time + 5, baseline,
           op.microseconds);
    append(svg, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#dd8a2e\"/>", memory, y + 2,
           live, kRow - 4);
    append(svg, "<text x=\"%.1f\" y=\"%d\" fill=\"#333\">%s</text>\n", memory + live + 5, baseline,
           bytes_text(op.live_bytes).c_str());
    y += kRow;
  }
  const f64 arena = memory + static_cast<f64>(profile.arena_bytes) / static_cast<f64>(most) * kBar;
  append(svg,
         "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#a33\" stroke-dasharray=\"4 3\"/>\n",
         arena, kTop - 6, arena, y + 6);
  append(svg, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"end\" fill=\"#a33\">arena</text>\n", arena, y + 20);
  svg += "</svg>\n";
  return svg;
}

}  // namespace pipit::model
