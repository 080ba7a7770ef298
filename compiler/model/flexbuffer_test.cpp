#include "compiler/model/flexbuffer.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pipit::model {
namespace {

/// {"shift": 12}
const std::vector<u8> kOne = {'s', 'h', 'i', 'f', 't', 0, 1, 7, 1, 1, 1, 12, 4, 2, 0x24, 1};

/// {"a": -2, "b": 241, "c": 0.5, "d": true} in elements of four bytes, keys in one.
std::vector<u8> four() {
  std::vector<u8> bytes = {'a', 0, 'b', 0, 'c', 0, 'd',
                           0,   4, 9,   8, 7,   6};  // the offsets lead back to the names
  const auto put = [&](u32 value) {
    for (u32 i = 0; i < 4; ++i) bytes.push_back(static_cast<u8>(value >> (8 * i)));
  };
  const u32 keys = 9;
  put(static_cast<u32>(bytes.size()) - keys);
  put(1);
  put(4);
  const u32 values = static_cast<u32>(bytes.size());
  put(0xFFFFFFFE);
  put(241);
  put(0x3F000000);
  put(1);
  bytes.insert(bytes.end(), {1 << 2 | 2, 2 << 2 | 2, 3 << 2 | 2, 26 << 2});
  bytes.push_back(static_cast<u8>(bytes.size() - values));
  bytes.insert(bytes.end(), {9 << 2 | 2, 1});
  return bytes;
}

TEST(Flexbuffer, ReadsNumbersByName) {
  const auto one = read_flexbuffer_map(kOne);
  ASSERT_TRUE(one.ok()) << one.error().text;
  EXPECT_EQ(*one, (std::map<std::string, f64>{{"shift", 12}}));
  const auto all = read_flexbuffer_map(four());
  ASSERT_TRUE(all.ok()) << all.error().text;
  EXPECT_EQ(*all, (std::map<std::string, f64>{{"a", -2}, {"b", 241}, {"c", 0.5}, {"d", 1}}));
}

TEST(Flexbuffer, RefusesWhatIsNoMap) {
  EXPECT_FALSE(read_flexbuffer_map({}).ok());
  EXPECT_FALSE(read_flexbuffer_map(std::vector<u8>(40, 0)).ok());
  std::vector<u8> vector = kOne;
  vector[14] = 10 << 2;  // a vector
  EXPECT_EQ(read_flexbuffer_map(vector).error().code, Code::malformed);
  std::vector<u8> far = kOne;
  far[13] = 200;  // before the buffer
  EXPECT_EQ(read_flexbuffer_map(far).error().code, Code::malformed);
}

TEST(Flexbuffer, SurvivesMutation) {
  std::minstd_rand random(5);
  u32 accepted = 0;
  for (u32 round = 0; round < 20'000; ++round) {
    std::vector<u8> bytes = round % 2 == 0 ? kOne : four();
    for (u32 change = random() % 4; change-- > 0;)
      bytes[random() % bytes.size()] = static_cast<u8>(random() >> 8);
    if (random() % 8 == 0) bytes.resize(random() % bytes.size());
    accepted += read_flexbuffer_map(bytes).ok();
  }
  EXPECT_GT(accepted, 1000u);
  EXPECT_LT(accepted, 20'000u);
}

}  // namespace
}  // namespace pipit::model
