#include "mewz/boot/command_line.h"

#include <algorithm>

#include "base/ipv4.h"
#include "base/text.h"

namespace pipit::mewz {
namespace {

bool parse_hex(std::string_view text, u64& out) {
  if (text.empty() || text.size() > 16) return false;
  out = 0;
  for (const char c : text) {
    const u32 digit = c >= '0' && c <= '9'   ? static_cast<u32>(c - '0')
                      : c >= 'a' && c <= 'f' ? static_cast<u32>(c - 'a') + 10
                      : c >= 'A' && c <= 'F' ? static_cast<u32>(c - 'A') + 10
                                             : 16;
    if (digit == 16) return false;
    out = out << 4 | digit;
  }
  return true;
}

/// Decimal digits up to `most`, all of `text`.
bool parse_number(std::string_view text, u64 most, u64& out) {
  return parse_decimal(text, out) && out <= most;
}

/// The part of `rest` before `separator`, which with what is before it is taken off; all of it without one.
std::string_view take(std::string_view& rest, char separator) {
  const usize at = rest.find(separator);
  const std::string_view part = slice(rest, 0, at);
  rest = at == std::string_view::npos ? std::string_view() : slice(rest, at + 1);
  return part;
}

/// Decodes %XX into the text the command line keeps.
bool decode(CommandLine& out, std::string_view value, std::string_view& decoded) {
  const u32 start = out.text_bytes;
  for (usize i = 0; i < value.size(); ++i) {
    u64 byte = static_cast<u8>(value[i]);
    if (value[i] == '%') {
      if (value.size() - i < 3 || !parse_hex(slice(value, i + 1, 2), byte) || byte == 0) return false;
      i += 2;
    }
    if (out.text_bytes == CommandLine::kMaxText) return false;
    out.text[out.text_bytes++] = static_cast<char>(byte);
  }
  decoded = {out.text + start, out.text_bytes - start};
  return true;
}

using Parser = bool (*)(CommandLine& out, std::string_view value);

bool take_argument(CommandLine& out, std::string_view value) {
  return out.argument_count < CommandLine::kMaxArguments &&
         decode(out, value, out.arguments[out.argument_count++]);
}
bool take_environment(CommandLine& out, std::string_view value) {
  return out.environment_count < CommandLine::kMaxArguments && value.find('=') != std::string_view::npos &&
         value[0] != '=' && decode(out, value, out.environment[out.environment_count++]);
}
bool take_transport(CommandLine& out, std::string_view value) {
  if (out.transport_count == CommandLine::kMaxTransports) return false;
  u64 bytes = 0, address = 0, line = 0;
  const std::string_view size = take(value, '@');
  const std::string_view where = take(value, ':');
  const bool kilo = size.ends_with('K');
  if (!parse_number(slice(size, 0, size.size() - (kilo ? 1 : 0)), 65536, bytes)) return false;
  if (!where.starts_with("0x") || !parse_hex(slice(where, 2), address) ||
      !parse_number(take(value, ':'), 255, line))
    return false;
  if (kilo) bytes *= 1024;
  if (bytes < 0x200 || bytes > 65536 || address % 4 != 0 || address > 0xFFFF'FFFF'F000) return false;
  out.transports[out.transport_count++] = {address, static_cast<u32>(bytes), static_cast<u32>(line)};
  return true;
}
bool take_mount(CommandLine& out, std::string_view value) {
  if (out.mount_count == CommandLine::kMaxMounts) return false;
  Mount& mount = out.mounts[out.mount_count];
  const std::string_view tag = take(value, ':');
  if (tag.empty() || value.empty() || !decode(out, tag, mount.tag) || !decode(out, value, mount.path))
    return false;
  ++out.mount_count;
  return true;
}
bool take_scratch(CommandLine& out, std::string_view value) {
  if (out.scratch_count == CommandLine::kMaxScratch) return false;
  Scratch& scratch = out.scratch[out.scratch_count];
  const std::string_view path = take(value, ',');
  if (!path.starts_with('/') || !decode(out, path, scratch.path) ||
      !parse_number(value, CommandLine::kMostScratchBytes, scratch.bytes) ||
      scratch.bytes < CommandLine::kLeastScratchBytes)
    return false;
  ++out.scratch_count;
  return true;
}
bool take_ip(CommandLine& out, std::string_view value) {
  out.address = {};
  if (value == "dhcp") return true;
  std::string_view address = take(value, ',');
  u64 bits = 0;
  if (!parse_ipv4(take(address, '/'), out.address.address) || !parse_number(address, 30, bits) || bits == 0)
    return false;
  if (!value.empty() && !parse_ipv4(value, out.address.gateway)) return false;
  out.address.prefix_bits = static_cast<u8>(bits);
  out.address.given = true;
  return true;
}
bool take_dns(CommandLine& out, std::string_view value) { return parse_ipv4(value, out.name_server); }
bool parse_port(std::string_view value, u16& out) {
  u64 port = 0;
  if (!parse_number(value, 65535, port) || port == 0) return false;
  out = static_cast<u16>(port);
  return true;
}
bool parse_endpoint(std::string_view value, Endpoint& out) {
  return parse_ipv4(take(value, ':'), out.host) && parse_port(value, out.port);
}
bool take_tls_port(CommandLine& out, std::string_view value) { return parse_port(value, out.tls_port); }
bool take_broker(CommandLine& out, std::string_view value) { return parse_endpoint(value, out.broker); }
bool take_blobs(CommandLine& out, std::string_view value) { return parse_endpoint(value, out.blobs); }
template <std::string_view CommandLine::* kMember>
bool take_text(CommandLine& out, std::string_view value) {
  return !value.empty() && decode(out, value, out.*kMember);
}
bool take_stack(CommandLine& out, std::string_view value) {
  u64 bytes = 0;
  if (!parse_number(value, 64u << 20, bytes) || bytes < 4096) return false;
  out.stack_bytes = static_cast<u32>(bytes);
  return true;
}
bool take_no_files(CommandLine& out, std::string_view value) {
  out.no_files = true;
  return value.empty();
}
bool take_trace(CommandLine& out, std::string_view value) {
  out.trace = true;
  return value.empty();
}
bool take_agent(CommandLine& out, std::string_view value) {
  out.agent = true;
  return value.empty();
}

constexpr struct {
  std::string_view key;
  Parser parse;
  const char* expected;
} kWords[] = {
    {"app", take_text<&CommandLine::app>, "command line: expected app=NAME"},
    {"arg", take_argument, "command line: expected arg=TEXT, %XX for special characters, at most 64 times"},
    {"env", take_environment, "command line: expected env=KEY=VALUE, at most 64 times"},
    {"ip", take_ip, "command line: expected ip=dhcp or ip=A.B.C.D/BITS,GATEWAY"},
    {"dns", take_dns, "command line: expected dns=A.B.C.D"},
    {"mount", take_mount, "command line: expected mount=TAG:/PATH, at most 8 times"},
    {"tmpfs", take_scratch, "command line: expected tmpfs=/PATH,BYTES, 65536 to 1073741824, at most 4 times"},
    {"nofiles", take_no_files, "command line: nofiles takes no value"},
    {"stack", take_stack, "command line: expected stack=BYTES, 4096 to 67108864"},
    {"trace", take_trace, "command line: trace takes no value"},
    {"broker", take_broker, "command line: expected broker=A.B.C.D:PORT"},
    {"blobs", take_blobs, "command line: expected blobs=A.B.C.D:PORT"},
    {"token", take_text<&CommandLine::token>,
     "command line: expected token=TEXT, %XX for special characters"},
    {"tls.ca", take_text<&CommandLine::tls_authority>,
     "command line: expected tls.ca=NAME of an archive's member"},
    {"tls.certificate", take_text<&CommandLine::tls_certificate>,
     "command line: expected tls.certificate=NAME of an archive's member"},
    {"tls.key", take_text<&CommandLine::tls_key>,
     "command line: expected tls.key=NAME of an archive's member"},
    {"tls.broker", take_text<&CommandLine::tls_broker>,
     "command line: expected tls.broker=NAME or ADDRESS of its certificate"},
    {"tls.blobs", take_text<&CommandLine::tls_blobs>,
     "command line: expected tls.blobs=NAME or ADDRESS of its certificate"},
    {"tls.port", take_tls_port, "command line: expected tls.port=PORT"},
    {"agent", take_agent, "command line: agent takes no value"},
    {"virtio_mmio.device", take_transport, "command line: expected virtio_mmio.device=BYTES@0xADDRESS:LINE"},
};

const char* take_word(CommandLine& out, std::string_view word) {
  std::string_view value = word;
  const std::string_view key = take(value, '=');
  for (const auto& each : kWords)
    if (key == each.key) return each.parse(out, value) ? nullptr : each.expected;
  return "command line: unknown word";
}

Status parse_words(std::string_view words, char separator, CommandLine& out) {
  for (usize at = 0; at < words.size();) {
    const usize end = std::min(words.find(separator, at), words.size());
    const std::string_view word = slice(words, at, end - at);
    if (!word.empty() && word[0] != '#')
      if (const char* problem = take_word(out, word); problem != nullptr)
        return Error{Code::invalid_argument, problem, static_cast<u32>(at)};
    at = end + 1;
  }
  return {};
}

}  // namespace

Status parse_command_line(std::string_view words, CommandLine& out) { return parse_words(words, ' ', out); }

Status parse_config(std::string_view file, CommandLine& out) {
  const std::string_view text = slice(file, 0, file.find('\0'));
  if (text.size() > kMaxConfigBytes)
    return Error{Code::out_of_range, "configuration: longer than 8192 bytes", kMaxConfigBytes};
  return parse_words(text, '\n', out);
}

}  // namespace pipit::mewz
