#include "orchestrator/gateway/testing/certificates.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/process.h"

namespace pipit::gateway {

namespace {
constexpr const char kMake[] = R"(
key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
authority() { key $1; openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.crt; }
# NAME AUTHORITY USAGE DAYS NAMES
issue() {
  key $1
  openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
  { echo "extendedKeyUsage=$3"; [ -z "$5" ] || echo "subjectAltName=$5"; } > $1.ext
  openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days $4 -extfile $1.ext -out $1.crt
}
for name in ours theirs machines; do authority $name; done
openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -subj /CN=rsa -days 30 -out rsa.crt
issue gateway  ours   serverAuth,clientAuth 30 DNS:gateway.example,IP:127.0.0.1
issue other    ours   serverAuth,clientAuth 30 DNS:elsewhere.example,IP:127.0.0.9
issue expired  ours   serverAuth,clientAuth -1 DNS:gateway.example,IP:127.0.0.1
issue device   ours   clientAuth            30 DNS:device.example
issue nameless ours   serverAuth,clientAuth 30 ""
issue stranger theirs serverAuth,clientAuth 30 DNS:gateway.example,IP:127.0.0.1
)";
}  // namespace

Certificates::Certificates() : folder_(testing::TempDir() + "certificates-" + std::to_string(getpid())) {
  std::filesystem::create_directories(folder_);
  const auto made = support::run({"bash", "-ec", kMake}, "", {}, folder_);
  EXPECT_TRUE(made.ok() && made->exit_code == 0) << (made.ok() ? made->err : made.error().text);
}

Certificates::~Certificates() { std::filesystem::remove_all(folder_); }

}  // namespace pipit::gateway
