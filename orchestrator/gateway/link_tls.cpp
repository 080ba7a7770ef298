#include "orchestrator/gateway/link_tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "support/files.h"

namespace pipit::gateway {

using support::Error;
using support::Result;

namespace {

constexpr usize kMaxPemBytes = 1 << 20;
constexpr long kMachineDays = 3650;
constexpr int kClockSlackSeconds = 3600;  ///< a machine's clock may be behind ours

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }
using Chain = std::unique_ptr<STACK_OF(X509), Free<free_chain>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

Error wrong(const std::string& file, const std::string& what) {
  return Error(Code::invalid_argument, file + ": " + what);
}

Result<std::string> read_pem(const std::string& file, const char* option) {
  if (file.empty()) return Error(Code::invalid_argument, std::string(option) + " is missing: TLS needs it");
  const std::vector<u8> data = TRY(support::read_file(file, kMaxPemBytes));
  return std::string(as_text(data));
}

Memory memory_of(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// All certificates of a PEM text, in its order.
Chain certificates_of(const std::string& pem) {
  const Memory memory = memory_of(pem);
  Chain chain(sk_X509_new_null());
  while (X509* each = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr))
    sk_X509_push(chain.get(), each);
  return chain;
}

/// The one certificate of an authority.
Result<Certificate> read_authority(const std::string& file, const std::string& pem) {
  const Chain chain = certificates_of(pem);
  if (sk_X509_num(chain.get()) != 1)
    return wrong(file, "holds " + std::to_string(sk_X509_num(chain.get())) +
                           " certificates in PEM: give the authority's alone");
  Certificate authority(sk_X509_shift(chain.get()));
  if (X509_check_ca(authority.get()) == 0)
    return wrong(file, "is no authority's certificate (basicConstraints=CA:TRUE)");
  if (X509_cmp_current_time(X509_get0_notAfter(authority.get())) < 0)
    return wrong(file, "the authority's certificate is no longer valid: issue a new one");
  return authority;
}

Result<Key> read_key(const std::string& file, const std::string& pem, X509* certificate) {
  const Memory memory = memory_of(pem);
  // A passphrase is asked of nobody.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  Key key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
  if (!key) return wrong(file, "is no private key in PEM, or encrypted: give it without a passphrase");
  if (X509_check_private_key(certificate, key.get()) != 1)
    return wrong(file, "is not the key of the certificate: give the two that were made together");
  return key;
}

const char* remedy_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "issue a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "set this machine's clock, or wait";
    case X509_V_ERR_INVALID_PURPOSE: return "issue it with extendedKeyUsage=serverAuth,clientAuth";
    default: return "issue it by the authority of --tls-ca";
  }
}

/// Whether others will believe `chain`, whose first is ours, as a server.
support::Status check_chain(const std::string& file, STACK_OF(X509) * chain, X509* authority) {
  const Store store(X509_STORE_new());
  const Verification verification(X509_STORE_CTX_new());
  X509_STORE_add_cert(store.get(), authority);
  X509_STORE_CTX_init(verification.get(), store.get(), sk_X509_value(chain, 0), chain);
  X509_STORE_CTX_set_purpose(verification.get(), X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(verification.get()), X509_V_FLAG_PARTIAL_CHAIN);
  if (X509_verify_cert(verification.get()) == 1) return {};
  const int error = X509_STORE_CTX_get_error(verification.get());
  return wrong(file, std::string(X509_verify_cert_error_string(error)) + ": " + remedy_of(error));
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<usize>(ASN1_STRING_length(text))};
}

std::string name_of(X509* certificate) {
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string address;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) return text_of(name->d.dNSName);
    char text[INET_ADDRSTRLEN];
    if (name->type == GEN_IPADD && address.empty() && ASN1_STRING_length(name->d.iPAddress) == 4 &&
        inet_ntop(AF_INET, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text) != nullptr)
      address = text;
  }
  return address;
}

bool is_p256(X509* certificate) {
  char group[32] = {};
  usize bytes = 0;
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof group, &bytes) == 1 &&
         OBJ_sn2nid(group) == NID_X9_62_prime256v1;
}

template <class T, class Write>
std::vector<u8> der_of(T* object, Write write) {
  unsigned char* at = nullptr;
  const int bytes = write(object, &at);
  std::vector<u8> out(at, at + (bytes > 0 ? bytes : 0));
  OPENSSL_free(at);
  return out;
}

