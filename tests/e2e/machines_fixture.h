#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "cli/up/run.h"
#include "orchestrator/registry/oci.h"
#include "support/files.h"

namespace pipit::e2e {

using support::Json;
using support::text_at;

inline constexpr const char* kDeployment = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: guest}
spec:
  replicas: 2
  selector: {matchLabels: {app: guest}}
  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}
  template:
    metadata: {labels: {app: guest}}
    spec:
      runtimeClassName: pipit-vm
      schedulerName: pipit
      automountServiceAccountToken: false
      containers:
        - {name: guest, image: "pipit.local/fashion:1.0.0"}
)";

inline constexpr const char* kConfigMap = R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: GREETING, order: ORDER}
)";

/// What a ConfigMap and an emptyDir are to an application.
inline constexpr const char* kFilesPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: files}
spec:
  runtimeClassName: pipit-vm
  schedulerName: pipit
  automountServiceAccountToken: false
  restartPolicy: OnFailure
  volumes:
    - {name: settings, configMap: {name: settings}}
    - {name: cache, emptyDir: {sizeLimit: 1Mi}}
  containers:
    - name: app
      image: pipit.local/reads-files:1.0.0
      volumeMounts:
        - {name: settings, mountPath: /etc/app}
        - {name: cache, mountPath: /cache}
)";

/// What one sees of a Pod and its machine.
struct Guest {
  std::string pod, node, image, boot;
  bool running = false;
  i64 restarts = 0;
};

class Machines : public testing::Test {
 protected:
  void SetUp() override {
    up::Options options;
    options.root = PIPIT_CHECKOUT;
    options.program = PIPIT_PROGRAM;
    options.name = "e2e-machines-" + std::to_string(getpid());
    options.interrupted = [] { return false; };
    auto state = rig::State::open(options.name);
    ASSERT_TRUE(state.ok());
    ASSERT_TRUE(state->claim().ok());
    run_ = std::make_unique<up::Run>(options, std::move(*state), stderr, 3);
    for (auto step : {up::prepare_model, up::build_packages, up::start_services}) {
      run_->progress.step("");
      const auto done = step(*run_);
      ASSERT_TRUE(done.ok()) << done.error().text;
    }
  }
  void TearDown() override {
    const std::string folder = run_ ? run_->state.directory() : "", name = run_ ? run_->options.name : "";
    run_.reset();
    if (auto state = rig::State::open(name); state.ok()) state->end_all();
    if (!folder.empty() && !HasFailure()) std::filesystem::remove_all(folder);
  }

