// SHA-256 (FIPS 180-4) of an array's bytes: how recorded streams of a million values fit into a line.
#pragma once
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace fanin::testing {

/// The first 32 bits of the fractional part of a prime's root, as the standard defines the constants.
inline std::vector<std::uint32_t> sha256_constants(std::size_t count, bool cube) {
  std::vector<std::uint32_t> constants;
  for (unsigned n = 2; constants.size() < count; ++n) {
    bool prime = true;
    for (unsigned d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (!prime) continue;
    const long double root = cube ? std::cbrt(static_cast<long double>(n)) : std::sqrt(static_cast<long double>(n));
    constants.push_back(static_cast<std::uint32_t>((root - std::floor(root)) * 0x1p32L));
  }
  return constants;
}

template <class T>
std::string sha256(const std::vector<T>& values) {
  const std::size_t size = values.size() * sizeof(T);
  std::vector<std::uint8_t> bytes((size + 9 + 63) / 64 * 64);
  if (size > 0) std::memcpy(bytes.data(), values.data(), size);
  bytes[size] = 0x80;
  for (std::size_t i = 0; i < 8; ++i)
    bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(std::uint64_t{size} * 8 >> (8 * i));
  const std::vector<std::uint32_t> k = sha256_constants(64, true), start = sha256_constants(8, false);
  std::array<std::uint32_t, 8> hash{};
  std::copy(start.begin(), start.end(), hash.begin());
  for (std::size_t block = 0; block < bytes.size(); block += 64) {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) {
      const std::uint8_t* b = bytes.data() + block + 4 * i;
      w[i] = std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
    }
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = hash;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t t1 =
          h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
      const std::uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> sum{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) hash[i] += sum[i];
  }
  std::string text;
  for (const std::uint32_t word : hash) text += fmt::format("{:08x}", word);
  return text;
}

}  // namespace fanin::testing
