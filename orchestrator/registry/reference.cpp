#include <algorithm>

#include "orchestrator/registry/manifest.h"
#include "orchestrator/registry/oci.h"

namespace pipit::registry {

namespace {

constexpr usize kMaxReferenceBytes = 512;
constexpr usize kMaxTagBytes = 128;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

/// path-component := [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)*   (distribution spec 1.1, "pull")
bool valid_component(std::string_view text) {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
  for (usize i = 0; i < text.size();) {
    if (is_lower_alnum(text[i])) {
      ++i;
      continue;
    }
    const usize end = std::min(text.find_first_not_of(text[i], i), text.size());
    const usize run = end - i;
    const bool allowed = text[i] == '-' || (text[i] == '.' && run == 1) || (text[i] == '_' && run <= 2);
    if (!allowed || end == text.size() || !is_lower_alnum(text[end])) return false;
    i = end;
  }
  return true;
}

bool valid_repository(std::string_view text) {
  if (text.size() > 255) return false;
  while (true) {
    const usize slash = text.find('/');
    if (!valid_component(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool valid_tag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTagBytes || text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

/// "name", "name:port" or "[v6]:port"; the part before the port.
support::Result<std::string_view> host_name(std::string_view host) {
  const auto bad = [&] {
    return support::Error(Code::invalid_argument,
                          "registry host \"" + std::string(host) + "\" is not host[:port]");
  };
  const usize bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return bad();
  const usize colon = host.find(':', bracket);
  const std::string_view name = host.substr(0, colon);
  if (name.empty() || !std::ranges::all_of(name, [&](char c) {
        return is_alnum(c) || c == '.' || c == '-' || (bracket != 0 && (c == ':' || c == '[' || c == ']'));
      }))
    return bad();
  if (colon == std::string_view::npos) return name;
  const std::string_view port = host.substr(colon + 1);
  u32 number = 0;
  for (char c : port.substr(0, 6)) {
    if (c < '0' || c > '9') return bad();
    number = number * 10 + static_cast<u32>(c - '0');
  }
  if (port.empty() || port.size() > 5 || number == 0 || number > 65535) return bad();
  return name;
}

bool is_loopback(std::string_view name) {
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && std::ranges::count(name, '.') == 3 &&
          name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

support::Result<Reference> parse_reference(std::string_view text) {
  const auto bad = [&](const char* why) {
    return support::Error(Code::invalid_argument,
                          "reference \"" + std::string(text.substr(0, kMaxReferenceBytes)) + "\": " + why +
                              "; write host[:port]/repository[:tag][@sha256:…]");
  };
  if (text.size() > kMaxReferenceBytes) return bad("longer than 512 bytes");
  const usize slash = text.find('/');
  if (slash == std::string_view::npos) return bad("names no registry host");
  Reference reference;
  reference.host = text.substr(0, slash);
  if (reference.host.find_first_of(".:") == std::string::npos && reference.host != "localhost")
    return bad("names no registry host");
  const auto name = host_name(reference.host);
  if (!name.ok()) return bad("the host is malformed");
  reference.plain_http = is_loopback(*name);

  std::string_view rest = text.substr(slash + 1);
  if (const usize at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    if (!valid_digest(reference.digest)) return bad("the digest is not sha256: and 64 hex digits");
    rest = rest.substr(0, at);
  }
  if (const usize colon = rest.find(':'); colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!valid_tag(reference.tag)) return bad("the tag has characters a tag cannot have");
    rest = rest.substr(0, colon);
  }
  if (!valid_repository(rest)) return bad("the repository is not lower-case path components");
  reference.repository = rest;
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  return reference;
}

std::string Reference::text() const {
  return host + "/" + repository + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
}

}  // namespace pipit::registry