std::vector<u8> der_of(X509* certificate) {
  return der_of(certificate, [](X509* object, unsigned char** at) { return i2d_X509(object, at); });
}

bool add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A client's certificate for `subject` and its key.
Certificate issue(EVP_PKEY* subject, const std::string& name, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made(X509_new());
  u8 serial[16];
  if (!made || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] = (serial[0] & 0x7F) | 0x40;  // positive, and never shorter
  const std::unique_ptr<BIGNUM, Free<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  X509_set_version(made.get(), X509_VERSION_3);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kClockSlackSeconds);
  X509_time_adj_ex(X509_getm_notAfter(made.get()), kMachineDays, 0, nullptr);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  X509_set_pubkey(made.get(), subject);
  const bool complete = add_extension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                        add_extension(made.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
                        add_extension(made.get(), issuer, NID_ext_key_usage, "clientAuth") &&
                        add_extension(made.get(), issuer, NID_subject_key_identifier, "hash") &&
                        add_extension(made.get(), issuer, NID_authority_key_identifier, "keyid");
  if (!complete || X509_sign(made.get(), issuer_key, EVP_sha256()) == 0) return nullptr;
  return made;
}

}  // namespace

struct LinkTls::Parts {
  Certificate ca, certificate, machine_ca;
  Key machine_ca_key;
};

LinkTls::LinkTls() : parts_(std::make_unique<Parts>()) {}
LinkTls::LinkTls(LinkTls&&) noexcept = default;
LinkTls::~LinkTls() = default;

Result<LinkTls> LinkTls::load(const TlsFiles& files) {
  LinkTls tls;
  tls.ca_ = TRY(read_pem(files.ca, "--tls-ca"));
  tls.certificate_ = TRY(read_pem(files.certificate, "--tls-cert"));
  tls.key_ = TRY(read_pem(files.key, "--tls-key"));
  tls.parts_->ca = TRY(read_authority(files.ca, tls.ca_));
  const Chain chain = certificates_of(tls.certificate_);
  if (sk_X509_num(chain.get()) == 0) return wrong(files.certificate, "holds no certificate in PEM");
  X509_up_ref(sk_X509_value(chain.get(), 0));
  tls.parts_->certificate.reset(sk_X509_value(chain.get(), 0));
  TRY(read_key(files.key, tls.key_, tls.parts_->certificate.get()));
  TRY(check_chain(files.certificate, chain.get(), tls.parts_->ca.get()));
  tls.name_ = name_of(tls.parts_->certificate.get());
  if (tls.name_.empty())
    return wrong(files.certificate,
                 "is for no name that devices could look for: issue it with subjectAltName=DNS:NAME");
  if (files.machine_ca.empty() != files.machine_ca_key.empty())
    return Error(Code::invalid_argument, "--machine-ca and --machine-ca-key are needed both, or neither");
  if (files.machine_ca.empty()) return tls;
  const std::string pem = TRY(read_pem(files.machine_ca, "--machine-ca"));
  const std::string key = TRY(read_pem(files.machine_ca_key, "--machine-ca-key"));
  tls.parts_->machine_ca = TRY(read_authority(files.machine_ca, pem));
  tls.parts_->machine_ca_key = TRY(read_key(files.machine_ca_key, key, tls.parts_->machine_ca.get()));
  tls.client_ca_ = tls.ca_ + "\n" + pem;
  return tls;
}

support::Status LinkTls::suits_machines() const {
  if (!is_p256(parts_->ca.get()) || !is_p256(parts_->certificate.get()))
    return Error(
        Code::unsupported,
        "machines know certificates for P-256 keys alone: make the keys of --tls-ca and --tls-cert by "
        "`openssl ecparam -name prime256v1 -genkey -noout`");
  return {};
}

Result<MachineTls> LinkTls::for_machine(const std::string& device, const std::string& broker_name) const {
  MachineTls out;
  out.authority = der_of(parts_->ca.get());
  out.broker_name = broker_name;
  out.blobs_name = name_;
  if (!parts_->machine_ca) return out;
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate =
      key ? issue(key.get(), device, parts_->machine_ca.get(), parts_->machine_ca_key.get()) : nullptr;
  if (!certificate) return Error(Code::internal, "no certificate could be made for " + device);
  out.certificate = der_of(certificate.get());
  out.key =
      der_of(key.get(), [](EVP_PKEY* object, unsigned char** at) { return i2d_PrivateKey(object, at); });
  return out;
}

}  // namespace pipit::gateway
