#include "orchestrator/gateway/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace pipit::gateway {

namespace {
constexpr unsigned kMaxConnections = 512;
constexpr unsigned kIdleSeconds = 60;
constexpr unsigned kThreads = 2;
constexpr usize kStreamBlock = usize{32} * 1024;
constexpr usize kMaxQueryParts = 32;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::vector<std::string> name_parts(gnutls_x509_crt_t certificate, const char* oid) {
  std::vector<std::string> out;
  for (unsigned i = 0; i < 16; ++i) {
    char text[256];
    usize size = sizeof text;
    if (gnutls_x509_crt_get_dn_by_oid(certificate, oid, i, 0, text, &size) != GNUTLS_E_SUCCESS) break;
    out.emplace_back(text, size);
  }
  return out;
}

Peer peer_of(MHD_Connection* connection) {
  Peer peer;
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  if (info == nullptr || info->tls_session == nullptr) return peer;
  auto* session = static_cast<gnutls_session_t>(info->tls_session);
  gnutls_typed_vdata_st purpose = {};
  purpose.type = GNUTLS_DT_KEY_PURPOSE_OID;
  purpose.data = reinterpret_cast<unsigned char*>(const_cast<char*>(GNUTLS_KP_TLS_WWW_CLIENT));
  unsigned status = 0;
  if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) != GNUTLS_E_SUCCESS || status != 0)
    return peer;
  unsigned count = 0;
  const gnutls_datum_t* chain = gnutls_certificate_get_peers(session, &count);
  gnutls_x509_crt_t certificate = nullptr;
  if (chain == nullptr || count == 0 || gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS) return peer;
  if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS) {
    peer.verified = true;
    const auto names = name_parts(certificate, GNUTLS_OID_X520_COMMON_NAME);
    if (!names.empty()) peer.common_name = names[0];
    peer.organizations = name_parts(certificate, GNUTLS_OID_X520_ORGANIZATION_NAME);
  }
  gnutls_x509_crt_deinit(certificate);
  return peer;
}

MHD_Result add_pair(void* target, MHD_ValueKind kind, const char* key, const char* value) {
  auto* map = static_cast<std::map<std::string, std::string>*>(target);
  if (map->size() >= kMaxQueryParts || key == nullptr) return MHD_NO;
  (*map)[kind == MHD_HEADER_KIND ? lower(key) : key] = value == nullptr ? "" : value;
  return MHD_YES;
}
}  // namespace

/// What libmicrohttpd calls back.
struct HttpAdapter {
  struct Stream {
    HttpServer* server;
    std::function<std::string(bool&)> next;
    std::string pending;
    bool end = false;
  };

  static ssize_t read_stream(void* context, std::uint64_t, char* out, size_t room) {
    auto* stream = static_cast<Stream*>(context);
    if (stream->pending.empty()) {
      if (stream->end || stream->server->stopping_) return MHD_CONTENT_READER_END_OF_STREAM;
      stream->pending = stream->next(stream->end);
      if (stream->pending.empty()) return stream->end ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    }
    const usize count = std::min(room, stream->pending.size());
    std::copy_n(stream->pending.begin(), count, out);
    stream->pending.erase(0, count);
    return static_cast<ssize_t>(count);
  }
  static void free_stream(void* context) { delete static_cast<Stream*>(context); }

  static MHD_Response* response_of(HttpServer& server, HttpAnswer& answer) {
    if (answer.stream) {
      auto* stream = new Stream{&server, std::move(answer.stream), {}, false};
      MHD_Response* made =
          MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kStreamBlock, read_stream, stream, free_stream);
      if (made == nullptr) delete stream;
      return made;
    }
    if (!answer.file.empty()) {
      const int file = open(answer.file.c_str(), O_RDONLY | O_CLOEXEC);
      if (file < 0) return nullptr;
      MHD_Response* made = MHD_create_response_from_fd_at_offset64(answer.length, file, answer.offset);
      if (made == nullptr) close(file);
      return made;
    }
    return MHD_create_response_from_buffer(answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY);
  }

  static MHD_Result respond(HttpServer& server, MHD_Connection* connection, HttpAnswer answer) {
    MHD_Response* response = response_of(server, answer);
    if (response == nullptr) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
    for (const auto& [name, value] : answer.headers)
      MHD_add_response_header(response, name.c_str(), value.c_str());
    const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return queued;
  }

  static MHD_Result access(void* self, MHD_Connection* connection, const char* url, const char* method,
                           const char*, const char*, size_t* body_size, void** state) {
    auto& server = *static_cast<HttpServer*>(self);
    // libmicrohttpd calls once with the header and then again; the answer belongs to a later call.
    static int seen;
    if (*state == nullptr) {
      *state = &seen;
      return MHD_YES;
    }
    HttpCall call;
    call.method = method;
    const bool reads = call.method == "GET" || call.method == "HEAD";
    if (*body_size != 0) {
      if (reads) return MHD_NO;
      *body_size = 0;  // passed over: an answer can be given only behind it
      return MHD_YES;
    }
    if (!reads) return respond(server, connection, {.status = 405, .body = "only GET and HEAD\n"});
    call.path = url;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_pair, &call.query);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_pair, &call.headers);
    if (server.tls_) call.peer = peer_of(connection);
    return respond(server, connection, server.handler_(call));
  }
};

support::Result<std::unique_ptr<HttpServer>> HttpServer::start(const Options& options, Handler handler) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1)
    return support::Error(Code::invalid_argument, "not an IPv4 address to listen on: " + options.host);

  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler)));
  server->tls_ = !options.certificate.empty();
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;
  flags |= options.streams ? unsigned{MHD_USE_THREAD_PER_CONNECTION} | unsigned{MHD_USE_POLL}
                           : unsigned{MHD_USE_EPOLL};
  if (server->tls_) flags |= MHD_USE_TLS;
  std::vector<MHD_OptionItem> items = {
      {MHD_OPTION_CONNECTION_LIMIT, kMaxConnections, nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, nullptr},
  };
  if (!options.streams) items.push_back({MHD_OPTION_THREAD_POOL_SIZE, kThreads, nullptr});
  const auto pem = [&](MHD_OPTION option, const std::string& text) {
    if (!text.empty()) items.push_back({option, 0, const_cast<char*>(text.c_str())});
  };
  pem(MHD_OPTION_HTTPS_MEM_CERT, options.certificate);
  pem(MHD_OPTION_HTTPS_MEM_KEY, options.key);
  pem(MHD_OPTION_HTTPS_MEM_TRUST, options.client_ca);
  items.push_back({MHD_OPTION_END, 0, nullptr});
  server->daemon_ =
      MHD_start_daemon(flags, options.port, nullptr, nullptr, HttpAdapter::access, server.get(),
                       MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_ARRAY, items.data(), MHD_OPTION_END);
  if (server->daemon_ == nullptr)
    return support::Error(Code::io, "cannot listen on " + options.host + ":" + std::to_string(options.port) +
                                        ": port in use, or certificate and key do not fit");
  const MHD_DaemonInfo* info = MHD_get_daemon_info(server->daemon_, MHD_DAEMON_INFO_BIND_PORT);
  server->port_ = info != nullptr ? info->port : options.port;
  return server;
}

HttpServer::~HttpServer() {
  stopping_ = true;
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace pipit::gateway
