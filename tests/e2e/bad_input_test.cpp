// Everything a fleet must refuse: a clear message, nothing changed on the device, which answers as before.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>

#include "base/crc32.h"
#include "cli/up/pods.h"
#include "cli/up/run.h"
#include "nn/format.h"
#include "orchestrator/registry/package.h"
#include "support/files.h"
#include "tests/e2e/corrupting_proxy.h"

namespace pipit::e2e {
namespace {

using registry::Package;
using support::Json;

constexpr u32 kFrames = 5;

#define ASSERT_OK(expression)                          \
  do {                                                 \
    const auto status_ = (expression);                 \
    ASSERT_TRUE(status_.ok()) << status_.error().text; \
  } while (false)

/// One board with version 1.0.0 running on it, started once.
class BadInput : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    up::Options options;
    options.root = PIPIT_CHECKOUT;
    options.program = PIPIT_PROGRAM;
    options.name = "e2e-bad-input-" + std::to_string(getpid());
    options.boards = {"mps2-an386"};
    options.interrupted = [] { return false; };
    auto state = rig::State::open(options.name);
    ASSERT_TRUE(state.ok());
    ASSERT_OK(state->claim());
    run_ = std::make_unique<up::Run>(options, std::move(*state), stderr, 5);
    for (auto step : {up::prepare_model, up::build_packages, up::start_services}) {
      run_->progress.step("");
      ASSERT_OK(step(*run_));
    }
    proxy_ = std::make_unique<CorruptingProxy>(run_->gateway->blob_port);
    auto port = proxy_->start();
    ASSERT_TRUE(port.ok());
    run_->blob_port = *port;
    for (auto step : {up::start_fleet, up::deploy}) {
      run_->progress.step("");
      ASSERT_OK(step(*run_));
    }
    ready_ = true;
  }
  static void TearDownTestSuite() {
    const std::string folder = run_ ? run_->state.directory() : "";
    run_.reset();
    proxy_.reset();
    // What it wrote stays where it can be looked at, unless there is nothing to look for.
    if (!folder.empty() && !testing::UnitTest::GetInstance()->Failed()) std::filesystem::remove_all(folder);
  }
  void SetUp() override { ASSERT_TRUE(ready_) << "the fleet did not start"; }

  const std::string& device() const { return run_->devices[0].name; }
  Package good() const {
    auto artifact = registry::read_layout(run_->packages[0]);
    EXPECT_TRUE(artifact.ok());
    auto package = registry::from_artifact(*artifact);
    EXPECT_TRUE(package.ok());
    return std::move(*package);
  }
  registry::Reference reference(const std::string& tag) const {
    auto parsed = registry::parse_reference(run_->registry->host() + "/fashion:" + tag);
    EXPECT_TRUE(parsed.ok());
    return *parsed;
  }
  void push(const registry::Artifact& artifact, const std::string& tag) const {
    const auto digest = registry::push(artifact, reference(tag));
    ASSERT_TRUE(digest.ok()) << digest.error().text;
  }
  /// The device manifest of a package whose files were changed, so that every digest is right again.
  void push_sealed(Package package, const std::string& tag) const {
    link::Manifest manifest;
    ASSERT_TRUE(link::decode(package.manifest, manifest).ok());
    manifest.blob_count = 0;
    manifest.blobs[manifest.blob_count++] =
        registry::blob_entry(link::BlobKind::module, package.module, "fashion");
    for (const auto& model : package.models)
      manifest.blobs[manifest.blob_count++] =
          registry::blob_entry(link::BlobKind::model, model.data, model.name);
    std::vector<u8> buffer(4096);
    const auto encoded = link::encode(manifest, buffer);
    ASSERT_TRUE(encoded.ok());
    package.manifest.assign(encoded->begin(), encoded->end());
    const auto artifact = registry::to_artifact(package);
    ASSERT_TRUE(artifact.ok()) << artifact.error().text;
    push(*artifact, tag);
  }
  void build_and_push(const std::string& folder, const std::string& tag) const {
    const std::string layout = run_->state.path(tag + ".oci");
    const auto built = run_->pipit({"build", run_->path(folder), "-o", layout, "--unchecked"});
    ASSERT_TRUE(built.ok()) << built.error().text;
    const auto artifact = registry::read_layout(layout);
    ASSERT_TRUE(artifact.ok());
    push(*artifact, tag);
  }

