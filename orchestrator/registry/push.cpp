#include "orchestrator/registry/endpoint.h"
#include "orchestrator/registry/manifest.h"

namespace pipit::registry {

using support::Error;
using support::HttpRequest;
using support::HttpResponse;
using support::Result;

namespace {

constexpr long kTransferTimeoutMs = 300'000;

/// Where an upload goes on: the Location header, which may be a path only (distribution spec 1.1 §end-4b).
Result<std::string> upload_url(const Reference& reference, const HttpResponse& response) {
  const auto header = response.headers.find("location");
  if (header == response.headers.end() || header->second.empty())
    return Error(Code::malformed, "the registry opened an upload without a Location");
  const std::string& location = header->second;
  if (location.starts_with("https://") || (reference.plain_http && location.starts_with("http://")))
    return location;
  if (!location.starts_with("/"))
    return Error(Code::malformed, "the upload's Location \"" + location + "\" is no URL");
  return (reference.plain_http ? "http://" : "https://") + reference.host + location;
}

support::Status push_blob(const Reference& reference, Bytes data) {
  const std::string digest = digest_of(data);
  HttpRequest head;
  head.method = "HEAD";
  head.url = endpoint(reference, "blobs/" + digest);
  if (const HttpResponse present = TRY(support::http(head)); present.status == 200) return {};

  HttpRequest open;
  open.method = "POST";
  open.url = endpoint(reference, "blobs/uploads/");
  const HttpResponse opened = TRY(support::http(open));
  if (opened.status != 202) return unexpected(opened.status, "opening an upload");

  HttpRequest put;
  put.method = "PUT";
  put.url = TRY(upload_url(reference, opened));
  put.url += (put.url.find('?') == std::string::npos ? "?digest=" : "&digest=") + digest;
  put.headers = {"Content-Type: application/octet-stream"};
  put.body.assign(as_text(data));
  put.timeout_ms = kTransferTimeoutMs;
  const HttpResponse stored = TRY(support::http(put));
  if (stored.status != 201) return unexpected(stored.status, "uploading blob " + digest);
  return {};
}

Result<std::string> push_all(const Artifact& artifact, const Reference& reference) {
  const std::string manifest = manifest_text(artifact);
  const std::string digest = digest_of(manifest);
  if (!reference.digest.empty() && reference.digest != digest)
    return Error(Code::digest_mismatch,
                 "the artifact's digest is " + digest + ", not the one of the reference");
  TRY(push_blob(reference, artifact.config));
  for (const Layer& layer : artifact.layers) TRY(push_blob(reference, layer.data));
  HttpRequest put;
  put.method = "PUT";
  put.url = endpoint(reference, "manifests/" + (reference.tag.empty() ? digest : reference.tag));
  put.headers = {std::string("Content-Type: ") + media::kOciManifest};
  put.body = manifest;
  const HttpResponse stored = TRY(support::http(put));
  if (stored.status != 201) return unexpected(stored.status, "uploading the manifest");
  return digest;
}

}  // namespace

Result<std::string> push(const Artifact& artifact, const Reference& reference) {
  Result<std::string> digest = push_all(artifact, reference);
  if (!digest.ok()) return digest.take_error().in("push " + reference.text());
  return digest;
}

}  // namespace pipit::registry
