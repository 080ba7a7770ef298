#include "orchestrator/gateway/timestamp.h"

#include <gtest/gtest.h>

namespace pipit::gateway {
namespace {

TEST(Timestamp, WritesWhatKubernetesReads) {
  EXPECT_EQ(rfc3339(1795236369123), "2026-11-21T04:46:09Z");
  EXPECT_EQ(rfc3339_micro(1795236369007), "2026-11-21T04:46:09.007000Z");
}

TEST(Timestamp, ReadsItsOwnAndNanoseconds) {
  EXPECT_EQ(parse_rfc3339("2026-11-21T04:46:09Z"), 1795236369000);
  EXPECT_EQ(parse_rfc3339("2026-11-21T04:46:09.123456Z"), 1795236369123);
  EXPECT_EQ(parse_rfc3339("2026-11-21T04:46:09.123456789Z"), 1795236369123);
  EXPECT_EQ(parse_rfc3339("2026-11-21T04:46:09.5Z"), 1795236369500);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
}

TEST(Timestamp, RefusesTheRest) {
  for (const char* bad :
       {"", "Z", "2026-11-21T04:46:09", "2026-11-21T04:46:09+01:00", "2026-13-21T04:46:09Z",
        "2026-11-21 04:46:09Z", "2026-11-21T04:46:09.Z", "2026-11-21T04:46:09.12x4Z", "x026-11-21T04:46:09Z",
        "2026-11-21T24:46:09Z", "1969-11-21T04:46:09Z", "2026-11-21T04:46:09.1234567890123Z"})
    EXPECT_FALSE(parse_rfc3339(bad).has_value()) << bad;
}

}  // namespace
}  // namespace pipit::gateway
