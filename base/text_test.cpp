#include "base/text.h"

#include <gtest/gtest.h>

namespace pipit {
namespace {

TEST(Text, WritesTextNumbersAndHex) {
  char room[64];
  TextWriter out(room);
  out << "a " << u32{0} << " " << ~u64{0} << " ";
  out.hex(0xAB12, 6).hex(as_bytes("\x01\xFF"));
  EXPECT_EQ(out.text(), "a 0 18446744073709551615 00ab1201ff");
}

TEST(Text, CutsWhatDoesNotFit) {
  char room[5];
  TextWriter out(room);
  out << "abc" << u32{12345} << "z";
  EXPECT_EQ(out.text(), "abc12");
}

TEST(Text, FixedTextKeepsACopy) {
  FixedText<4> text;
  text.assign("pipit");
  EXPECT_EQ(text.view(), "pipi");
  text.assign("");
  EXPECT_EQ(text.view(), "");
}

TEST(Text, ParsesDecimalsStrictly) {
  u64 value = 7;
  EXPECT_TRUE(parse_decimal("0", value));
  EXPECT_EQ(value, 0u);
  EXPECT_TRUE(parse_decimal("18446744073709551615", value));
  EXPECT_EQ(value, ~u64{0});
  for (const char* bad : {"", "18446744073709551616", "99999999999999999999", "-1", "+1", " 1", "1 ", "0x1"})
    EXPECT_FALSE(parse_decimal(bad, value)) << bad;
  EXPECT_EQ(value, ~u64{0}) << "a refused text changes nothing";
}

}  // namespace
}  // namespace pipit