  /// Frames sent now are answered by version 1.0.0 with the host's results, and the device was not restarted.
  void expect_answers() {
    const auto before = run_->observer->status(device());
    ASSERT_TRUE(before.has_value());
    const u32 from = run_->feeder->next();
    run_->feeder->start();
    ASSERT_OK(run_->wait("frames to be sent", 20, [&] { return run_->feeder->next() >= from + kFrames; }));
    run_->feeder->stop();
    const auto feed = run_->evaluate(device(), from, from + kFrames, 30);
    ASSERT_TRUE(feed.ok());
    EXPECT_EQ(feed->answered, kFrames);
    EXPECT_EQ(feed->different, 0u);
    EXPECT_TRUE(run_->observer->first_answer(device(), "1.0.0", from).has_value());
    const auto after = run_->observer->status(device());
    ASSERT_TRUE(after.has_value());
    EXPECT_EQ(after->status.boot_id, first_boot());
  }
  u64 first_boot() {
    static const u64 boot = run_->observer->status(device())->status.boot_id;
    return boot;
  }

  /// Rolls out `image`; its Pod must say `reason` and `text`; the device must not change; then undoes it.
  void expect_refused(const std::string& image, const std::string& reason, const std::string& text) {
    (void)first_boot();
    const up::Kubectl kubectl = run_->kubectl();
    ASSERT_OK(kubectl.run({"set", "image", "daemonset/fashion", "fashion=" + image}));
    const auto before = run_->observer->status(device());
    ASSERT_TRUE(before.has_value());
    std::string seen;
    const auto told = run_->wait(image + " to be refused", 90, [&] {
      const auto states = up::pods(kubectl);
      if (!states.ok()) return false;
      for (const up::PodState& pod : *states)
        if (pod.image == image && !pod.message.empty()) {
          seen = pod.reason + ": " + pod.message;
          return seen.find(reason) != std::string::npos && seen.find(text) != std::string::npos;
        }
      return false;
    });
    EXPECT_TRUE(told.ok()) << "wanted " << reason << " and \"" << text << "\"; the Pod says " << seen;
    std::fprintf(stderr, "      %s: %s\n", image.c_str(), seen.c_str());
    expect_answers();
    const auto after = run_->observer->status(device());
    ASSERT_TRUE(after.has_value());
    EXPECT_EQ(after->status.active.instance, before->status.active.instance);
    EXPECT_EQ(after->status.handovers, before->status.handovers);
    proxy_->corrupt(false);
    ASSERT_OK(kubectl.run({"rollout", "undo", "daemonset/fashion"}));
    ASSERT_OK(run_->wait("version 1.0.0 to be back", 90,
                         [&] { return up::all_running(kubectl, run_->device_names(), up::image_of(1)); }));
    expect_answers();
  }

  static std::unique_ptr<up::Run> run_;
  static std::unique_ptr<CorruptingProxy> proxy_;
  static bool ready_;
};
std::unique_ptr<up::Run> BadInput::run_;
std::unique_ptr<CorruptingProxy> BadInput::proxy_;
bool BadInput::ready_ = false;

TEST_F(BadInput, TruncatedModule) {
  Package package = good();
  package.module.resize(package.module.size() / 2);
  push_sealed(std::move(package), "truncated");
  expect_refused("pipit.local/fashion:truncated", "InvalidModule", "out of bounds");
}

TEST_F(BadInput, UnknownImport) {
  build_and_push("tests/apps/unknown-import", "unknown-import");
  expect_refused("pipit.local/fashion:unknown-import", "UnknownImport", "acme:laser");
}

TEST_F(BadInput, TooMuchMemory) {
  build_and_push("tests/apps/wants-too-much-memory", "too-much-memory");
  expect_refused("pipit.local/fashion:too-much-memory", "OutOfMemory", "bytes of RAM, this device has");
}

TEST_F(BadInput, ModelWithAnOffsetOutsideItsFile) {
  Package package = good();
  std::vector<u8>& model = package.models.at(0).data;
  nn::format::Header header;
  std::memcpy(&header, model.data(), sizeof header);
  header.operators_offset = static_cast<u32>(model.size() + 4096) & ~3u;
  std::memcpy(model.data(), &header, sizeof header);
  header.crc32 = crc32(Bytes(model).subspan(nn::format::kChecksumStart));
  std::memcpy(model.data(), &header, sizeof header);
  push_sealed(std::move(package), "broken-model");
  expect_refused("pipit.local/fashion:broken-model", "InvalidModel", "operator table outside the file");
}

