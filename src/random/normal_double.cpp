// Double-precision normals: Box-Muller on 53 bits, one block a pair, in plain code.
//
// Logarithm, sine and cosine are written out as series in IEEE basic operations, because the C library's differ in the
// last bit from version to version and the values of a stream must not.
#include <bit>
#include <cmath>

#include "fanin/random/stream.h"

namespace fanin::random {
namespace {

/// ln u for u in (0, 1], u = 2^e (1 + f): ln(1 + f) = 2 atanh(s), s = f / (2 + f), |s| <= 0.1716 (12 terms: 1e-17).
double natural_log(double u) {
  constexpr std::uint64_t sqrt_half = 0x3FE6A09E667F3BCDu;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(u);
  const std::int64_t exponent = static_cast<std::int64_t>(bits - sqrt_half) >> 52;
  const double f = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52)) - 1.0;
  const double s = f / (2.0 + f), s2 = s * s;
  double series = 1.0 / 23.0;
  for (int k = 21; k >= 1; k -= 2) series = std::fma(series, s2, 1.0 / k);
  return std::fma(static_cast<double>(exponent), 0x1.62e42fefa39efp-1, 2.0 * s * series);
}

/// Taylor series on [-pi/4, pi/4]; the next terms are below 1e-17.
double sine(double x) {
  const double x2 = x * x;
  double series = 1.0;
  for (int k = 16; k >= 2; k -= 2) series = std::fma(-x2 / (k * (k + 1.0)), series, 1.0);
  return x * series;
}

double cosine(double x) {
  const double x2 = x * x;
  double series = 1.0;
  for (int k = 17; k >= 1; k -= 2) series = std::fma(-x2 / (k * (k + 1.0)), series, 1.0);
  return series;
}

struct Pair {
  double first, second;
};

Pair box_muller(const std::array<std::uint32_t, 4>& words) {
  const std::uint64_t a = words[0] | std::uint64_t{words[1]} << 32, b = words[2] | std::uint64_t{words[3]} << 32;
  const double u = std::fma(static_cast<double>(a >> 11), 0x1p-53, 0x1p-54);
  const double r = std::sqrt(-2.0 * natural_log(u));
  const double x = static_cast<double>(static_cast<std::int64_t>(b << 2)) * 0x1.921fb54442d18p-64;  // (pi/2) 2^-64
  const double s = sine(x), c = cosine(x);
  switch (b >> 62) {
    case 0:
      return {r * c, r * s};
    case 1:
      return {r * -s, r * c};
    case 2:
      return {r * -c, r * -s};
    default:
      return {r * s, r * -c};
  }
}

}  // namespace

void fill_normal(std::span<double> out, const Stream& stream, double mean, double std, std::uint64_t first) {
  for (std::size_t i = 0; i < out.size();) {
    const std::uint64_t element = first + i;
    const Pair pair = box_muller(block(stream, element / 2));
    if (element % 2 == 0) {
      out[i++] = std::fma(pair.first, std, mean);
      if (i == out.size()) break;
    }
    out[i++] = std::fma(pair.second, std, mean);
  }
}

}  // namespace fanin::random
