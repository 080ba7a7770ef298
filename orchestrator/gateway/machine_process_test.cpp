#include "orchestrator/gateway/machine_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/process.h"

namespace pipit::gateway {
namespace {

TEST(MachineProcess, IsFoundByTwoWordsOfItsCommandLine) {
  const std::string address = "52:54:00:ab:cd:" + std::to_string(getpid()),
                    folder = "path=/nowhere/console.log";
  EXPECT_EQ(MachineProcess::find(address, folder).pid, 0);
  // Stops itself rather than sleep: a child that is not yet `sleep` would bear the same words.
  auto started = support::Process::start({"/bin/sh", "-c", "kill -STOP $$; exit", address, folder}, {});
  ASSERT_TRUE(started.ok());
  const MachineProcess found = MachineProcess::find(address, folder);
  EXPECT_EQ(found.pid, started->pid());
  EXPECT_TRUE(found.running());
  EXPECT_TRUE(found.usage().has_value());
  EXPECT_EQ(MachineProcess::find(address, "path=/elsewhere/console.log").pid, 0) << "another gateway's";
  EXPECT_EQ(MachineProcess::find("52:54:00:00:00:00" + address, folder).pid, 0);
  found.end(true);
  (void)started->exit_code();
  for (int i = 0; i < 100 && started->running(); ++i) usleep(10'000);
  EXPECT_EQ(MachineProcess::find(address, folder).pid, 0);
  EXPECT_FALSE(found.running());
}

TEST(MachineProcess, WithoutAWordIsNobody) {
  // What a damaged file of machines gives must not end somebody else's process.
  EXPECT_EQ(MachineProcess::find("", "").pid, 0);
  EXPECT_FALSE((MachineProcess{getpid(), ""}.running()));
}

}  // namespace
}  // namespace pipit::gateway
