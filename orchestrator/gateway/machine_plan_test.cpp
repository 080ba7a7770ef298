#include "orchestrator/gateway/machine_plan.h"

#include <gtest/gtest.h>

namespace pipit::gateway {
namespace {

using Kind = MachineStep::Kind;
using Steps = std::vector<MachineStep>;

MachinePod pod(const std::string& uid, const std::string& node = "") {
  MachinePod out;
  out.view.uid = out.view.name = uid;
  out.view.name_space = "default";
  out.view.node = node;
  out.view.owner = Owner{"ReplicaSet", "http-abc", "r-1"};
  out.view.labels = {{"pod-template-hash", "abc"}};
  out.shape.memory_mb = 64;
  return out;
}

MachineFacts machine(const std::string& device, const std::string& uid) {
  MachineFacts out;
  out.device = device;
  out.uid = uid;
  out.workload = "default/ReplicaSet/http";
  out.shape.memory_mb = 64;
  out.running = true;
  return out;
}

TEST(MachinePlan, NamesAWorkloadWithoutItsTemplatesHash) {
  MachinePod one = pod("a");
  EXPECT_EQ(workload_of(one.view), "default/ReplicaSet/http");
  one.view.owner = Owner{"StatefulSet", "db", "s-1"};
  EXPECT_EQ(workload_of(one.view), "default/StatefulSet/db");
  one.view.owner.reset();
  EXPECT_EQ(workload_of(one.view), "");
}

TEST(MachinePlan, MakesAMachineForEachPodUpToTheLimit) {
  EXPECT_EQ(plan_machines({}, {pod("a"), pod("b")}, 1, 0),
            (Steps{{Kind::create, "", "a"}, {Kind::full, "", "b"}}));
  MachinePod going = pod("c"), done = pod("d"), odd = pod("e");
  going.view.deleting = true;
  done.view.phase = "Failed";
  odd.view.unsupported = "spec.volumes[0]: …";
  EXPECT_EQ(plan_machines({}, {going, done, odd}, 4, 0), Steps());
}

TEST(MachinePlan, BindsOnceTheNodeIsReady) {
  MachineFacts one = machine("m1", "a");
  EXPECT_EQ(plan_machines({one}, {pod("a")}, 4, 0), Steps());
  one.ready = true;
  EXPECT_EQ(plan_machines({one}, {pod("a")}, 4, 0), (Steps{{Kind::bind, "m1", "a"}}));
  EXPECT_EQ(plan_machines({one}, {pod("a", "m1")}, 4, 0), Steps()) << "bound";
}

TEST(MachinePlan, StartsAgainWhatEndedWhenItsTimeHasCome) {
  MachineFacts one = machine("m1", "a");
  one.running = false;
  one.retry_ms = 100;
  EXPECT_EQ(plan_machines({one}, {pod("a", "m1")}, 4, 99), Steps());
  EXPECT_EQ(plan_machines({one}, {pod("a", "m1")}, 4, 100), (Steps{{Kind::start, "m1", ""}}));
  MachinePod finished = pod("a", "m1");
  finished.view.phase = "Failed";
  EXPECT_EQ(plan_machines({one}, {finished}, 4, 100), (Steps{{Kind::rest, "m1", ""}}));
}

TEST(MachinePlan, EndsWhatNothingNeeds) {
  MachineFacts one = machine("m1", "a");
  EXPECT_EQ(plan_machines({one}, {}, 4, 1000), (Steps{{Kind::rest, "m1", ""}}));
  one.idle_ms = 1000;
  EXPECT_EQ(plan_machines({one}, {}, 4, 1000 + kMachineLingerMs - 1), Steps());
  EXPECT_EQ(plan_machines({one}, {}, 4, 1000 + kMachineLingerMs), (Steps{{Kind::end, "m1", ""}}));
  one.ending = true;
  EXPECT_EQ(plan_machines({one}, {}, 4, 99999), Steps());
  one.ending = false;
  EXPECT_EQ(plan_machines({one}, {pod("a", "m1")}, 4, 99999), (Steps{{Kind::wake, "m1", ""}}));
}

TEST(MachinePlan, ASuccessorTakesTheMachineOfItsPredecessor) {
  MachineFacts old = machine("m1", "a");
  old.occupied = true;
  MachinePod going = pod("a", "m1");
  going.view.deleting = true;
  EXPECT_EQ(plan_machines({old}, {going, pod("b")}, 4, 0), (Steps{{Kind::assign, "m1", "b"}}));
  EXPECT_EQ(plan_machines({old}, {pod("b")}, 4, 0), (Steps{{Kind::assign, "m1", "b"}})) << "object gone";
  EXPECT_EQ(plan_machines({old}, {pod("b"), pod("c")}, 4, 0),
            (Steps{{Kind::assign, "m1", "b"}, {Kind::create, "", "c"}}))
      << "one only";
  EXPECT_EQ(plan_machines({old}, {pod("a", "m1"), pod("b")}, 4, 0), (Steps{{Kind::create, "", "b"}}))
      << "its Pod stays: a replica beside it";
  MachinePod larger = pod("b");
  larger.shape.memory_mb = 128;
  EXPECT_EQ(plan_machines({old}, {larger}, 4, 0), (Steps{{Kind::create, "", "b"}})) << "other shape";
  MachinePod bare = pod("b");
  bare.view.owner.reset();
  EXPECT_EQ(plan_machines({old}, {bare}, 4, 0), (Steps{{Kind::create, "", "b"}})) << "no successor";
}

}  // namespace
}  // namespace pipit::gateway
