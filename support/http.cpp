#include "support/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace pipit::support {

namespace {

constexpr usize kMaxBody = usize{1} << 30;

/// One handle per thread, reused, so that connections stay alive.
CURL* thread_handle() {
  struct Handle {
    Handle() {
      static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
      handle = once == CURLE_OK ? curl_easy_init() : nullptr;
    }
    ~Handle() {
      if (handle != nullptr) curl_easy_cleanup(handle);
    }
    CURL* handle;
  };
  thread_local Handle handle;
  return handle.handle;
}

struct Exchange {
  HttpResponse response;
  const std::function<bool(std::string_view)>* chunk = nullptr;
  const std::function<bool()>* cancelled = nullptr;
  bool stopped = false;  ///< by our own wish, which is no failure
};

usize on_body(char* data, usize size, usize count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view bytes(data, size * count);
  if (exchange.chunk != nullptr) {
    if ((*exchange.chunk)(bytes)) return bytes.size();
    exchange.stopped = true;
    return 0;
  }
  if (exchange.response.body.size() + bytes.size() > kMaxBody) return 0;
  exchange.response.body += bytes;
  return bytes.size();
}

usize on_header(char* data, usize size, usize count, void* user) {
  auto& headers = static_cast<Exchange*>(user)->response.headers;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    headers.clear();  // an interim response (100 Continue) came first
    return line.size();
  }
  const usize colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  usize begin = colon + 1, end = line.size();
  while (begin < end && std::isspace(static_cast<unsigned char>(line[begin]))) ++begin;
  while (end > begin && std::isspace(static_cast<unsigned char>(line[end - 1]))) --end;
  headers[name] = std::string(line.substr(begin, end - begin));
  return line.size();
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.cancelled == nullptr || !(*exchange.cancelled)()) return 0;
  exchange.stopped = true;
  return 1;
}

/// PEM texts are given to curl as memory that it does not copy; they outlive the transfer.
void set_blob(CURL* curl, CURLoption option, const std::string& text) {
  if (text.empty()) return;
  curl_blob blob = {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(curl, option, &blob);
}

void set_tls(CURL* curl, const TlsIdentity& tls) {
  set_blob(curl, CURLOPT_CAINFO_BLOB, tls.ca);
  set_blob(curl, CURLOPT_SSLCERT_BLOB, tls.certificate);
  set_blob(curl, CURLOPT_SSLKEY_BLOB, tls.key);
  if (!tls.certificate.empty()) curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "PEM");
  if (!tls.key.empty()) curl_easy_setopt(curl, CURLOPT_SSLKEYTYPE, "PEM");
}

Result<HttpResponse> exchange_with(const HttpRequest& request, Exchange& exchange) {
  CURL* curl = thread_handle();
  if (curl == nullptr) return Error(Code::internal, "libcurl could not be initialised");
  curl_easy_reset(curl);
  char detail[CURL_ERROR_SIZE] = "";
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request.timeout_ms);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  if (request.tls != nullptr) set_tls(curl, *request.tls);
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty() || request.method != "DELETE") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    }
  }
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.response.status);
  if (code == CURLE_OK || exchange.stopped) return std::move(exchange.response);
  return Error(code == CURLE_OPERATION_TIMEDOUT ? Code::timeout : Code::unavailable,
               request.url + ": " + (detail[0] != '\0' ? detail : curl_easy_strerror(code)));
}

}  // namespace

Result<HttpResponse> http(const HttpRequest& request) {
  Exchange exchange;
  return exchange_with(request, exchange);
}

Result<HttpResponse> http_stream(const HttpRequest& request,
                                 const std::function<bool(std::string_view)>& chunk,
                                 const std::function<bool()>& cancelled) {
  Exchange exchange;
  exchange.chunk = &chunk;
  exchange.cancelled = &cancelled;
  return exchange_with(request, exchange);
}

}  // namespace pipit::support
