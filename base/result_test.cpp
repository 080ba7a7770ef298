#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace pipit {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{Code::invalid_argument, "odd", static_cast<u32>(value)};
  return value / 2;
}

Result<int> quarter(int value) { return half(TRY(half(value))); }

Status both(int a, int b) {
  TRY(half(a));
  TRY(half(b));
  return {};
}

TEST(Result, CarriesAValue) {
  auto result = quarter(12);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 3);
}

TEST(Result, TryReturnsTheFirstError) {
  auto result = quarter(6);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::invalid_argument);
  EXPECT_EQ(result.error().where, 3u);
}

TEST(Result, TryWorksForStatus) {
  EXPECT_TRUE(both(2, 4).ok());
  EXPECT_EQ(both(2, 5).error().where, 5u);
}

TEST(Result, MovesWhatItHolds) {
  Result<std::unique_ptr<int>> first(std::make_unique<int>(7));
  Result<std::unique_ptr<int>> second(std::move(first));
  std::unique_ptr<int> out = std::move(second).value();
  EXPECT_EQ(*out, 7);
}

struct Wide {
  Wide(Error error) : text(error.message) {}
  std::string text;
};

Result<int, Wide> widened(int value) { return TRY(half(value)); }

TEST(Result, ErrorsConvertOnTheWayUp) {
  EXPECT_EQ(*widened(8), 4);
  EXPECT_EQ(widened(9).error().text, "odd");
}

TEST(Result, EveryCodeHasAName) {
  EXPECT_STREQ(code_name(Code::malformed), "malformed");
  EXPECT_STREQ(code_name(Code::internal), "internal error");
}

}  // namespace
}  // namespace pipit
