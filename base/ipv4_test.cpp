#include "base/ipv4.h"

#include <gtest/gtest.h>

namespace pipit {
namespace {

TEST(Ipv4, ReadsFourNumbersAndNothingElse) {
  std::array<u8, 4> address{};
  EXPECT_TRUE(parse_ipv4("10.0.2.255", address));
  EXPECT_EQ(address, (std::array<u8, 4>{10, 0, 2, 255}));
  for (const char* bad : {"", "10", "10.0.2", "10.0.2.", ".0.2.2", "10.0.2.2.", "10.0.2.256", "10.0.2.2 ",
                          "10.0..2", "10.0.2.2.2", "broker", "10.0.2.-1"})
    EXPECT_FALSE(parse_ipv4(bad, address)) << bad;
  EXPECT_EQ(address[3], 255) << "unchanged";
}

}  // namespace
}  // namespace pipit
