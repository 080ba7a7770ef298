#include "mewz/node/status_server.h"

#include "mewz/clock.h"
#include "mewz/log.h"
#include "mewz/net/sockets.h"

namespace pipit::mewz {
namespace {

constexpr std::string_view kStates[] = {"none",    "fetching", "verifying", "starting",
                                        "running", "exited",   "failed",    "stopped"};

/// Members of a JSON object (RFC 8259), one after the other.
class Members {
 public:
  explicit Members(TextWriter& out) : out_(out) { out_ << "{"; }
  ~Members() { out_ << "}"; }
  Members(const Members&) = delete;
  TextWriter& operator[](std::string_view name) {
    out_ << (first_ ? "\"" : ",\"") << name << "\":";
    first_ = false;
    return out_;
  }
  void text(std::string_view name, std::string_view value) {
    (*this)[name] << "\"";
    for (const char& c : value) {
      const auto byte = static_cast<u8>(c);
      if (byte < 0x20 || c == '"' || c == '\\')
        (out_ << "\\u").hex(byte, 4);
      else
        out_ << std::string_view(&c, 1);
    }
    out_ << "\"";
  }

 private:
  TextWriter& out_;
  bool first_ = true;
};

void write_application(Members& device, std::string_view name, const link::AppStatus& app) {
  Members to(device[name]);
  to.text("state", kStates[static_cast<u8>(app.state)]);
  to.text("instance", app.instance);
  to.text("name", app.name);
  to.text("version", app.version);
  to.text("reason", link::reason_text(app.reason));
  to.text("message", app.message);
  to["native"] << (app.native ? "true" : "false");
}

void write_status(TextWriter& out, const agent::Agent& agent) {
  const link::DeviceStatus status = agent.status();
  Members device(out);
  device.text("device", agent.device());
  device["admitted"] << (agent.admitted() ? "true" : "false");
  device["uptime_ms"] << status.uptime_ms;
  device["generation"] << status.generation;
  write_application(device, "active", status.active);
  write_application(device, "next", status.next);
  const std::pair<std::string_view, u64> counts[] = {
      {"frames_received", status.frames_received},
      {"frames_answered", status.frames_answered},
      {"frames_dropped", status.frames_dropped},
      {"bytes_received", status.bytes_received},
      {"bytes_sent", status.bytes_sent},
      {"memory_bytes", status.static_bytes},
      {"arena_peak_bytes", status.arena_peak_bytes},
  };
  for (const auto& [name, count] : counts) device[name] << count;
}

}  // namespace

Status StatusServer::init(u16 port, const TlsFiles& files, ports::Entropy& entropy) {
  using ports::Sockets;
  if (files.key.empty())
    return Error{Code::invalid_argument, "tls.port: who is called needs tls.certificate and tls.key"};
  TRY(settings_.init(TlsSettings::Role::server, files, entropy));
  Sockets& all = sockets(Owner::kernel);
  const Sockets::Address address = {.family = Sockets::Family::inet4, .port = port};
  if (all.open(Sockets::Family::inet4, Sockets::Type::stream, listener_) != 0 ||
      all.bind(listener_, address) != 0 || all.listen(listener_, 4) != 0)
    return Error{Code::unavailable, "tls.port: the port cannot be listened on"};
  return {};
}

void StatusServer::poll(const agent::Agent& agent) {
  using State = ports::TcpStream::State;
  if (!called_) {
    u32 connection = 0;
    if (sockets(Owner::kernel).accept(listener_, connection) != 0) return;
    below_.adopt(connection);
    if (!stream_.attach().ok()) return;
    called_ = true;
    called_ms_ = clock().uptime_ms();
    request_bytes_ = answer_bytes_ = sent_ = 0;
  }
  const State state = stream_.state();
  if (state == State::open) answer_bytes_ == 0 ? read(agent) : write();
  const bool over = state == State::closed || state == State::failed;
  if (over || clock().uptime_ms() - called_ms_ > kPatienceMs) hang_up();
}

void StatusServer::read(const agent::Agent& agent) {
  const MutBytes room(reinterpret_cast<u8*>(request_) + request_bytes_, sizeof request_ - request_bytes_);
  request_bytes_ += stream_.receive(room);
  const std::string_view request(request_, request_bytes_);
  if (request.find("\r\n\r\n") == request.npos) {
    if (request_bytes_ == sizeof request_) hang_up();
    return;
  }
  TextWriter answer(answer_);
  if (request.starts_with("GET / ")) {
    answer << "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";
    write_status(answer, agent);
    answer << "\n";
  } else {
    answer << "HTTP/1.0 404 Not Found\r\n\r\n";
  }
  answer_bytes_ = answer.text().size();
  write();
}

void StatusServer::write() {
  sent_ += stream_.send(Bytes(reinterpret_cast<const u8*>(answer_) + sent_, answer_bytes_ - sent_));
  if (sent_ == answer_bytes_) hang_up();
}

void StatusServer::hang_up() {
  if (stream_.problem() != nullptr) Line() << "tls: caller: " << stream_.problem();
  stream_.close();
  called_ = false;
}

}  // namespace pipit::mewz