TEST_F(BadInput, BlobChangedInTheRegistry) {
  Package package = good();
  package.module.insert(package.module.end(),
                        {0, 5, 4, 'p', 'a', 'd', '0'});  // a custom section: a blob of its own
  push_sealed(std::move(package), "changed-blob");
  const auto artifact = registry::pull(reference("changed-blob"));
  ASSERT_TRUE(artifact.ok());
  const std::string hex = support::sha256_hex(artifact->layer(registry::media::kWasmModule)->data);
  const std::string file =
      run_->state.path("registry/docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + "/" + hex + "/data");
  auto data = support::read_file(file);
  ASSERT_TRUE(data.ok());
  data->back() ^= 1;
  ASSERT_OK(support::write_file(file, *data));
  expect_refused("pipit.local/fashion:changed-blob", "ImagePull", "has the digest");
}

TEST_F(BadInput, BlobDamagedOnItsWayToTheDevice) {
  Package package = good();
  package.module.insert(package.module.end(), {0, 5, 4, 'p', 'a', 'd', '1'});
  push_sealed(std::move(package), "damaged");
  proxy_->corrupt(true);
  expect_refused("pipit.local/fashion:damaged", "DigestMismatch", "another digest than the manifest says");
  EXPECT_GT(proxy_->damaged(), 0u);
}

TEST_F(BadInput, UnreachableRegistry) {
  const auto port = rig::choose_port();
  ASSERT_TRUE(port.ok());
  const std::string host = "127.0.0.1:" + std::to_string(*port);
  expect_refused(host + "/fashion:1.0.0", "ImagePull", host);
}

TEST_F(BadInput, PodWithACommand) {
  const up::Kubectl kubectl = run_->kubectl();
  const Json pod = {{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"metadata", {{"name", "with-command"}}},
                    {"spec",
                     {{"runtimeClassName", "pipit"},
                      {"automountServiceAccountToken", false},
                      {"containers", Json::array({{{"name", "main"},
                                                   {"image", up::image_of(1)},
                                                   {"command", Json::array({"/bin/sh", "-c", "true"})}}})}}}};
  const std::string file = run_->state.path("with-command.json");
  ASSERT_OK(support::write_file(file, as_bytes(support::dump(pod))));
  ASSERT_OK(kubectl.run({"apply", "-f", file}));
  Json status;
  const auto told = run_->wait("the Pod to fail", 60, [&] {
    auto object = kubectl.get({"pod", "with-command"});
    if (object.ok()) status = (*object)["status"];
    return support::text_at(status, {"phase"}) == "Failed";
  });
  EXPECT_TRUE(told.ok()) << support::dump(status);
  EXPECT_EQ(support::text_at(status, {"reason"}), "UnsupportedPodSpec");
  EXPECT_NE(support::text_at(status, {"message"}).find("command"), std::string::npos)
      << support::dump(status);
  ASSERT_OK(kubectl.run({"delete", "pod", "with-command"}));
  expect_answers();
}

TEST_F(BadInput, ASecondDeviceOfTheSameName) {
  rig::BoardOptions options = run_->devices[0].options;
  options.directory += "-claimant";
  auto claimant = rig::Board::start(options);
  ASSERT_TRUE(claimant.ok()) << claimant.error().text;
  ASSERT_OK(run_->state.add_process("board-claimant", claimant->process().pid()));
  std::string console;
  const auto told = run_->wait("the second device to be refused", 60, [&] {
    const auto text = support::read_file(options.directory + "/console.log");
    if (text.ok()) console = as_text(*text);
    return console.find("held by another live device") != std::string::npos;
  });
  EXPECT_TRUE(told.ok()) << console;
  expect_answers();
  const pid_t pid = claimant->process().pid();
  claimant->power_off();
  ASSERT_OK(run_->state.remove_process(pid));
  expect_answers();
  const auto node = run_->kubectl().get({"node", device()});
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(up::condition(*node, "Ready"), "True");
}

}  // namespace
}  // namespace pipit::e2e
