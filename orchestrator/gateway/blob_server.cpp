#include "orchestrator/gateway/blob_server.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "orchestrator/gateway/device.h"

namespace pipit::gateway {

namespace {
constexpr std::string_view kPrefix = "/blobs/sha256:";

std::optional<u64> number(std::string_view text) {
  u64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string value_or_empty(const std::map<std::string, std::string>& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}
}  // namespace

ByteRange parse_range(std::string_view header, u64 size) {
  const ByteRange whole{ByteRange::Kind::whole, 0, size};
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return whole;
  header.remove_prefix(kUnit.size());
  const usize dash = header.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto first = number(header.substr(0, dash)), last = number(header.substr(dash + 1));
  if (dash == 0) {  // the last N bytes
    if (!last) return whole;
    if (*last == 0 || size == 0) return {ByteRange::Kind::unsatisfiable, 0, 0};
    const u64 length = std::min(*last, size);
    return {ByteRange::Kind::part, size - length, length};
  }
  if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first)) return whole;
  if (*first >= size) return {ByteRange::Kind::unsatisfiable, 0, 0};
  const u64 end = last ? std::min(*last, size - 1) : size - 1;
  return {ByteRange::Kind::part, *first, end - *first + 1};
}

support::Status BlobServer::start(const std::string& host, u16 port, const LinkTls* tls) {
  HttpServer::Options options;
  options.host = host;
  options.port = port;
  if (tls != nullptr) {
    options.certificate = tls->certificate();
    options.key = tls->key();
    options.client_ca = tls->client_ca();
  }
  const bool known_only = !options.client_ca.empty();
  server_ = TRY(HttpServer::start(options, [this, known_only](const HttpCall& call) {
    if (known_only && !call.peer.verified)
      return HttpAnswer{.status = 403, .body = "a certificate of the platform's authority is needed\n"};
    return answer(call);
  }));
  return {};
}

support::Status BlobServer::start_plain(const std::string& host, u16 port) {
  HttpServer::Options options;
  options.host = host;
  options.port = port;
  plain_ = TRY(HttpServer::start(options, [this](const HttpCall& call) { return answer(call); }));
  return {};
}

HttpAnswer BlobServer::answer(const HttpCall& call) {
  if (call.path == "/stats")
    return {.content_type = "application/json", .body = support::dump(stats(), 2) + "\n"};
  if (!call.path.starts_with(kPrefix)) return {.status = 404, .body = "not found\n"};
  const std::string hex = call.path.substr(kPrefix.size());
  HttpAnswer out;
  out.file = images_.blob_file(hex);
  struct stat facts = {};
  if (out.file.empty() || stat(out.file.c_str(), &facts) != 0)
    return {.status = 404, .body = "no such blob\n"};
  const u64 size = static_cast<u64>(facts.st_size);
  const ByteRange range = parse_range(value_or_empty(call.headers, "range"), size);
  const std::string total = "/" + std::to_string(size);
  if (range.kind == ByteRange::Kind::unsatisfiable)
    return {.status = 416, .body = "range past the end\n", .headers = {{"Content-Range", "bytes *" + total}}};
  out.content_type = "application/octet-stream";
  out.headers = {{"Accept-Ranges", "bytes"}, {"ETag", "\"sha256:" + hex + "\""}};
  out.offset = range.offset;
  out.length = range.length;
  if (range.kind == ByteRange::Kind::part) {
    out.status = 206;
    out.headers["Content-Range"] = "bytes " + std::to_string(range.offset) + "-" +
                                   std::to_string(range.offset + range.length - 1) + total;
  }
  if (call.method == "HEAD") return out;
  std::string device = value_or_empty(call.headers, "x-pipit-device");
  if (!valid_device_name(device)) device = "unnamed";
  std::lock_guard lock(mutex_);
  const bool room = counters_ < kMaxCounters;
  u64& sent = sent_[room || sent_.contains(device) ? device : "others"][room ? hex : "others"];
  if (sent == 0) ++counters_;
  sent += range.length;
  return out;
}

support::Json BlobServer::stats() const {
  std::lock_guard lock(mutex_);
  support::Json out = support::Json::object();
  for (const auto& [device, blobs] : sent_)
    for (const auto& [hex, bytes] : blobs) out["sentBytes"][device]["sha256:" + hex] = bytes;
  return out;
}

}  // namespace pipit::gateway
