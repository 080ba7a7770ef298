// What becomes of machines, their Pods and their Nodes when the gateway is killed and comes back.
#include <algorithm>
#include <iterator>

#include "tests/e2e/machines_fixture.h"

namespace pipit::e2e {
namespace {

class Restarts : public Machines {
 protected:
  /// Two machines run, and a third has ended with its Pod, whose name is once.
  void begin() const {
    const std::string layout = run_->state.path("reads-files.oci");
    ASSERT_TRUE(run_->pipit({"build", run_->path("tests/apps/reads-files"), "-o", layout}).ok());
    push(layout, "reads-files:1.0.0");
    configure("bye", "exit 3");
    std::string once = kFilesPod;
    once.replace(once.find("name: files"), 11, "name: once");
    once.replace(once.find("OnFailure"), 9, "Never");
    apply(once);
    apply(kDeployment);
    wait("two machines to run 1.0.0", [&] { return all_run("pipit.local/fashion:1.0.0"); });
    wait("the Pod that runs once to have failed", [&] { return phase("once") == "Failed"; });
    wait("its machine to have ended", [&] { return processes() == 2; });
  }
  void set_replicas(u32 count) const {
    const auto scaled =
        run_->kubectl().run({"scale", "deployment/guest", "--replicas=" + std::to_string(count)});
    ASSERT_TRUE(scaled.ok()) << scaled.error().text;
  }
  /// One machine lives on, the other ends while nobody looks.
  void take_up_what_lives() const {
    const auto first = guests();
    const pid_t stays = process_of(first[0].node);
    kill_gateway();
    kill(process_of(first[1].node), SIGKILL);
    // The port that machines were told of is asked for again by who takes any.
    auto& command = run_->gateway->command;
    *std::next(std::ranges::find(command, "--blob-listen")) = "127.0.0.1:0";
    start_gateway();
    wait("the machine that ended to be back", [&] {
      const auto now = guests();
      return all_run("pipit.local/fashion:1.0.0") && now[1].boot != first[1].boot;
    });
    ASSERT_FALSE(HasFatalFailure());
    const auto second = guests();
    EXPECT_EQ(processes(), 2u);
    EXPECT_EQ(process_of(second[0].node), stays);
    EXPECT_EQ(second[0].boot, first[0].boot);
    EXPECT_EQ(second[0].restarts, 0);
    EXPECT_GE(second[1].restarts, 1);
    for (usize i = 0; i < 2; ++i) {
      EXPECT_EQ(second[i].pod, first[i].pod);
      EXPECT_EQ(second[i].node, first[i].node);
    }
  }
  /// The Node of the machine that is no more stays as long as its Pod, and is no device that went silent.
  void keep_the_node_of_once() const {
    const auto pod = run_->kubectl().get({"pod", "once"});
    ASSERT_TRUE(pod.ok());
    EXPECT_EQ(text_at(*pod, {"status", "phase"}), "Failed");
    const std::string name = text_at(*pod, {"spec", "nodeName"});
    wait("the ended machine's Node to be ready", [&] {
      const auto node = run_->kubectl().get({"node", name});
      return node.ok() && up::condition(*node, "Ready") == "True";
    });
    const std::string log = run_->kubectl().run({"logs", "once"}).value_or("");
    EXPECT_NE(log.find("greeting: bye"), std::string::npos) << "said before the gateway was killed: " << log;
  }
  void update_in_place() const {
    const std::string boot = guests()[0].boot;
    ASSERT_TRUE(
        run_->kubectl().run({"set", "image", "deployment/guest", "guest=pipit.local/fashion:2.0.0"}).ok());
    wait("the machines to run 2.0.0", [&] { return all_run("pipit.local/fashion:2.0.0"); });
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_EQ(guests()[0].boot, boot) << "the machine was restarted";
  }
  void go_while_there_is_no_gateway() const {
    kill_gateway();
    set_replicas(0);
    ASSERT_TRUE(run_->kubectl().run({"delete", "pod", "once", "--wait=false"}).ok());
    start_gateway();
    wait("the machines to be gone", [&] { return nodes().empty() && processes() == 0; });
  }
  /// Killed when a machine has just been started, with or without a word of it written down.
  void start_once_though_killed(bool written) const {
    set_replicas(1);
    wait("a machine to be started", [&] { return processes() == 1; });
    kill_gateway();
    if (!written) ASSERT_TRUE(support::write_file(machines_file(), as_bytes(std::string_view("{}\n"))).ok());
    start_gateway();
    wait("the machine to run", [&] { return all_run("pipit.local/fashion:2.0.0", "guest", 1); });
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_EQ(processes(), 1u);
    set_replicas(0);
    wait("the machine to be gone", [&] { return nodes().empty() && processes() == 0; });
  }
};

TEST_F(Restarts, LoseNoPodAndLeaveNothingBehind) {
  const std::function<void()> steps[] = {
      [this] { begin(); },
      [this] { take_up_what_lives(); },
      [this] { keep_the_node_of_once(); },
      [this] { update_in_place(); },
      [this] { go_while_there_is_no_gateway(); },
      [this] { start_once_though_killed(true); },
      [this] { start_once_though_killed(false); },
  };
  for (const auto& step : steps) {
    step();
    ASSERT_FALSE(HasFatalFailure());
  }
}

}  // namespace
}  // namespace pipit::e2e
