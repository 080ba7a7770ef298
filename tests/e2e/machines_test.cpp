// Pods that each get a virtual machine of their own: started, bound, updated, mended and ended by the
// gateway.
#include <atomic>
#include <thread>

#include "support/http.h"
#include "tests/e2e/machines_fixture.h"

namespace pipit::e2e {
namespace {

/// A web server behind a port of the host.
std::string web(u16 port) {
  return R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}
  template:
    metadata: {labels: {app: web}}
    spec:
      runtimeClassName: pipit-vm
      schedulerName: pipit
      automountServiceAccountToken: false
      containers:
        - name: web
          image: pipit.local/web:1.0.0
          ports: [{containerPort: 80, hostPort: )" +
         std::to_string(port) + R"(}]
          resources: {limits: {memory: 16Mi}}
)";
}

/// On a machine that is there already, as on a board.
constexpr const char* kFetcherPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: fetcher}
spec:
  runtimeClassName: pipit
  automountServiceAccountToken: false
  containers: [{name: app, image: "pipit.local/fashion:1.0.0"}]
)";

constexpr const char* kSecretPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: secretive}
spec:
  runtimeClassName: pipit-vm
  schedulerName: pipit
  automountServiceAccountToken: false
  volumes: [{name: key, secret: {secretName: key}}]
  containers: [{name: app, image: "pipit.local/reads-files:1.0.0"}]
)";

/// Asks for / again and again and counts the answers.
class Client {
 public:
  explicit Client(u16 port) : thread_([this, port] { run(port); }) {}
  ~Client() {
    stop_ = true;
    thread_.join();
  }
  std::atomic<u32> first{0}, second{0}, failed{0};

