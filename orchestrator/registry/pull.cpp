#include "orchestrator/registry/endpoint.h"
#include "orchestrator/registry/manifest.h"

namespace pipit::registry {

using support::Error;
using support::HttpRequest;
using support::HttpResponse;
using support::Result;

namespace {

constexpr long kTransferTimeoutMs = 300'000;

/// GET that holds at most `limit` bytes, whatever the registry sends.
Result<std::string> get_bounded(const HttpRequest& request, usize limit, std::string_view what) {
  std::string body;
  bool over = false;
  Result<HttpResponse> response = support::http_stream(
      request,
      [&](std::string_view chunk) {
        over = chunk.size() > limit - body.size();
        if (!over) body += chunk;
        return !over;
      },
      [] { return false; });
  if (over)
    return Error(Code::out_of_range, std::string(what) + ": the registry sends more than the " +
                                         std::to_string(limit) + " bytes announced");
  if (!response.ok()) return response.take_error();
  if (response->status != 200) return unexpected(response->status, what);
  return body;
}

Result<Artifact> pull_all(const Reference& reference) {
  HttpRequest get;
  get.url = endpoint(reference, "manifests/" + (reference.digest.empty() ? reference.tag : reference.digest));
  // Without this header a registry answers with its oldest format, or not at all.
  get.headers = {std::string("Accept: ") + media::kOciManifest};
  const std::string manifest = TRY(get_bounded(get, kMaxManifestBytes, "manifest"));
  if (!reference.digest.empty() && digest_of(manifest) != reference.digest)
    return Error(Code::digest_mismatch, "the manifest has the digest " + digest_of(manifest));
  return assemble(manifest, [&](const Descriptor& blob) -> Result<std::vector<u8>> {
    HttpRequest request;
    request.url = endpoint(reference, "blobs/" + blob.digest);
    request.timeout_ms = kTransferTimeoutMs;
    const std::string data = TRY(get_bounded(request, blob.size, "blob " + blob.digest));
    const Bytes bytes = as_bytes(data);
    return std::vector<u8>(bytes.begin(), bytes.end());
  });
}

}  // namespace

Result<Artifact> pull(const Reference& reference) {
  Result<Artifact> artifact = pull_all(reference);
  if (!artifact.ok()) return artifact.take_error().in("pull " + reference.text());
  return artifact;
}

}  // namespace pipit::registry
