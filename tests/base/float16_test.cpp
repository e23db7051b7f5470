// 16-bit floats: every value survives the way through float; rounding is to nearest, ties to even.
#include "fanin/base/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fanin {
namespace {

template <class Short>
void expect_nearest(Short (*narrow)(float), std::uint32_t largest) {
  for (std::uint32_t bits = 0; bits < largest; ++bits) {
    const Short low{static_cast<std::uint16_t>(bits)}, high{static_cast<std::uint16_t>(bits + 1)};
    ASSERT_EQ(narrow(to_float(low)), low);
    ASSERT_EQ(narrow(-to_float(low)).bits, bits | 0x8000u);
    const double middle = 0.5 * (static_cast<double>(to_float(low)) + static_cast<double>(to_float(high)));
    const auto tie = static_cast<float>(middle);
    if (static_cast<double>(tie) != middle) continue;  // between the smallest denormals of bfloat16 there is no float
    ASSERT_EQ(narrow(tie).bits, bits % 2 == 0 ? bits : bits + 1);
    ASSERT_EQ(narrow(std::nextafter(tie, 0.0f)), low);
    ASSERT_EQ(narrow(std::nextafter(tie, std::numeric_limits<float>::infinity())), high);
  }
}

TEST(Half, RoundsToNearestEven) {
  expect_nearest<half>(to_half, 0x7BFF);
  EXPECT_EQ(to_half(65519.9f).bits, 0x7BFF);
  EXPECT_EQ(to_half(65520.0f).bits, 0x7C00);
  EXPECT_EQ(to_half(std::numeric_limits<float>::infinity()).bits, 0x7C00);
  EXPECT_TRUE(std::isnan(to_float(to_half(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isinf(to_float(half{0xFC00})));
}

TEST(Bfloat16, RoundsToNearestEven) {
  expect_nearest<bfloat16>(to_bfloat16, 0x7F7F);
  EXPECT_EQ(to_bfloat16(std::numeric_limits<float>::max()).bits, 0x7F80);
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::bit_cast<float>(0x7F800001u)))));
}

}  // namespace
}  // namespace fanin