 private:
  void run(u16 port) {
    support::HttpRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(port) + "/";
    request.headers = {"Connection: close"};
    while (!stop_) {
      const auto answer = support::http(request);
      const std::string body = answer.ok() && answer->status == 200 ? answer->body : "";
      ++(body == "first\n" ? first : body == "second\n" ? second : failed);
    }
  }
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(Machines, OneForEachPodFromApplyToDelete) {
  const up::Kubectl kubectl = run_->kubectl();
  apply(kDeployment);
  wait("two machines to run 1.0.0", [&] { return all_run("pipit.local/fashion:1.0.0"); });
  ASSERT_FALSE(HasFatalFailure());
  const auto first = guests();
  EXPECT_NE(first[0].node, first[1].node);
  const auto node = kubectl.get({"node", first[0].node});
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(text_at(*node, {"metadata", "labels", "pipit.dev/class"}), "vm");

  // An update happens inside the running machines.
  ASSERT_TRUE(kubectl.run({"set", "image", "deployment/guest", "guest=pipit.local/fashion:2.0.0"}).ok());
  wait("the machines to run 2.0.0", [&] { return all_run("pipit.local/fashion:2.0.0"); });
  ASSERT_FALSE(HasFatalFailure());
  const auto second = guests();
  for (usize i = 0; i < 2; ++i) {
    EXPECT_EQ(second[i].node, first[i].node);
    EXPECT_EQ(second[i].boot, first[i].boot) << "the machine was restarted";
  }

  // A machine that ends by itself is started again, and its Pod says so.
  const pid_t victim = process_of(second[0].node);
  ASSERT_GT(victim, 0);
  kill(victim, SIGKILL);
  wait("the machine to be back", [&] {
    const auto now = guests();
    return all_run("pipit.local/fashion:2.0.0") && now[0].boot != second[0].boot;
  });
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_GE(guests()[0].restarts, 1);
  EXPECT_EQ(guests()[1].boot, second[1].boot);

  ASSERT_TRUE(kubectl.run({"scale", "deployment/guest", "--replicas=0"}).ok());
  wait("the machines to be gone", [&] { return nodes().empty(); });
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_TRUE(guests().empty());
  for (const Guest& guest : second)
    EXPECT_FALSE(support::exists(run_->state.path("gateway/machines/" + guest.node)));
}

TEST_F(Machines, VolumesAreDirectories) {
  const up::Kubectl kubectl = run_->kubectl();
  const std::string layout = run_->state.path("reads-files.oci");
  const auto built = run_->pipit({"build", run_->path("tests/apps/reads-files"), "-o", layout});
  ASSERT_TRUE(built.ok()) << built.error().text;
  push(layout, "reads-files:1.0.0");
  apply(kFilesPod);
  apply(kSecretPod);
  wait("an event that names the missing ConfigMap",
       [&] { return describe("files").find("configmap \"settings\" not found") != std::string::npos; });
  wait("the Pod with a Secret to be refused", [&] {
    const std::string text = describe("secretive");
    return text.find("UnsupportedPodSpec") != std::string::npos &&
           text.find("spec.volumes[0].secret") != std::string::npos;
  });
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_TRUE(nodes().empty()) << "no machine was started for either: " << nodes();

  configure("hello", "stay");
  wait_for_line("files", "greeting: hello");
  wait_for_line("files", "the ConfigMap is read only");
  wait_for_line("files", "start 1");
  ASSERT_FALSE(HasFatalFailure());
  const std::string log = kubectl.run({"logs", "files"}).value_or("");
  const usize at = log.find("room ");
  ASSERT_NE(at, log.npos);
  const int room = static_cast<int>(std::strtol(log.c_str() + at + 5, nullptr, 10));
  EXPECT_GT(room, 900);
  EXPECT_LE(room, 1024) << "the emptyDir's sizeLimit is 1Mi";
  configure("changed", "stay");
  wait_for_line("files", "greeting: changed");

  // The emptyDir is the Pod's, not its container's.
  configure("changed", "exit 3");
  wait("the container to fail", [&] { return restarts("files") >= 1; });
  std::string once = kFilesPod;
  once.replace(once.find("name: files"), 11, "name: once");
  once.replace(once.find("OnFailure"), 9, "Never");
  apply(once);
  wait("the Pod that runs once to have failed", [&] { return phase("once") == "Failed"; });
  configure("changed", "stay");
  wait_for_line("files", "greeting: changed");
  ASSERT_FALSE(HasFatalFailure());
  const std::string again = kubectl.run({"logs", "files"}).value_or("");
  EXPECT_EQ(again.find("start 1\n"), again.npos) << again;
  EXPECT_NE(again.find("start "), again.npos) << again;
  EXPECT_NE(describe("files").find("exit code 3"), std::string::npos);
  // Its machine is gone, what it said and its Node are not, and who follows it comes to an end.
  const auto node = kubectl.get({"pod", "once"});
  ASSERT_TRUE(node.ok());
  const std::string name = text_at(*node, {"spec", "nodeName"});
  wait("its machine to have ended", [&] { return !running(name); });
  EXPECT_NE(kubectl.run({"logs", "-f", "once"}).value_or("").find("greeting: changed"), std::string::npos);
  EXPECT_NE(nodes().find(name), std::string::npos);
  ASSERT_TRUE(kubectl.run({"delete", "pod", "files", "once", "--wait=false"}).ok());
  wait("the machines to be gone", [&] { return nodes().empty(); });
}

TEST_F(Machines, WhoDoesNotBelieveTheGatewayFetchesNothing) {
  run_->options.boards = {rig::kMewzBoard};
  const auto started = up::start_fleet(*run_);
  ASSERT_TRUE(started.ok()) << started.error().text;
  up::Device& device = run_->devices[0];
  const auto restart_looking_for = [&](const std::string& name) {
    run_->power_off(device);
    device.options.machine.tls->blobs_name = name;
    ASSERT_TRUE(run_->power_on(device).ok());
  };
  const std::string right = device.options.machine.tls->blobs_name;
  restart_looking_for("elsewhere.example");
  apply(kFetcherPod);
  wait("the Pod to say why nothing was fetched", [&] {
    const std::string text = describe("fetcher");
    return text.find("FetchFailed") != text.npos &&
           text.find("the other side's certificate is for another name") != text.npos;
  });
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(phase("fetcher"), "Running") << "it is tried again";
  EXPECT_NE(ready("fetcher"), "True");
  restart_looking_for(right);
  wait("the Pod to run", [&] { return ready("fetcher") == "True"; });
}

TEST_F(Machines, AWebServerIsReplacedWithoutARefusedConnection) {
  push_web("1.0.0", "first");
  push_web("2.0.0", "second");
  ASSERT_FALSE(HasFatalFailure());
  const auto port = rig::choose_port();
  ASSERT_TRUE(port.ok());
  apply(web(*port));
  wait("the server to run", [&] { return all_run("pipit.local/web:1.0.0", "web", 1); });
  ASSERT_FALSE(HasFatalFailure());
  const std::string boot = guests("web")[0].boot;
  {
    Client client(*port);
    wait("answers of the first", [&] { return client.first >= 20; });
    ASSERT_TRUE(run_->kubectl().run({"set", "image", "deployment/web", "web=pipit.local/web:2.0.0"}).ok());
    wait("answers of the second", [&] { return client.second >= 20; });
    EXPECT_EQ(client.failed, 0u);
    std::printf("answers: %u of the first version, %u of the second\n", client.first.load(),
                client.second.load());
  }
  wait("the second Pod to be ready", [&] { return all_run("pipit.local/web:2.0.0", "web", 1); });
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(guests("web")[0].boot, boot) << "in the same machine";
}

}  // namespace
}  // namespace pipit::e2e