  std::vector<Guest> guests(const std::string& app = "guest") const {
    std::vector<Guest> out;
    const auto list = run_->kubectl().get({"pods", "-l", "app=" + app});
    const Json* items = list.ok() ? support::find(*list, {"items"}) : nullptr;
    if (items == nullptr) return out;
    for (const Json& pod : *items) {
      Guest guest;
      guest.pod = text_at(pod, {"metadata", "name"});
      guest.node = text_at(pod, {"spec", "nodeName"});
      guest.image = text_at(pod, {"spec", "containers", "0", "image"});
      guest.running = up::condition(pod, "Ready") == "True";
      guest.restarts = support::int_at(pod, {"status", "containerStatuses", "0", "restartCount"});
      if (!guest.node.empty())
        if (const auto node = run_->kubectl().get({"node", guest.node, "--ignore-not-found"}); node.ok())
          guest.boot = text_at(*node, {"metadata", "annotations", "pipit.dev/boot-id"});
      out.push_back(std::move(guest));
    }
    std::ranges::sort(out, {}, &Guest::node);
    return out;
  }
  std::string phase(const std::string& pod) const {
    const auto object = run_->kubectl().get({"pod", pod});
    return object.ok() ? text_at(*object, {"status", "phase"}) : "";
  }
  std::string ready(const std::string& pod) const {
    const auto object = run_->kubectl().get({"pod", pod});
    return object.ok() ? up::condition(*object, "Ready") : "";
  }
  bool running(const std::string& node) const {
    const pid_t pid = process_of(node);
    return pid > 0 && support::exists("/proc/" + std::to_string(pid));
  }
  i64 restarts(const std::string& pod) const {
    const auto object = run_->kubectl().get({"pod", pod});
    return object.ok() ? support::int_at(*object, {"status", "containerStatuses", "0", "restartCount"}) : 0;
  }
  bool all_run(const std::string& image, const std::string& app = "guest", usize count = 2) const {
    const auto all = guests(app);
    return all.size() == count && std::ranges::all_of(all, [&](const Guest& guest) {
             return guest.running && guest.image == image && !guest.boot.empty();
           });
  }
  void wait(const std::string& what, const std::function<bool()>& done) const {
    const auto waited = run_->wait(what, 90, done);
    ASSERT_TRUE(waited.ok()) << waited.error().text << "\n"
                             << run_->kubectl().run({"describe", "pods"}).value_or("");
  }
  std::string machines_file() const { return run_->state.path("gateway/machines/machines.json"); }
  pid_t process_of(const std::string& node) const {
    const auto data = support::read_file(machines_file());
    const auto json = data.ok() ? support::parse_json(as_text(*data)) : support::Result<Json>(Json());
    return json.ok() ? static_cast<pid_t>(support::int_at(*json, {node, "pid"})) : 0;
  }
  void apply(const std::string& text) const {
    const std::string file = run_->state.path("apply.yaml");
    ASSERT_TRUE(support::write_file(file, as_bytes(std::string_view(text))).ok());
    const auto applied = run_->kubectl().run({"apply", "-f", file});
    ASSERT_TRUE(applied.ok()) << applied.error().text;
  }
  void push(const std::string& layout, const std::string& name) const {
    const auto artifact = registry::read_layout(layout);
    const auto reference = registry::parse_reference(run_->registry->host() + "/" + name);
    ASSERT_TRUE(artifact.ok() && reference.ok());
    const auto pushed = registry::push(*artifact, *reference);
    ASSERT_TRUE(pushed.ok()) << pushed.error().text;
  }
  void configure(const std::string& greeting, const std::string& order) const {
    std::string text = kConfigMap;
    text.replace(text.find("GREETING"), 8, greeting);
    text.replace(text.find("ORDER"), 5, order);
    apply(text);
  }
  std::string describe(const std::string& pod) const {
    return run_->kubectl().run({"describe", "pod", pod}).value_or("?");
  }
  /// Waits until the Pod's log holds `text`, of its present or of its previous attempt.
  void wait_for_line(const std::string& pod, const std::string& text, bool previous = false) const {
    std::vector<std::string> command = {"logs", pod};
    if (previous) command.push_back("--previous");
    wait("the log line " + text,
         [&] { return run_->kubectl().run(command).value_or("").find(text) != std::string::npos; });
  }
  /// Builds the web server so that / answers `greeting`, and pushes it.
  void push_web(const std::string& version, const std::string& greeting) const {
    const std::string layout = run_->state.path("web-" + version + ".oci");
    const auto built = run_->pipit({"build", run_->path("examples/http"), "-o", layout, "--version", version,
                                    "--define", "GREETING=\"" + greeting + "\""});
    ASSERT_TRUE(built.ok()) << built.error().text;
    push(layout, "web:" + version);
  }
  /// Processes of machines of this run, whoever knows of them.
  usize processes() const {
    usize count = 0;
    const std::string folder = run_->state.path("gateway/machines/");
    std::error_code ended;
    for (std::filesystem::directory_iterator at("/proc", ended), end; !ended && at != end;
         at.increment(ended)) {
      const auto command = support::read_file(at->path().string() + "/cmdline", usize{64} << 10);
      if (command.ok() && as_text(*command).find(folder) != std::string_view::npos) ++count;
    }
    return count;
  }
  /// As a power cut ends it, with its machines running on.
  void kill_gateway() const {
    const auto data = support::read_file(run_->state.path("gateway/gateway.json"));
    const auto json = data.ok() ? support::parse_json(as_text(*data)) : support::Result<Json>(Json());
    const pid_t pid = json.ok() ? static_cast<pid_t>(support::int_at(*json, {"pid"})) : 0;
    ASSERT_GT(pid, 0);
    kill(pid, SIGKILL);
    wait("the gateway to be gone", [&] { return !run_->gateway->service.running(); });
  }
  void start_gateway() const {
    const auto again = run_->gateway->start_again(run_->state);
    ASSERT_TRUE(again.ok()) << again.error().text;
  }
  std::string nodes() const { return run_->kubectl().run({"get", "nodes", "-o", "name"}).value_or("?"); }

  std::unique_ptr<up::Run> run_;
};

}  // namespace pipit::e2e
