#include "orchestrator/kube/paths.h"

#include "base/types.h"

namespace pipit::kube {

std::string encode_component(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<u8>(c) >> 4];
      out += kHex[static_cast<u8>(c) & 15];
    }
  }
  return out;
}

std::string path_of(const Resource& resource, std::string_view name_space, std::string_view name,
                    std::string_view subresource) {
  const std::string_view group_version = resource.group_version;
  std::string path = group_version.find('/') == std::string_view::npos ? "/api/" : "/apis/";
  path += group_version;
  if (!name_space.empty()) path += "/namespaces/" + encode_component(name_space);
  path += '/';
  path += resource.plural;
  if (!name.empty()) path += "/" + encode_component(name);
  if (!subresource.empty()) path += "/" + std::string(subresource);
  return path;
}

}  // namespace pipit::kube
