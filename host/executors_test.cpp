#include "host/executors.h"

#include <gtest/gtest.h>

#include "nn/testing/prepared.h"
#include "nn/testing/sample_models.h"

namespace pipit::host {
namespace {

using nn::testing::every_int8_operator;

class Executors : public ::testing::Test {
 protected:
  Executors() : file_(every_int8_operator(5)), model_(*nn::PlannedModel::load(file_)) {
    const auto values = nn::testing::Random(9).reals(8 * 8 * 2, -2, 2);
    const auto* bytes = reinterpret_cast<const u8*>(values.data());
    input_.assign(bytes, bytes + values.size() * sizeof(f32));
  }

  std::vector<u8> file_;
  nn::PlannedModel model_;
  std::vector<u8> input_;
  std::vector<u8> storage_ = std::vector<u8>(1 << 16);
  Arena arena_{storage_};
  FastExecutors executors_;
};

TEST_F(Executors, ComputeWhatThePortableKernelsCompute) {
  auto first = executors_.create(model_, arena_);
  auto second = executors_.create(model_, arena_);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto expected = nn::testing::run_portable(file_, input_);
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(nn::testing::finish(*first, model_, input_), expected);
  EXPECT_EQ(nn::testing::finish(*second, model_, input_), expected);
}

TEST_F(Executors, ContextsOfOneModelDoNotDisturbEachOther) {
  auto first = executors_.create(model_, arena_);
  auto second = executors_.create(model_, arena_);
  ASSERT_TRUE(first.ok() && second.ok());
  const std::vector<u8> zeros(input_.size());
  const auto of_input = nn::testing::run_portable(file_, input_),
             of_zeros = nn::testing::run_portable(file_, zeros);
  ASSERT_TRUE(first->set_input(0, DType::f32, input_).ok() && second->set_input(0, DType::f32, zeros).ok());
  bool more = true;
  while (more) {  // operator by operator, in turn
    const auto a = first->step(), b = second->step();
    ASSERT_TRUE(a.ok() && b.ok());
    ASSERT_EQ(*a, *b);
    more = *a;
  }
  EXPECT_TRUE(std::ranges::equal(first->output(0), of_input));
  EXPECT_TRUE(std::ranges::equal(second->output(0), of_zeros));
}

TEST_F(Executors, AnArenaTooSmallIsRefused) {
  Arena little(std::span(storage_).first(64));
  EXPECT_EQ(executors_.create(model_, little).error().code, Code::out_of_memory);
}

}  // namespace
}  // namespace pipit::host
