#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

struct MHD_Daemon;

/// A small HTTP(S) server; the only file that knows libmicrohttpd and GnuTLS is its .cpp.
namespace pipit::gateway {

/// Who the client's certificate says it is, once it was checked against the CA.
struct Peer {
  bool verified = false;
  std::string common_name;
  std::vector<std::string> organizations;
};

struct HttpCall {
  std::string method;  ///< GET or HEAD; others are answered 405 before a handler sees them
  std::string path;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  Peer peer;
};

struct HttpAnswer {
  u32 status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> headers;
  std::string file;  ///< sent instead of the body: `length` bytes from `offset`
  u64 offset = 0, length = 0;
  /// Sent instead of the body, in chunks, until it sets `end`. It may wait a second for more and return
  /// nothing.
  std::function<std::string(bool& end)> stream;
};

class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";  ///< IPv4 address to listen on
    u16 port = 0;                    ///< 0: a free one
    std::string certificate, key;    ///< PEM; with them it speaks TLS
    std::string client_ca;           ///< PEM; client certificates are asked for and checked against it
    bool streams = false;            ///< a thread for each connection, which stream() may block
  };
  /// Runs on threads of its own, several at once.
  using Handler = std::function<HttpAnswer(const HttpCall&)>;

  static support::Result<std::unique_ptr<HttpServer>> start(const Options& options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  u16 port() const { return port_; }

 private:
  friend struct HttpAdapter;
  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {}

  Handler handler_;
  MHD_Daemon* daemon_ = nullptr;
  u16 port_ = 0;
  bool tls_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace pipit::gateway
