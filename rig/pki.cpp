#include "rig/pki.h"

#include <vector>

#include "support/files.h"
#include "support/json.h"
#include "support/process.h"

namespace pipit::rig {

using support::Error;
using support::Json;
using support::Result;

namespace {

/// One row a certificate: file name, subject, subject alternative names.
struct Certificate {
  const char* name;
  const char* subject;
  const char* names;
};
constexpr Certificate kCertificates[] = {
    {"apiserver", "/CN=kube-apiserver",
     "IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default."
     "svc"},
    {"admin", "/O=system:masters/CN=admin", nullptr},
    {"controller-manager", "/CN=system:kube-controller-manager", nullptr},
    {"scheduler", "/CN=system:kube-scheduler", nullptr},
    {"gateway", "/O=pipit/CN=pipit-gateway", nullptr},
    {"kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client", nullptr},
    {"kubelet-serving", "/O=system:nodes/CN=system:node:pipit", "IP:127.0.0.1,DNS:localhost"},
    {"broker", "/CN=broker", "IP:127.0.0.1,DNS:localhost"},
    {"link", "/CN=pipit-gateway", "DNS:gateway.pipit"},
};

support::Status openssl(const std::string& directory, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const auto output = TRY(support::run(arguments, "", {}, directory));
  if (output.exit_code != 0)
    return Error(Code::internal, "openssl " + arguments[1] + " failed: " + output.err);
  return {};
}

support::Status new_key(const std::string& directory, const std::string& file) {
  return openssl(directory,
                 {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file});
}

/// "ca" → ca.key, ca.crt of an authority.
support::Status found(const std::string& directory, const std::string& name) {
  TRY(new_key(directory, name + ".key"));
  return openssl(directory, {"req", "-x509", "-new", "-key", name + ".key", "-days", "3650", "-subj",
                             "/CN=pipit-" + name, "-out", name + ".crt"});
}

support::Status issue(const std::string& directory, const Certificate& row) {
  const std::string name = row.name;
  std::string extensions = "extendedKeyUsage=serverAuth,clientAuth\n";
  if (row.names != nullptr) extensions += std::string("subjectAltName=") + row.names + "\n";
  TRY(support::write_file(directory + "/" + name + ".ext", as_bytes(extensions)));
  TRY(new_key(directory, name + ".key"));
  TRY(openssl(directory,
              {"req", "-new", "-key", name + ".key", "-subj", row.subject, "-out", name + ".csr"}));
  return openssl(directory,
                 {"x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                  "-CAcreateserial", "-days", "3650", "-extfile", name + ".ext", "-out", name + ".crt"});
}

std::string base64(Bytes data) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (usize i = 0; i < data.size(); i += 3) {
    const usize left = data.size() - i;
    const u32 group =
        u32{data[i]} << 16 | (left > 1 ? u32{data[i + 1]} << 8 : 0) | (left > 2 ? data[i + 2] : 0);
    for (usize digit = 0; digit < 4; ++digit)
      text += digit <= left ? kAlphabet[group >> (18 - 6 * digit) & 63] : '=';
  }
  return text;
}

}  // namespace

Result<Pki> Pki::create(const std::string& directory) {
  TRY(support::make_directories(directory));
  TRY(found(directory, "ca"));
  TRY(found(directory, "machine-ca"));
  for (const Certificate& row : kCertificates) TRY(issue(directory, row));
  // Service accounts are signed with a bare key pair.
  TRY(new_key(directory, "service-account.key"));
  TRY(openssl(directory, {"pkey", "-in", "service-account.key", "-pubout", "-out", "service-account.pub"}));
  Pki pki;
  pki.directory_ = directory;
  return pki;
}

Result<std::string> Pki::kubeconfig(const std::string& user, u16 port) const {
  const auto embed = [](const std::string& file) -> Result<std::string> {
    return base64(TRY(support::read_file(file)));
  };
  const Json json = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters", Json::array({{{"name", "pipit"},
                                 {"cluster",
                                  {{"server", "https://127.0.0.1:" + std::to_string(port)},
                                   {"certificate-authority-data", TRY(embed(ca()))}}}}})},
      {"users", Json::array({{{"name", user},
                              {"user",
                               {{"client-certificate-data", TRY(embed(certificate(user)))},
                                {"client-key-data", TRY(embed(key(user)))}}}}})},
      {"contexts", Json::array({{{"name", user}, {"context", {{"cluster", "pipit"}, {"user", user}}}}})},
      {"current-context", user},
  };
  // JSON is YAML: every reader of kubeconfigs takes it.
  const std::string path = directory_ + "/" + user + ".conf";
  TRY(support::write_file(path, as_bytes(support::dump(json, 2))));
  return path;
}

}  // namespace pipit::rig
