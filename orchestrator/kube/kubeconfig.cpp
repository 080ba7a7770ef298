#include "orchestrator/kube/kubeconfig.h"

#include "orchestrator/kube/base64.h"
#include "orchestrator/kube/yaml.h"
#include "support/files.h"
#include "support/json.h"

namespace pipit::kube {

using support::Error;
using support::Json;
using support::Result;

namespace {
constexpr usize kMaxFileBytes = 1 << 20;

/// The `field` of the entry called `name` in the kubeconfig's list `list`.
Result<Json> named(const Json& config, const char* list, const std::string& name, const char* field) {
  const Json* entries = support::find(config, {list});
  if (entries != nullptr && entries->is_array())
    for (const Json& entry : *entries)
      if (support::text_at(entry, {"name"}) == name)
        if (const Json* value = support::find(entry, {field}); value != nullptr && value->is_object())
          return *value;
  return Error(Code::not_found, std::string("no ") + field + " \"" + name + "\" in " + list);
}

Result<std::string> text_file(const std::string& directory, const std::string& path) {
  const std::string full = path.front() == '/' ? path : directory + "/" + path;
  const std::vector<u8> data = TRY(support::read_file(full, kMaxFileBytes));
  return std::string(as_text(data));
}

/// A PEM that is embedded under "<key>-data" or named by path under "<key>"; empty when there is neither.
Result<std::string> pem(const Json& entry, const std::string& key, const std::string& directory) {
  if (const std::string data = support::text_at(entry, {key + "-data"}); !data.empty()) {
    auto decoded = decode_base64(data);
    if (!decoded.ok()) return decoded.take_error().in(key + "-data");
    return decoded;
  }
  const std::string path = support::text_at(entry, {key});
  if (path.empty()) return std::string();
  return text_file(directory, path);
}

Result<std::string> token_of(const Json& user, const std::string& directory) {
  if (std::string token = support::text_at(user, {"token"}); !token.empty()) return token;
  const std::string path = support::text_at(user, {"tokenFile"});
  if (path.empty()) return std::string();
  std::string token = TRY(text_file(directory, path));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  return token;
}
}  // namespace

Result<Access> parse_kubeconfig(std::string_view text, const std::string& directory) {
  const Json config = TRY(parse_yaml(text));
  const std::string current = support::text_at(config, {"current-context"});
  if (current.empty()) return Error(Code::malformed, "no current-context");
  const Json context = TRY(named(config, "contexts", current, "context"));
  const Json cluster = TRY(named(config, "clusters", support::text_at(context, {"cluster"}), "cluster"));
  const Json user = TRY(named(config, "users", support::text_at(context, {"user"}), "user"));

  if (support::text_at(cluster, {"insecure-skip-tls-verify"}) == "true")
    return Error(Code::unsupported,
                 "insecure-skip-tls-verify is not supported; name the certificate-authority");
  for (const char* plugin : {"exec", "auth-provider"})
    if (user.contains(plugin))
      return Error(Code::unsupported,
                   std::string(plugin) + " is not supported; use a client certificate or a token");

  Access access;
  access.server = support::text_at(cluster, {"server"});
  while (!access.server.empty() && access.server.back() == '/') access.server.pop_back();
  if (!access.server.starts_with("https://") && !access.server.starts_with("http://"))
    return Error(Code::malformed, "cluster.server is not a URL");
  access.tls.ca = TRY(pem(cluster, "certificate-authority", directory));
  access.tls.certificate = TRY(pem(user, "client-certificate", directory));
  access.tls.key = TRY(pem(user, "client-key", directory));
  access.token = TRY(token_of(user, directory));
  return access;
}

Result<Access> load_kubeconfig(const std::string& file) {
  const std::vector<u8> data = TRY(support::read_file(file, kMaxFileBytes));
  const usize slash = file.rfind('/');
  auto access = parse_kubeconfig(as_text(data), slash == std::string::npos ? "." : file.substr(0, slash));
  if (!access.ok()) return access.take_error().in(file);
  return access;
}

}  // namespace pipit::kube
